"""What encoders, classifiers and metrics compute, again, in plain loops and float64."""

import math

import numpy as np


def rotate_shift(image, angle, shift_y, shift_x):
    """Move an image (height, width) by nearest neighbour; angle in radians, shifts in pixels."""
    height, width = image.shape
    centre_y, centre_x = (height - 1) / 2, (width - 1) / 2
    moved = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            dy = y - centre_y - shift_y
            dx = x - centre_x - shift_x
            source_y = math.cos(angle) * dy + math.sin(angle) * dx + centre_y
            source_x = math.cos(angle) * dx - math.sin(angle) * dy + centre_x
            nearest_y, nearest_x = math.floor(source_y + 0.5), math.floor(source_x + 0.5)
            if 0 <= nearest_y < height and 0 <= nearest_x < width:
                moved[y, x] = image[nearest_y, nearest_x]
    return moved


def encode(image, channels):
    """Return the bits of a list of integer pixels."""
    bits = []
    for pixel in image:
        on = int(pixel * len(image) >= sum(image))
        bits.append(on)
        if channels == "on_off":
            bits.append(1 - on)
    return bits


def count(X, y, n_labels, weights):
    """Return how often each label came, and how often each column was active with it."""
    class_count = [0.0] * n_labels
    column_count = [[0.0] * len(X[0]) for _ in range(n_labels)]
    for sdr, label, weight in zip(X, y, weights, strict=True):
        class_count[label] += weight
        for column, active in enumerate(sdr):
            if active:
                column_count[label][column] += weight
    return class_count, column_count


def product_scores(sdr, class_count, column_count, smoothing):
    """Return log prior + sum over active columns of log p(active | label), for each label."""
    scores = []
    for label, n_label in enumerate(class_count):
        score = math.log(n_label / sum(class_count)) if n_label else -math.inf
        for column, active in enumerate(sdr):
            if active:
                seen = column_count[label][column]
                score += math.log((seen + smoothing) / (n_label + 2 * smoothing))
        scores.append(score)
    return scores


def bernoulli_scores(sdr, class_count, column_count, smoothing):
    """Return log prior + sum over all columns of log p(active or not | label), for each label."""
    scores = []
    for label, n_label in enumerate(class_count):
        score = math.log(n_label / sum(class_count)) if n_label else -math.inf
        for column, active in enumerate(sdr):
            seen = column_count[label][column]
            seen = seen if active else n_label - seen
            score += math.log((seen + smoothing) / (n_label + 2 * smoothing))
        scores.append(score)
    return scores


def mean_scores(sdr, class_count, column_count, smoothing):
    """Return the mean over active columns of the distribution of labels of each."""
    n_labels = len(class_count)
    totals = [0.0] * n_labels
    n_active = 0
    for column, active in enumerate(sdr):
        if not active:
            continue
        n_active += 1
        rates = [
            (column_count[label][column] + smoothing) / (class_count[label] + 2 * smoothing)
            if class_count[label]
            else 0.0
            for label in range(n_labels)
        ]
        for label in range(n_labels):
            totals[label] += rates[label] / sum(rates)
    if n_active == 0:
        return [n_label / sum(class_count) for n_label in class_count]
    return [total / n_active for total in totals]


def binary_entropy(p):
    if p in (0, 1):
        return 0.0
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def duty_cycle_entropy(duty_cycles):
    mean = sum(duty_cycles) / len(duty_cycles)
    if binary_entropy(mean) == 0:
        return 0.0
    return sum(map(binary_entropy, duty_cycles)) / len(duty_cycles) / binary_entropy(mean)


def overlap(a, b):
    """Return the share of active columns that two SDRs, lists of 0 and 1, have in common."""
    shared = sum(1 for i, j in zip(a, b, strict=True) if i and j)
    return shared / max(sum(a), sum(b), 1)


def class_overlaps(X, y):
    within, between = [], []
    for i in range(len(X)):
        for j in range(i):
            pairs = within if y[i] == y[j] else between
            pairs.append(overlap(X[i], X[j]))
    return tuple(sum(pairs) / len(pairs) if pairs else math.nan for pairs in (within, between))


def nearest_distance(active, width):
    """Return the mean distance from an active column to the nearest other on a grid."""
    places = [divmod(column, width) for column in active]
    nearest = [
        min(math.dist(place, other) for j, other in enumerate(places) if j != i)
        for i, place in enumerate(places)
    ]
    return sum(nearest) / len(nearest)


def softmax(scores):
    largest = max(scores)
    powers = [math.exp(score - largest) for score in scores]
    return [power / sum(powers) for power in powers]


def scores_of(sdr, weights, intercepts):
    return [
        intercept + sum(weights[c][k] for c, active in enumerate(sdr) if active)
        for k, intercept in enumerate(intercepts)
    ]


def descend(X, y, n_labels, rates):
    """Softmax regression, a step for each sample: weights and intercepts after each step."""
    weights, intercepts = [[0.0] * n_labels for _ in X[0]], [0.0] * n_labels
    history = []
    for sdr, label, rate in zip(X, y, rates, strict=True):
        chances = softmax(scores_of(sdr, weights, intercepts))
        for k in range(n_labels):
            change = -rate * (chances[k] - (k == label))
            intercepts[k] += change
            for c, active in enumerate(sdr):
                weights[c][k] += change if active else 0.0
        history.append(([row[:] for row in weights], intercepts[:]))
    return history


def nearest(codes, query, k):
    """Return the k rows and overlaps of `codes` {row: code} that share the most with a query."""
    overlaps = {
        row: sum(a == b == 1 for a, b in zip(code, query, strict=True))
        for row, code in codes.items()
    }
    return sorted(overlaps.items(), key=lambda one: (-one[1], one[0]))[:k]


def sums_of(X, y, weights, n_labels):
    """What ridge regression keeps of samples: products of columns, sums by label, and weights."""
    n_columns = len(X[0])
    gram = [[0.0] * (c + 1) for c in range(n_columns)]
    class_sums = [[0.0] * n_columns for _ in range(n_labels)]
    class_count = [0.0] * n_labels
    for values, label, weight in zip(X, y, weights, strict=True):
        class_count[label] += weight
        for c in range(n_columns):
            class_sums[label][c] += weight * values[c]
            for other in range(c + 1):
                gram[c][other] += weight * values[c] * values[other]
    return [product for row in gram for product in row], class_sums, class_count
