"""Gaussian inhibition: excitement in units of its neighbourhood, by a separable blur."""

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.state import Blur

VARIANCE_FLOOR = 1e-6
"""eps of the Gaussian inhibition, in squared units of excitement (connected synapses)."""


@kernel
def _multiply_rows(
    source: NDArray[np.float32],
    matrix: NDArray[np.float32],
    ranges: NDArray[np.int64],
    inner: int,
    out: NDArray[np.float32],
) -> None:
    """Fill `out` (m, inner) with `matrix` (m, n) @ `source` (n, inner), all three flat."""
    n = source.size // inner
    for r in range(ranges.shape[0]):
        row = matrix[r * n : (r + 1) * n]
        target = out[r * inner : (r + 1) * inner]
        target[:] = 0.0
        j, end = ranges[r, 0], ranges[r, 1]
        # Four source rows at a time, so that the target row is loaded and stored a quarter as often
        while j + 4 <= end:
            a, b, c, d = row[j], row[j + 1], row[j + 2], row[j + 3]
            source_a = source[j * inner : (j + 1) * inner]
            source_b = source[(j + 1) * inner : (j + 2) * inner]
            source_c = source[(j + 2) * inner : (j + 3) * inner]
            source_d = source[(j + 3) * inner : (j + 4) * inner]
            for i in range(inner):
                target[i] += a * source_a[i] + b * source_b[i] + c * source_c[i] + d * source_d[i]
            j += 4
        while j < end:
            a = row[j]
            source_a = source[j * inner : (j + 1) * inner]
            for i in range(inner):
                target[i] += a * source_a[i]
            j += 1


@kernel
def _multiply_line(
    source: NDArray[np.float32],
    matrix: NDArray[np.float32],
    ranges: NDArray[np.int64],
    out: NDArray[np.float32],
) -> None:
    """Fill `out` (m,) with `matrix` (m, n), given transposed and flat, times `source` (n,).

    `ranges` (n, 2) says for each input which outputs it reaches.
    """
    m = out.size
    out[:] = 0.0
    for j in range(source.size):
        weight = source[j]
        low, high = ranges[j, 0], ranges[j, 1]
        column = matrix[j * m + low : j * m + high]
        target = out[low:high]
        for r in range(target.size):
            target[r] += weight * column[r]


@kernel
def blur_grid(
    blur: Blur, source: NDArray[np.float32], work: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Fill `out` (C,) with the blurred `source` (C,). `work` (2, largest step) is scratch space."""
    current = source
    last = blur.steps.shape[0] - 1
    for i in range(last + 1):
        outer, m, n, inner, offset, ranges_offset = blur.steps[i]
        matrix = blur.matrices[offset : offset + m * n]
        target = out if i == last else work[i % 2]
        if inner == 1:
            ranges = blur.ranges[ranges_offset : ranges_offset + n]
            for o in range(outer):
                _multiply_line(
                    current[o * n : (o + 1) * n], matrix, ranges, target[o * m : (o + 1) * m]
                )
        else:
            ranges = blur.ranges[ranges_offset : ranges_offset + m]
            for o in range(outer):
                _multiply_rows(
                    current[o * n * inner : (o + 1) * n * inner],
                    matrix,
                    ranges,
                    inner,
                    target[o * m * inner : (o + 1) * m * inner],
                )
        current = target


@kernel
def normalise(
    excitement: NDArray[np.float32],
    blur: Blur,
    work: NDArray[np.float32],
    normalised: NDArray[np.float32],
) -> None:
    """Fill `normalised` (C,) with the excitement in units of its neighbourhood's spread.

    m = e - G(e), z = m / sqrt(G(m^2) + eps), G the blur. `work` (4, largest step) is scratch space.
    """
    mean, variance = work[0][: excitement.size], work[1][: excitement.size]
    blur_grid(blur, excitement, work[2:], mean)
    for c in range(excitement.size):
        away = excitement[c] - mean[c]
        normalised[c] = away
        mean[c] = away * away
    blur_grid(blur, mean, work[2:], variance)
    for c in range(excitement.size):
        # The blur may miss zero by its truncation error, on the wrong side.
        spread = max(variance[c], np.float32(0.0)) + np.float32(VARIANCE_FLOOR)
        normalised[c] = normalised[c] / np.sqrt(spread)
