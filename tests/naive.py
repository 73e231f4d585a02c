"""The Spatial Pooler again, in plain loops: what the kernels mean, and what they are compared with.

An input is a list of 0 and 1. Arithmetic is in float64, but where a decision hangs on it, it is
rounded to float32 in the same places as in the kernels, so decisions can be compared exactly.
"""

import itertools
import math
import statistics
from fractions import Fraction

import numpy as np


def connected(permanence, threshold):
    """Whether a synapse is connected: both as float32."""
    return np.float32(permanence) >= np.float32(threshold)


def overlap(pool, permanences, threshold, x):
    """Number of connected synapses whose input bit is on."""
    return sum(
        1
        for bit, p in zip(pool, permanences, strict=True)
        if x[bit] == 1 and connected(p, threshold)
    )


def boost_factor(kind, duty_cycle, target, strength):
    """Return the boost factor of a column; 1 where its duty cycle is the target."""
    if kind == "log" and target < 1:
        return math.log(duty_cycle) / math.log(target)
    if kind == "exp":
        # Held within the normal numbers of float32.
        return math.exp(min(max(strength * (target - duty_cycle), -87), 88))
    return 1.0


def share_of_connected(overlap, permanences, threshold):
    """Share of the connected synapses whose input bit is on, float32; 0 where there are none."""
    n_connected = sum(connected(p, threshold) for p in permanences)
    return np.float32(overlap) / np.float32(n_connected) if n_connected else np.float32(0)


def tie_scale(longest_pool):
    """Factor of tie-breakers, below 0.01, that keeps them below half of any two shares' distance.

    Which is 1 / n - 1 / (n - 1) at the least, with n synapses. 0 where float32 cannot hold both.
    """
    if longest_pool > 2000:
        return 0.0
    return 0.5 / (longest_pool * max(longest_pool - 1, 1)) / 0.01


def excite(overlap, boost, tie_breaker):
    """Boost factor times (overlap + tie-breaker), in float32."""
    with np.errstate(over="ignore"):  # beyond single precision all are infinite, and tied
        return np.float32(boost) * (np.float32(overlap) + np.float32(tie_breaker))


def excite_exactly(overlap, tie_breaker):
    """overlap + tie-breaker, without rounding."""
    return int(overlap) + Fraction(float(tie_breaker))


def excite_widely(overlap, boost, exponent, tie_breaker):
    """exp(exponent) times (overlap + tie-breaker), in a float32 with exponents without end.

    `boost` is that exponential where float32 can hold it.
    """
    if -86.9 < exponent < 87.9:
        y, n = math.frexp(boost)
    else:
        n = round(exponent / math.log(2))
        y = math.exp(exponent - n * math.log(2))
    seen = np.float32(overlap) + np.float32(tie_breaker)
    return Fraction(float(np.float32(y) * seen)) * Fraction(2) ** n


def blur(values, shape, deviations, wrap):
    """Gaussian blur of a grid (flat list), axis by axis, with reflecting or wrapping edges."""
    grid = np.array(values, dtype=np.float64).reshape(shape)
    for axis, deviation in enumerate(deviations):
        if deviation == 0:
            continue
        reach = math.ceil(5 * deviation)
        taps = [math.exp(-0.5 * (j / deviation) ** 2) for j in range(-reach, reach + 1)]
        total = sum(taps)
        out = np.zeros(shape)
        n = shape[axis]
        for place in itertools.product(*(range(m) for m in shape)):
            for j, tap in zip(range(-reach, reach + 1), taps, strict=True):
                source = list(place)
                source[axis] = (
                    wrapped(place[axis] + j, n) if wrap else reflected(place[axis] + j, n)
                )
                out[place] += tap / total * grid[tuple(source)]
        grid = out
    return grid.ravel()


def wrapped(i, n):
    return i % n


def reflected(i, n):
    """Coordinate i in ... c b a | a b c | c b a ..."""
    i %= 2 * n
    return i if i < n else 2 * n - 1 - i


def normalise(excitement, shape, deviations, wrap, eps=1e-6):
    """z = m / sqrt(G(m^2) + eps), m = e - G(e)."""
    away = np.array(excitement, np.float64) - blur(excitement, shape, deviations, wrap)
    return away / np.sqrt(blur(away**2, shape, deviations, wrap) + eps)


def top(values, k, allowed):
    """Positions of the k largest allowed values, ascending; of equal ones the first win."""
    ranked = sorted((i for i in range(len(values)) if allowed[i]), key=lambda i: (-values[i], i))
    return sorted(ranked[:k])


def top_of_groups(values, n_groups, k, allowed):
    """Positions of the k largest allowed values of each of so many equal groups, ascending."""
    size = len(values) // n_groups
    return [
        first + i
        for first in range(0, len(values), size)
        for i in top(values[first : first + size], k, allowed[first : first + size])
    ]


def adapt(pool, permanences, x, increment, decrement):
    """Permanences of an active column after learning from x, float32."""
    new = []
    for bit, p in zip(pool, permanences, strict=True):
        change = np.float32(increment) if x[bit] == 1 else -np.float32(decrement)
        new.append(min(max(np.float32(p) + change, np.float32(0)), np.float32(1)))
    return new


class Pooler:
    """A pooler that starts from the state of a `SpatialPooler` and goes its own way."""

    def __init__(self, pooler):
        self.parameters = pooler.get_params()
        self.shape = pooler.column_shape_
        self.pools = [
            [int(i) for i in pooler.indices_[start:end]]
            for start, end in itertools.pairwise(pooler.indptr_)
        ]
        self.permanences = [
            list(pooler.permanences_[start:end])
            for start, end in itertools.pairwise(pooler.indptr_)
        ]
        self.tie_breakers = list(pooler.tie_breakers_)
        self.off_columns = set(pooler.off_columns_.tolist())
        self.off_inputs = set(pooler.off_inputs_.tolist())
        self.duty_cycles = [float(a) for a in pooler.active_duty_cycles_]
        self.overlap_duty_cycles = [1.0] * len(self.pools)
        self.n_columns = math.prod(self.shape)
        self.n_segments = len(self.pools) // self.n_columns
        self.n_groups = 1
        if self.parameters["inhibition"] == "grouped":
            self.n_groups = math.prod(self.shape[:-1])
        group_size = self.n_columns // self.n_groups
        self.k = max(1, math.floor(self.parameters["density"] * group_size + 0.5))
        self.target_density = self.k / group_size / self.n_segments
        radius = self.parameters["inhibition_radius"]
        if radius is None and self.parameters["inhibition"] in ("gaussian", "local"):
            self.radii = [
                self.parameters["potential_radius"] * c / i
                for c, i in zip(self.shape, pooler.input_shape_, strict=False)
            ]
        else:
            self.radii = [radius] * len(self.shape)

    def targets(self):
        """What the duty cycle of each row is compared with."""
        p = self.parameters
        targets = [self.target_density] * len(self.duty_cycles)
        if p["boost_target"] == "neighbourhood":
            sums = [sum(self.duty_cycles[row] for row in rows) for rows in self.segments()]
            targets = np.repeat(self.means(sums), self.n_segments) / self.n_segments
        return targets

    def boost_factors(self):
        p = self.parameters
        return [
            boost_factor(p["boosting"], a, target, p["boost_strength"])
            for a, target in zip(self.duty_cycles, self.targets(), strict=True)
        ]

    def segments(self):
        """For each column the rows of its segments."""
        n = self.n_segments
        return [range(n * c, n * (c + 1)) for c in range(self.n_columns)]

    def near(self, column):
        """The columns that a column is compared with, itself included."""
        if self.parameters["inhibition"] in ("local", "gaussian"):
            radii = [max(self.radii)] * len(self.shape)
            if self.parameters["inhibition"] == "gaussian":
                radii = [math.ceil(2 * deviation) for deviation in self.radii]
            return neighbours(column, self.shape, radii, self.parameters["wrap"])
        size = self.n_columns // self.n_groups
        return range(column // size * size, (column // size + 1) * size)

    def means(self, values):
        """The mean of each column's neighbourhood."""
        if self.parameters["inhibition"] == "gaussian":
            return blur(values, self.shape, self.radii, self.parameters["wrap"])
        return [statistics.fmean(values[b] for b in self.near(c)) for c in range(len(values))]

    def working(self, x):
        """The input as the pooler sees it: bits that are switched off read as off."""
        return [0 if i in self.off_inputs else bit for i, bit in enumerate(x)]

    def overlaps(self, x):
        x = self.working(x)
        threshold = self.parameters["connected_threshold"]
        return [
            overlap(pool, permanences, threshold, x)
            for pool, permanences in zip(self.pools, self.permanences, strict=True)
        ]

    def competition(self, x, boost_factors):
        """Return what columns are chosen by, and which may be chosen at all.

        Notes the best segment of each column: of those that may be, the most excited.
        """
        p = self.parameters
        overlaps = self.overlaps(x)
        allowed = [
            o >= p["stimulus_threshold"] and row // self.n_segments not in self.off_columns
            for row, o in enumerate(overlaps)
        ]
        seen, tie_breakers = overlaps, self.tie_breakers
        if p["overlap"] == "share":
            seen = [
                share_of_connected(o, permanences, p["connected_threshold"])
                for o, permanences in zip(overlaps, self.permanences, strict=True)
            ]
            scale = tie_scale(max(len(pool) for pool in self.pools))
            tie_breakers = [np.float32(scale) * tie for tie in tie_breakers]
        in_order = zip(seen, boost_factors, tie_breakers, strict=True)
        if p["inhibition"] != "gaussian" and p["boosting"] is None and p["overlap"] == "count":
            values = [excite_exactly(o, tie) for o, _, tie in in_order]
        elif p["inhibition"] != "gaussian" and p["boosting"] == "exp":
            exponents = p["boost_strength"] * (np.array(self.targets()) - self.duty_cycles)
            values = [
                excite_widely(o, b, x, tie)
                for (o, b, tie), x in zip(in_order, exponents, strict=True)
            ]
        else:
            values = [excite(o, b, tie) for o, b, tie in in_order]
        values = [v if may else np.float32(0) for may, v in zip(allowed, values, strict=True)]
        self.best = [
            max(rows, key=lambda row: (allowed[row], values[row], -row)) for rows in self.segments()
        ]
        self.best_overlaps = [overlaps[row] for row in self.best]
        values, allowed = ([of[row] for row in self.best] for of in (values, allowed))
        if p["inhibition"] == "gaussian":
            values = normalise(values, self.shape, self.radii, p["wrap"])
        return values, allowed

    def inverse(self, active, n_inputs):
        """Mean permanence of the potential synapses of active columns on each input bit."""
        permanences = [[] for _ in range(n_inputs)]
        for column in active:
            for row in self.segments()[column]:
                for bit, p in zip(self.pools[row], self.permanences[row], strict=True):
                    permanences[bit].append(float(p))
        return [
            statistics.fmean(own) if own and bit not in self.off_inputs else 0.0
            for bit, own in enumerate(permanences)
        ]

    def choose(self, x, boost_factors):
        values, allowed = self.competition(x, boost_factors)
        if self.parameters["inhibition"] == "local":
            p = self.parameters
            radius = max(self.radii)
            return local_winners(values, allowed, self.shape, radius, p["wrap"], p["density"])
        return top_of_groups(values, self.n_groups, self.k, allowed)

    def winners(self, active):
        """The rows that learn: the best segments of the active columns for the input last seen."""
        return {self.best[c] for c in active}

    def learn(self, x, active):
        self.learn_batch([x], [self.winners(active)])

    def learn_batch(self, inputs, winners):
        """Learn from inputs whose winners were all found before any of them was learned."""
        p = self.parameters
        alpha = 1 / p["duty_cycle_period"]
        for x in inputs:
            self.update_overlap_duty_cycles(self.overlaps(x))
        for x, rows in zip(inputs, winners, strict=True):
            for row in rows:
                self.permanences[row] = adapt(
                    self.pools[row],
                    self.permanences[row],
                    self.working(x),
                    p["permanence_increment"],
                    p["permanence_decrement"],
                )
            for row in range(len(self.pools)):
                a = self.duty_cycles[row]
                self.duty_cycles[row] = (1 - alpha) * a + alpha * (row in rows)
        self.raise_weak_columns(len(inputs))

    def update_overlap_duty_cycles(self, overlaps):
        """In the kernel's order of operations: exact."""
        p, off = self.parameters, self.off_columns
        decay = 1 - 1 / p["duty_cycle_period"]
        duty_cycles = self.overlap_duty_cycles
        for row, o in enumerate(overlaps):
            sees = o >= max(1, p["stimulus_threshold"]) and row // self.n_segments not in off
            duty_cycles[row] = duty_cycles[row] * decay + (1 - decay) * sees

    def raise_weak_columns(self, n_inputs):
        """Raise them as often as there are inputs. In the kernel's order of operations: exact."""
        p, off = self.parameters, self.off_columns
        duty_cycles, share = self.overlap_duty_cycles, p["weak_column_share"]
        increment = np.float32(n_inputs * p["weak_column_increment"])
        largest = [max(duty_cycles[row] for row in rows) for rows in self.segments()]
        for c, rows in enumerate(self.segments()):
            best_near = max(largest[b] for b in self.near(c))
            for row in rows:
                if duty_cycles[row] < share * best_near and c not in off:
                    raised = [min(q + increment, np.float32(1)) for q in self.permanences[row]]
                    self.permanences[row] = raised


def receptive_field(kind, column, column_shape, input_shape, radius, wrap):
    """Input bits of a column's receptive field: {bit: weight}, the weight 1 but for a Gaussian."""
    n_axes = len(column_shape)
    if kind == "global":
        return dict.fromkeys(range(math.prod(input_shape)), 1.0)
    place = np.unravel_index(column, column_shape)
    windows = []
    for x, n, m in zip(place, column_shape, input_shape[:n_axes], strict=True):
        centre = (x + 0.5) * m / n - 0.5
        nearest = math.floor(centre + 0.5)
        if kind == "box":
            window = range(nearest - int(radius), nearest + int(radius) + 1)
        else:
            window = [i for i in range(-9 * m, 9 * m) if abs(i - centre) <= 4 * radius]
        window = window or [nearest]
        if wrap and len(window) > m:
            window = range(nearest - m // 2, nearest - m // 2 + m)
        elif not wrap:
            window = [i for i in window if 0 <= i < m]
        windows.append(
            [(i % m, (i - centre) / radius if kind == "gaussian" else 0) for i in window]
        )
    field = {}
    for inputs in itertools.product(*windows):
        for channel in itertools.product(*(range(m) for m in input_shape[n_axes:])):
            bit = np.ravel_multi_index((*(i for i, _ in inputs), *channel), input_shape)
            field[int(bit)] = math.exp(-0.5 * sum(away**2 for _, away in inputs))
    return field


def neighbours(column, shape, radii, wrap):
    """Columns within a radius of a column along each axis, itself included, ascending."""
    windows = []
    for x, n, radius in zip(np.unravel_index(column, shape), shape, radii, strict=True):
        window = range(int(x) - int(radius), int(x) + int(radius) + 1)
        windows.append({i % n for i in window} if wrap else {i for i in window if 0 <= i < n})
    return sorted(int(np.ravel_multi_index(place, shape)) for place in itertools.product(*windows))


def beats(b, c, values):
    """Whether column b beats column c: by its value, or among equals by its lower position."""
    return values[b] > values[c] or (values[b] == values[c] and b < c)


def limit(density, n):
    """density * n, exactly: the density is the decimal number that is written."""
    return Fraction(str(density)) * n


def local_winners(values, allowed, shape, radius, wrap, density):
    """Allowed columns beaten by fewer than density * |neighbourhood| allowed ones of it."""
    winners = []
    for c in range(len(values)):
        near = neighbours(c, shape, [radius] * len(shape), wrap)
        beaten_by = sum(1 for b in near if allowed[b] and beats(b, c, values))
        if allowed[c] and beaten_by < limit(density, len(near)):
            winners.append(c)
    return winners
