"""Gaussian blurs over the grid of columns, laid out for the kernels: see `gaussian_blur`."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import NOTHING, Bound, Step
from fastsp.kernels.blurs import BLOCK_TAPS, ROUND_TAPS, Blur, Lines, blur_lines
from fastsp.kernels.llvm.lanes import LANES

TAPS_REACH = 5.0
"""Where the taps of a Gaussian blur end, in standard deviations."""
MODE_FLOOR = 1e-4
"""Modes of the grid that a blur weakens below this share are left out."""
MODE_BLOCK = 8
"""The number of modes kept is a multiple of this."""
LONGEST_BY_MATRIX, LONGEST_BY_TILES = 256, 2048
"""Longest axes that are multiplied with the matrix of their taps: any, and those whose products go
tile by tile."""
FEW_MODES = 8
"""Longer axes are projected on their modes where no more than these are kept."""
NARROW = 6.0
"""Standard deviation from which on longer axes are blurred by way of a coarser grid."""


class _Line(NamedTuple):
    """How to blur a long axis: see `Blur`."""

    spacing: int
    taps: NDArray[np.float64]
    """of the coarser grid, or of the axis itself where the spacing is 1"""
    analysis: NDArray[np.float64]
    synthesis: NDArray[np.float64]
    places: NDArray[np.int64]
    room: int


def gaussian_blur(
    shape: tuple[int, ...], deviations: tuple[float, ...], wrap: bool = False
) -> Blur:
    """Design a Gaussian blur over a grid, one axis after the other.

    Along each axis the blur with reflecting edges is diagonal in the DCT-II basis, with wrapping
    edges in the Fourier basis, and a wide blur leaves only few modes of either: the grid is
    projected on those, scaled, and projected back. A narrow blur multiplies by its taps. On a long
    axis those would be many: there a blur that is neither is done by a narrow one on a coarser
    grid, between two that lead there and back.

    Parameters
    ----------
    shape : the grid.
    deviations : standard deviation along each axis, in grid units. 0 leaves the axis alone.
    wrap : wrapping instead of reflecting edges (d c b a | a b c d | d c b a).
    """
    first: list[tuple[int, NDArray[np.float64] | _Line]] = []
    synthesis: list[tuple[int, NDArray[np.float64]]] = []
    for axis, (n, deviation) in enumerate(zip(shape, deviations, strict=True)):
        if deviation == 0 or n == 1:
            continue
        period = n if wrap else 2 * n
        # Far wider than the axis, it is the mean.
        deviation = min(deviation, 2.0 * period)
        modes = _modes(n, deviation, wrap)
        n_strong = int(np.count_nonzero(modes.gains >= MODE_FLOOR))
        n_taps = min(2 * math.ceil(TAPS_REACH * deviation) + 1, n)
        in_tiles = math.prod(shape[axis + 1 :]) >= LANES
        is_long = n > (LONGEST_BY_TILES if in_tiles else LONGEST_BY_MATRIX)
        n_kept = n_strong
        if not is_long:
            # Whole vectors of modes cost no more than parts of them.
            n_kept = min(-(-n_strong // MODE_BLOCK) * MODE_BLOCK, n)
        if n_kept <= FEW_MODES if is_long else 2 * n_kept < n_taps:
            basis = _basis(n, modes, n_kept, wrap)
            first.append((axis, (basis * modes.gains[:n_kept]).T))
            synthesis.append((axis, basis))
        elif is_long:
            first.append((axis, _line(n, deviation, period)))
        else:
            first.append((axis, _matrix(n, deviation, period)))
    return _chain(shape, [*first, *synthesis[::-1]])


class _Modes(NamedTuple):
    frequencies: NDArray[np.float64]
    sines: NDArray[np.bool_]
    gains: NDArray[np.float64]
    """What the blur leaves of each, descending."""


def _modes(n: int, deviation: float, wrap: bool) -> _Modes:
    """Return the modes of a line of n columns; of a long one, no more than may be kept."""
    modes = np.arange(n)
    if n > LONGEST_BY_MATRIX:
        # The gain is about exp(-(deviation frequency)^2 / 2).
        highest = math.sqrt(-2 * math.log(MODE_FLOOR)) + 1
        modes = np.arange(int(min(n, highest / deviation * n / np.pi + 2 * MODE_BLOCK)))
        if wrap:
            modes = np.where(modes % 2, modes // 2 + 1, (n - modes // 2) % n)
    sines = modes > n // 2 if wrap else np.zeros(modes.size, np.bool_)
    frequencies = np.where(sines, n - modes, modes) * ((2 * np.pi if wrap else np.pi) / n)
    if n > LONGEST_BY_TILES:
        gains = np.exp(-0.5 * (deviation * frequencies) ** 2)
    else:
        offsets, taps = _taps(deviation)
        gains = np.cos(np.multiply.outer(frequencies, offsets)) @ taps
    order = np.argsort(-gains, kind="stable")
    return _Modes(frequencies[order], sines[order], gains[order])


def _basis(n: int, modes: _Modes, n_kept: int, wrap: bool) -> NDArray[np.float64]:
    """Return the first, orthonormal modes, (n, n_kept), of a line of n columns."""
    places = np.arange(n)[:, None] + (0.0 if wrap else 0.5)
    frequencies, sines = modes.frequencies[:n_kept], modes.sines[:n_kept]
    basis = np.empty((n, n_kept))
    basis[:, ~sines] = np.cos(frequencies[~sines] * places)
    basis[:, sines] = np.sin(frequencies[sines] * places)
    basis *= 1 / np.sqrt((basis**2).sum(axis=0))
    return basis


def _taps(deviation: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the offsets that a blur reaches, and its weights, which add up to 1."""
    reach = math.ceil(TAPS_REACH * deviation)
    offsets = np.arange(-reach, reach + 1)
    taps = np.exp(-0.5 * (offsets / deviation) ** 2)
    return offsets, taps / taps.sum()


def _folded(places: NDArray[np.int64], n: int, period: int) -> NDArray[np.int64]:
    """Return which of n places each of these is, with edges that wrap or reflect."""
    places = places % period
    return np.where(places < n, places, period - 1 - places)


def _matrix(n: int, deviation: float, period: int) -> NDArray[np.float64]:
    """Return the matrix (n, n) of a blur of a line."""
    offsets, taps = _taps(deviation)
    by_distance = np.bincount(offsets % period, taps, period)
    places = np.arange(n)
    matrix: NDArray[np.float64] = by_distance[np.subtract.outer(places, places) % period]
    if period > n:
        matrix += by_distance[(np.add.outer(places, places) + 1) % period]
    return matrix


def _line(n: int, deviation: float, period: int) -> _Line:
    """Design the blur of a long line, of time in proportion to its length.

    Points of the coarser grid lie between two places. As wide as they are apart, h, a Gaussian is
    sampled there without loss: s^2 = h^2 + (coarse s)^2 h^2 + h^2.
    """
    if deviation < NARROW:
        taps = _rounded_up(_taps(deviation)[1])
        # As far before the line as the first tap reaches.
        before = math.ceil(TAPS_REACH * deviation)
        places = np.arange(n + taps.size - 1) - before
        nothing = np.empty((1, 0))
        room = n + places.size
        return _Line(1, taps, nothing, nothing, _folded(places, n, period), room)
    h = int(deviation / 2)
    coarse = math.sqrt(deviation**2 / h**2 - 2)
    taps = _rounded_up(_taps(coarse)[1])
    phases, blocks = np.arange(h)[:, None] + 0.5, np.arange(BLOCK_TAPS)
    half = BLOCK_TAPS // 2
    analysis = np.exp(-0.5 * ((blocks - half) + phases / h) ** 2)
    synthesis = np.exp(-0.5 * (phases / h - (blocks - half + 1)) ** 2)
    n_blocks = -(-n // h)
    n_spread = n_blocks + BLOCK_TAPS - 1
    n_coarse = n_spread + taps.size - 1
    n_rows = n_coarse + BLOCK_TAPS - 1
    before = (BLOCK_TAPS - 1 + math.ceil(TAPS_REACH * coarse)) * h
    places = np.arange(h)[:, None] + h * np.arange(n_rows) - before
    return _Line(
        h,
        taps,
        analysis / analysis.sum(),
        synthesis / synthesis.sum(axis=1, keepdims=True),
        _folded(places.ravel(), n, period),
        places.size + n + 2 * n_coarse + n_blocks,
    )


def _rounded_up(taps: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([taps, np.zeros(-taps.size % ROUND_TAPS)])


def _chain(shape: tuple[int, ...], products: list[tuple[int, NDArray[np.float64] | _Line]]) -> Blur:
    """Lay out a chain of products along axes of a grid in flat arrays (see `Blur`)."""
    sizes = list(shape)
    weights, steps = [np.empty(0, np.float32)], []
    ranges, places = [np.empty((0, 2), np.int64)], [np.empty(0, np.int64)]
    n_weights = n_ranges = n_places = room = 0
    for axis, product in products:
        outer, n, inner = math.prod(sizes[:axis]), sizes[axis], math.prod(sizes[axis + 1 :])
        if isinstance(product, _Line):
            m, scratch = n, product.room
            steps.append(
                (outer, n, n, inner, n_weights, n_places, product.spacing, product.taps.size)
            )
            of_step = [product.taps, product.analysis.ravel(), product.synthesis.ravel()]
            places.append(product.places)
            n_places += product.places.size
        else:
            # A row of the product, or of its transpose, for sums that are long.
            m, scratch = len(product), max(inner, len(product))
            if inner == 1:
                # The grid times the transposed matrix; any row of the grid may be full.
                bounds = np.tile([0, n], (outer, 1))
                of_step = [np.ascontiguousarray(product.T).ravel()]
            else:
                nonzero = product != 0
                bounds = np.stack([nonzero.argmax(axis=1), n - nonzero[:, ::-1].argmax(axis=1)], 1)
                of_step = [np.ascontiguousarray(product).ravel()]
            steps.append((outer, m, n, inner, n_weights, n_ranges, 0, 0))
            ranges.append(bounds)
            n_ranges += len(bounds)
        for part in of_step:
            weights.append(part.astype(np.float32))
            n_weights += part.size
        sizes[axis] = m
        room = max(room, math.prod(sizes) + scratch)
    all_weights, all_steps = np.concatenate(weights), np.array(steps, np.int64).reshape(-1, 8)
    lines: Step = NOTHING
    if n_places:
        lines = Bound(blur_lines, Lines(all_weights, all_steps, np.concatenate(places)))
    return Blur(all_weights, all_steps, np.concatenate(ranges).astype(np.int64), room, lines)
