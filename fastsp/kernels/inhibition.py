"""Gaussian inhibition: excitement in units of its neighbourhood, by a separable blur."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.boxes import Boxes
from fastsp.kernels.jit import kernel
from fastsp.kernels.local import Neighbourhood
from fastsp.kernels.state import Blur
from fastsp.kernels.vectors import LANES, TILE_ROWS, multiply_tile

VARIANCE_FLOOR = 1e-6
"""eps of the Gaussian inhibition, in squared units of excitement (connected synapses)."""


class Inhibition(NamedTuple):
    """What columns compete in; what the kind of inhibition does not use has no effect."""

    blur: Blur
    neighbourhood: Neighbourhood
    boxes: Boxes
    """The neighbourhoods again, for sums and maxima where these are needed; for the blur, of two
    standard deviations."""


@kernel
def _multiply(
    matrix: NDArray[np.float32],
    ranges: NDArray[np.int64],
    source: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Fill `out` (m, inner) with `matrix` (m, n) @ `source` (n, inner).

    Row r of the matrix is zero outside the columns from `ranges[r, 0]` to `ranges[r, 1]`.
    """
    m, inner = out.shape
    if m >= TILE_ROWS and inner >= LANES:
        # The last tile in each direction overlaps the one before.
        for start in range(0, m, TILE_ROWS):
            row = min(start, m - TILE_ROWS)
            low, high = ranges[row]
            for r in range(row + 1, row + TILE_ROWS):
                low, high = min(low, ranges[r, 0]), max(high, ranges[r, 1])
            for lane in range(0, inner, LANES):
                lane = min(lane, inner - LANES)
                multiply_tile(matrix, row, matrix.shape[1], source, inner, lane, low, high, out)
        return
    for r in range(m):
        target = out[r]
        target[:] = 0.0
        for j in range(ranges[r, 0], ranges[r, 1]):
            weight, row_values = matrix[r, j], source[j]
            for i in range(inner):
                target[i] += weight * row_values[i]


@kernel
def blur_grid(
    blur: Blur, source: NDArray[np.float32], work: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Fill `out` (C,) with the blurred `source` (C,). `work` (2, largest step) is scratch space."""
    current = source
    last = blur.steps.shape[0] - 1
    if last < 0:
        for c in range(source.size):
            out[c] = source[c]
    for i in range(last + 1):
        outer, m, n, inner, offset, ranges_offset = blur.steps[i]
        matrix = blur.matrices[offset : offset + m * n]
        target = out if i == last else work[i % 2, : outer * m * inner]
        if inner == 1:
            # The transposed product: rows of the grid from the left, the matrix from the right.
            ranges = blur.ranges[ranges_offset : ranges_offset + outer]
            _multiply(
                current[: outer * n].reshape((outer, n)),
                ranges,
                matrix.reshape((n, m)),
                target.reshape((outer, m)),
            )
        else:
            ranges = blur.ranges[ranges_offset : ranges_offset + m]
            matrix = matrix.reshape((m, n))
            for o in range(outer):
                _multiply(
                    matrix,
                    ranges,
                    current[o * n * inner : (o + 1) * n * inner].reshape((n, inner)),
                    target[o * m * inner : (o + 1) * m * inner].reshape((m, inner)),
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
