"""Blurs over the grid of columns, as chains of products along one axis at a time."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Step, address, array_at, at, call
from fastsp.kernels.jit import helper, step
from fastsp.kernels.llvm.lanes import LANES, LEAST_ROWS, multiply_tile, tile_rows

BLOCK_TAPS = 10
"""Blocks that a point of a coarser grid takes from, and points that a place takes from."""
ROUND_TAPS = 5
"""Taps added at a time; numbers of taps are multiples of it."""
_PART, _PHASES = 2048, 64
"""Numbers of products, and of phases, that are added up before others are."""
_BLOCK = 1024
"""Values that stay in the fastest cache while all taps are added."""


class Blur(NamedTuple):
    """A linear map over the grid of columns as a chain of products, one axis at a time.

    A step sees its input as (outer, n, inner) and its output as (outer, m, inner). Where its
    spacing is 0, it multiplies along the middle axis with an (m, n) matrix, whose rows are zero
    outside a range of columns. Where inner is 1, the matrix is stored transposed and multiplied
    from the right, and the ranges are those of the outer rows: all of each.

    Else m is n, and each line along the middle axis, continued beyond its ends, is convolved with
    taps; with a spacing h above 1, on a coarser grid, a point for every h places. A point takes
    from 10 blocks of h places, and a place from 10 points: weights (h, 10) for each follow the
    taps. Continued lines lie with the first places of all blocks first: (h, blocks).
    """

    weights: NDArray[np.float32]
    """Matrices, and taps with what follows them."""
    steps: NDArray[np.int64]
    """(n_steps, 8): outer, m, n, inner, offset into weights, offset into ranges or places, spacing,
    number of taps."""
    ranges: NDArray[np.int64]
    """(rows of all matrices, 2)"""
    room: int
    """Scratch space for a step is (2, room)."""
    lines: Step
    """Does a step that goes line by line; see `blur_lines`. It is `NOTHING` where there are none"""


class Lines(NamedTuple):
    """What steps are done with that go line by line: of the `Blur`, and where lines continue."""

    weights: NDArray[np.float32]
    steps: NDArray[np.int64]
    places: NDArray[np.int64]
    """Which places of a line the continued line consists of."""


@helper
def _add_products(
    weights: NDArray[np.float32],
    low: int,
    high: int,
    source: NDArray[np.float32],
    target: NDArray[np.float32],
) -> None:
    """Add to `target` (inner,) the rows `low` to `high` of `source` (n, inner), each weighted."""
    for j in range(low, high):
        weight, row_values = weights[j], source[j]
        for i in range(target.size):
            target[i] += weight * row_values[i]


@helper
def _multiply(
    matrix: NDArray[np.float32],
    ranges: NDArray[np.int64],
    source: NDArray[np.float32],
    part: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Fill `out` (m, inner) with `matrix` (m, n) @ `source` (n, inner).

    Row r of the matrix is zero outside the columns from `ranges[r, 0]` to `ranges[r, 1]`. `part`
    (inner,) is scratch space.
    """
    m, inner = out.shape
    if m >= LEAST_ROWS and inner >= LANES:
        # The last tile in each direction overlaps the one before.
        n_rows = tile_rows()
        for start in range(0, m, n_rows):
            row = min(start, m - n_rows)
            low, high = ranges[row]
            for r in range(row + 1, row + n_rows):
                low, high = min(low, ranges[r, 0]), max(high, ranges[r, 1])
            for lane in range(0, inner, LANES):
                lane = min(lane, inner - LANES)
                columns, tile = source[:, lane:], out[row:, lane:]
                multiply_tile(matrix[row:], matrix.shape[1], columns, inner, low, high, tile)
        return
    for r in range(m):
        target = out[r]
        target[:] = 0.0
        low, high = ranges[r]
        if high - low <= _PART:
            _add_products(matrix[r], low, high, source, target)
            continue
        # Short sums, and sums of these, are more accurate than long ones.
        for start in range(low, high, _PART):
            part[:] = 0.0
            _add_products(matrix[r], start, min(start + _PART, high), source, part)
            for i in range(inner):
                target[i] += part[i]


@helper
def _convolve(
    taps: NDArray[np.float32], source: NDArray[np.float32], target: NDArray[np.float32]
) -> None:
    """Add to `target` (n,) the sums of `source[i + j] * taps[j]` over all taps.

    `source` is (n + number of taps - 1,) at least.
    """
    for start in range(0, target.size, _BLOCK):
        end = min(start + _BLOCK, target.size)
        out = target[start:end]
        for j in range(0, taps.size, ROUND_TAPS):
            a, b, c, d, e = taps[j], taps[j + 1], taps[j + 2], taps[j + 3], taps[j + 4]
            low, high = start + j, end + j
            of_a, of_b, of_c = source[low:high], source[low + 1 : high + 1], source[low + 2 :]
            of_d, of_e = source[low + 3 :], source[low + 4 :]
            for i in range(out.size):
                out[i] += (a * of_a[i] + b * of_b[i] + c * of_c[i]) + (d * of_d[i] + e * of_e[i])


@helper
def _blur_line(
    taps: NDArray[np.float32],
    by_phase: NDArray[np.float32],
    continued: NDArray[np.float32],
    work: NDArray[np.float32],
    line: NDArray[np.float32],
) -> None:
    """Fill `line` (n,) with the blur of a line that is `continued` (h, blocks); see `Blur`.

    `by_phase` (2, h, 10) holds the weights of a coarser grid; it is (2, 1, 0) without one.
    """
    h, n_blocks = continued.shape[0], -(-line.size // continued.shape[0])
    if by_phase.shape[2] == 0:
        line[:] = 0.0
        _convolve(taps, continued[0], line)
        return
    n_spread = n_blocks + BLOCK_TAPS - 1
    n_coarse = n_spread + taps.size - 1
    coarse, part = work[:n_coarse], work[n_coarse : 2 * n_coarse]
    spread = part[:n_spread]
    coarse[:] = 0.0
    for first in range(0, h, _PHASES):
        part[:] = 0.0
        for phase in range(first, min(first + _PHASES, h)):
            _convolve(by_phase[0, phase], continued[phase], part)
        for i in range(n_coarse):
            coarse[i] += part[i]
    of_phase = work[2 * n_coarse : 2 * n_coarse + n_blocks]
    spread[:] = 0.0
    _convolve(taps, coarse, spread)
    for phase in range(h):
        of_phase[:] = 0.0
        _convolve(by_phase[1, phase], spread, of_phase)
        for i in range((line.size - phase + h - 1) // h):
            line[i * h + phase] = of_phase[i]


@step
def blur_lines(block: Lines, i: int, source: Any, work: Any, out: Any) -> int:
    """Do step `i` line by line: fill `out` from `source`, float32 (outer, n, inner) at addresses.

    There is scratch space at `work`.
    """
    blur = at(block)
    step, first_place = blur.steps[i], blur.steps[i, 5]
    outer, n, inner, offset, h, n_taps = step[0], step[2], step[3], step[4], step[6], step[7]
    n_weights = h * BLOCK_TAPS if h > 1 else 0
    n_all = outer * n * inner
    source, out = array_at(source, n_all, np.float32), array_at(out, n_all, np.float32)
    taps = blur.weights[offset : offset + n_taps]
    by_phase = blur.weights[offset + n_taps : offset + n_taps + 2 * n_weights]
    by_phase = by_phase.reshape((2, h, n_weights // h))
    n_continued = n + n_taps - 1
    if h > 1:
        n_continued = h * (-(-n // h) + n_taps + 2 * BLOCK_TAPS - 3)
    places = blur.places[first_place : first_place + n_continued]
    n_spread = -(-n // h) + BLOCK_TAPS - 1
    n_line = 2 * (n_spread + n_taps - 1) + -(-n // h) if h > 1 else 0
    work = array_at(work, n_continued + n + n_line, np.float32)
    continued, line = work[:n_continued], work[n_continued : n_continued + n]
    for o in range(outer):
        for i in range(inner):
            first = o * n * inner + i
            for j in range(n_continued):
                continued[j] = source[first + places[j] * inner]
            rows = continued.reshape((h, n_continued // h))
            _blur_line(taps, by_phase, rows, work[n_continued + n :], line)
            for j in range(n):
                out[first + j * inner] = line[j]
    return 0


@helper
def blur_grid(
    blur: Blur, source: NDArray[np.float32], work: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Fill `out` (C,) with the blurred `source` (C,). `work` (2, room) is scratch space."""
    current = source
    last = blur.steps.shape[0] - 1
    if last < 0:
        for c in range(source.size):
            out[c] = source[c]
    for i in range(last + 1):
        outer, m, n, inner, offset, ranges_offset, spacing, _ = blur.steps[i]
        size = outer * m * inner
        target = out if i == last else work[i % 2, :size]
        if spacing > 0:
            room = work[i % 2, size:]
            call(blur.lines, (i, address(current), address(room), address(target)))
            current = target
            continue
        matrix = blur.weights[offset : offset + m * n]
        if inner == 1:
            # The transposed product: rows of the grid from the left, the matrix from the right.
            ranges = blur.ranges[ranges_offset : ranges_offset + outer]
            _multiply(
                current[: outer * n].reshape((outer, n)),
                ranges,
                matrix.reshape((n, m)),
                work[i % 2, size : size + m],
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
                    work[i % 2, size : size + inner],
                    target[o * m * inner : (o + 1) * m * inner].reshape((m, inner)),
                )
        current = target


class Blurring(NamedTuple):
    """What one grid is blurred with."""

    blur: Blur
    source: NDArray[np.float32]
    """(C,)"""
    work: NDArray[np.float32]
    """(2, room)"""
    out: NDArray[np.float32]
    """(C,)"""


@step
def blur_one(block: Blurring) -> int:
    """Fill `out` with the blurred `source`."""
    own = at(block)
    blur_grid(own.blur, own.source, own.work, own.out)
    return 0
