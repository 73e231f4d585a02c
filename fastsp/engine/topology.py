"""Where things are: receptive fields, potential pools and neighbourhoods, as flat arrays.

Columns are spread evenly over the input. Column j of n along an axis of m inputs has its centre at
input coordinate (j + 1/2) m / n - 1/2, so both grids cover the same area.
"""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Bound
from fastsp.kernels.inhibition.local import Neighbourhood
from fastsp.kernels.inhibition.top import new_selection_scratch
from fastsp.kernels.llvm.neighbourhoods import CELLS
from fastsp.kernels.neighbourhoods import LANES, Boxes
from fastsp.kernels.pools import Drawing, Fields, draw_by_distance, draw_evenly

GAUSSIAN_REACH = 4.0
"""Half side of the window under a Gaussian receptive field, in standard deviations."""
BLOCKS_PER_LIMIT = 2.5
"""So many times the blocks of a neighbourhood that may beat an active column are looked at."""


@dataclass(frozen=True)
class ReceptiveFields:
    """Windows of input coordinates, one for each column coordinate of each topological axis.

    A field is the product of its windows over the D topological axes, times all channels: the
    axes of `input_shape` beyond D. Columns that lie at the same place share one; they follow each
    other.
    """

    column_shape: tuple[int, ...]
    """The grid of places."""
    input_shape: tuple[int, ...]
    starts: NDArray[np.int64]
    """(D, longest column axis) first input coordinate of each window; may lie outside the axis"""
    sizes: NDArray[np.int64]
    """(D, longest column axis) number of input coordinates"""
    centres: NDArray[np.float64]
    """(D, longest column axis) in input coordinates"""
    deviations: NDArray[np.float64]
    """(D,) standard deviations of the Gaussian in input units; (0,) where chances are equal"""
    group_size: int = 1
    """Columns at each place."""

    @property
    def n_channels(self) -> int:
        """Number of input bits at each place."""
        return math.prod(self.input_shape[len(self.column_shape) :])

    def all_alike(self) -> bool:
        """Return whether all columns see the same bits."""
        shape = enumerate(self.column_shape)
        return all(
            (windows[d, :n] == windows[d, 0]).all()
            for d, n in shape
            for windows in (self.starts, self.sizes)
        )

    def counts(self) -> NDArray[np.int64]:
        """Return the number of input bits in each column's field, (C,) int64."""
        return self._product(self.sizes.astype(np.float64)).astype(np.int64)

    def weights(self) -> NDArray[np.float64]:
        """Return the size of each field with its bits weighted, (C,) float64.

        A bit counts 1 where chances are equal, and exp(-d^2 / 2) under a Gaussian, with d its
        distance from the centre in standard deviations.
        """
        if not self.deviations.size:
            return self._product(self.sizes.astype(np.float64))
        sums = np.zeros(self.sizes.shape)
        with np.errstate(over="ignore"):  # a weight too small for any number is 0
            for d, j in np.ndindex(self.sizes.shape):
                places = self.starts[d, j] + np.arange(int(self.sizes[d, j]))
                away = (places - self.centres[d, j]) / self.deviations[d]
                sums[d, j] = np.exp(-0.5 * away * away).sum()
        return self._product(sums)

    def _product(self, of_axes: NDArray[np.float64]) -> NDArray[np.float64]:
        result = np.full(1, float(self.n_channels))
        for d, n in enumerate(self.column_shape):
            result = np.multiply.outer(result, of_axes[d, :n]).ravel()
        return np.repeat(result, self.group_size)


def receptive_fields(
    kind: str,
    column_shape: tuple[int, ...],
    input_shape: tuple[int, ...],
    radius: float | None,
    wrap: bool,
    group_size: int = 1,
) -> ReceptiveFields:
    """Lay out the receptive fields of all columns.

    Parameters
    ----------
    column_shape : the grid of places.
    kind : "global" (every column sees every input bit), "box" (the square of half side `radius`
        about the input nearest to the column's centre) or "gaussian" (standard deviation `radius`).
    radius : in input units; None where `kind` is "global".
    wrap : whether windows continue at the opposite edge of the input instead of ending at it.
    group_size : columns at each place.
    """
    if kind == "global":
        n_inputs, n_columns = math.prod(input_shape), math.prod(column_shape) * group_size
        whole = np.zeros((1, 1), np.int64)
        return ReceptiveFields(
            (1,), (n_inputs,), whole, whole + n_inputs, whole.astype(float), np.empty(0), n_columns
        )
    assert radius is not None
    n_axes, longest = len(column_shape), max(column_shape)
    starts = np.zeros((n_axes, longest), np.int64)
    sizes = np.ones((n_axes, longest), np.int64)
    centres = np.zeros((n_axes, longest))
    for d, n in enumerate(column_shape):
        m = input_shape[d]
        centre = (np.arange(n) + 0.5) * m / n - 0.5
        centres[d, :n] = centre
        nearest = np.floor(centre + 0.5).astype(np.int64)
        if kind == "box":
            reach = min(int(radius), m)
            low, high = nearest - reach, nearest + reach + 1
        else:
            # Whatever reaches further than twice around sees all.
            away = min(GAUSSIAN_REACH * radius, 2.0 * m)
            low = np.ceil(centre - away).astype(np.int64)
            high = np.floor(centre + away).astype(np.int64) + 1
        # Where inputs lie further apart than a narrow Gaussian reaches, the nearest one counts.
        low, high = np.minimum(low, nearest), np.maximum(high, nearest + 1)
        if wrap:
            # A window wider than the axis is cut to one full turn about its centre.
            too_wide = high - low > m
            low = np.where(too_wide, nearest - m // 2, low)
            high = np.where(too_wide, low + m, high)
        else:
            low, high = np.maximum(low, 0), np.minimum(high, m)
        starts[d, :n], sizes[d, :n] = low, high - low
    deviations = np.full(n_axes, float(radius)) if kind == "gaussian" else np.empty(0)
    return ReceptiveFields(
        column_shape, input_shape, starts, sizes, centres, deviations, group_size
    )


def potential_pools(
    fields: ReceptiveFields,
    n_synapses: NDArray[np.int64],
    seed: int,
    n_segments: int = 1,
    first: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Draw every column's potential pools from its receptive field, each without replacement.

    Parameters
    ----------
    n_synapses : (C,) int64, number of potential synapses of each column from the `first` on, at
        most the field's count.
    seed : 64 bits; pool i depends on it, on i and on the column's field only.
    n_segments : potential pools of each column, n.

    Returns
    -------
    indptr (n C + 1,) int64, indices (S,) int32 ascending within each pool.
    """
    sizes = np.repeat(n_synapses, n_segments)
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    indices = np.empty(indptr[-1], np.int32)
    largest = math.prod(fields.sizes[d, :n].max() for d, n in enumerate(fields.column_shape))
    largest *= fields.n_channels
    by_distance = fields.deviations.size > 0
    of_rows = Fields(
        np.array(fields.column_shape, np.int64),
        np.array(fields.input_shape, np.int64),
        fields.starts,
        fields.sizes,
        fields.centres,
        fields.deviations,
        fields.group_size * n_segments,
        first * n_segments,
        int(not by_distance and fields.all_alike()),
    )
    drawing = Drawing(
        of_rows,
        seed,
        indptr,
        indices,
        bits=np.empty(largest, np.int64),
        distances=np.empty(largest),
        chosen=np.empty(largest, np.int32),
        pool=np.zeros(-(-math.prod(fields.input_shape) // 64), np.uint64),
        state=np.empty(1, np.uint64),
        picked=np.zeros(0 if by_distance else largest, np.uint8),
        keys=np.empty(largest if by_distance else 0, np.uint32),
        selection=new_selection_scratch(largest if by_distance else 0),
    )
    Bound(draw_by_distance if by_distance else draw_evenly, drawing)()
    return indptr, indices


def neighbourhood(
    shape: tuple[int, ...], radius: float, wrap: bool, density: float, rounded: bool = False
) -> Neighbourhood:
    """Lay out the neighbourhoods of all columns for local inhibition.

    Parameters
    ----------
    shape : the grid of columns.
    radius : a column's neighbourhood is the box of the columns within floor(radius) columns of it
        along every axis, itself included.
    wrap : whether boxes continue at the opposite edge of the grid instead of ending at it. A box
        wider than the grid is cut to the whole grid.
    density : wanted share of active columns, which limits by how many columns of its neighbourhood
        an active column is beaten: by fewer than density times their number.
    rounded : whether that product is rounded, halves up, in float32.
    """
    # Axes of one column change nothing.
    lengths = [n for n in shape if n > 1] or [1]
    reach = [min(int(radius), n // 2 if wrap else n - 1) for n in lengths]
    reach_on = [min(r, n - 1 - r) for r, n in zip(reach, lengths, strict=True)] if wrap else reach
    widths = [1 + r + s for r, s in zip(reach, reach_on, strict=True)]
    # Between two runs of columns lie the cells that the one reaches beyond its end and the other
    # before its start. Where they hold nothing, they may be the same cells.
    gaps = [r + s if wrap else r for r, s in zip(reach, reach_on, strict=True)]
    strides = [
        math.prod(n + gap for n, gap in zip(lengths[d + 1 :], gaps[d + 1 :], strict=True))
        for d in range(len(lengths))
    ]
    homes = _sums(_steps(r, n, s) for r, n, s in zip(reach, lengths, strides, strict=True))
    first_cell, last_cell = int(homes[0]), int(homes[-1])
    behind = first_cell + ((last_cell - first_cell) // CELLS + 1) * CELLS
    far = sum(r * s for r, s in zip(reach_on, strides, strict=True))
    n_maxima = -(-(behind + far) // CELLS) * CELLS
    # Vectors may reach that far further, and so may the shifts of a block.
    columns = np.full(n_maxima + first_cell + far + CELLS, -1, np.int32)

    # Which column each cell holds: its own, or with wrapping edges another one's.
    places = [
        np.arange(-r, n + s) if wrap else np.arange(n)
        for r, n, s in zip(reach, lengths, reach_on, strict=True)
    ]
    cells = first_cell + _sums(p * s for p, s in zip(places, strides, strict=True))
    held = np.zeros(1, np.int64)
    for p, n in zip(places, lengths, strict=True):
        held = np.add.outer(held * n, p % n).ravel()
    columns[cells] = held
    # Runs of consecutive cells that hold consecutive columns.
    starts = np.flatnonzero(np.concatenate([[True], (np.diff(cells) != 1) | (np.diff(held) != 1)]))
    run_lengths = np.diff(np.concatenate([starts, [cells.size]]))
    copies = np.stack([held[starts], cells[starts], run_lengths], axis=1)

    sizes = np.ones(1)
    for n, r, w in zip(lengths, reach, widths, strict=True):
        along = np.arange(n)
        clipped = np.minimum(along + r, n - 1) - np.maximum(along - r, 0) + 1
        sizes = np.multiply.outer(sizes, np.full(n, w) if wrap else clipped).ravel()
    limits = np.zeros(columns.size, np.int32)
    limits[homes] = _rounded(density, sizes) if rounded else _limits(density, sizes)

    sides = _block_sides(widths, BLOCKS_PER_LIMIT * limits.max() * math.prod(widths) / sizes.max())
    rows = _sums(
        _steps(-r, w, s) for r, w, s in zip(reach[:-1], widths[:-1], strides[:-1], strict=True)
    )
    blocks = _sums(
        _steps(0, w // side, side * s) - r * s
        for r, w, side, s in zip(reach, widths, sides, strides, strict=True)
    )
    shifts: list[int] = []
    for side, stride in zip(sides, strides, strict=True):
        done = 1
        while done < side:
            shifts.append(min(done, side - done) * stride)
            done += min(done, side - done)
    return Neighbourhood(
        columns,
        limits,
        copies.astype(np.int64),
        rows - reach[-1],
        blocks,
        np.array(shifts, np.int64),
        widths[-1],
        first_cell,
        last_cell,
        n_maxima,
        _most_winners(lengths, reach, wrap, int(limits.max())),
    )


def _most_winners(lengths: list[int], reach: list[int], wrap: bool, limit: int) -> int:
    """Return a number of columns that local inhibition lets win at the most.

    The columns of a box that is as wide as neighbourhoods reach are all neighbours. Of the winners
    among them the last is beaten by all the others, which are fewer than `limit` then.
    """
    # Wrapping neighbourhoods that reach half way around hold everything.
    sides = [n if wrap and 2 * r + 1 >= n else r + 1 for n, r in zip(lengths, reach, strict=True)]
    n_boxes = math.prod(-(-n // side) for n, side in zip(lengths, sides, strict=True))
    return min(n_boxes * limit, math.prod(lengths))


def _limits(density: float, sizes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return `density` times each size, rounded up; the density is the decimal that is written.

    In binary 0.28 is a little more, and 0.28 * 25 would be rounded up to 8.
    """
    numerator, denominator = Fraction(str(density)).as_integer_ratio()
    different, places = np.unique(sizes, return_inverse=True)
    limits = [-(-numerator * int(n) // denominator) for n in different]
    return np.array(limits, np.int64)[places]


def _rounded(density: float, sizes: NDArray[np.float64]) -> NDArray[np.int64]:
    half, share = np.float32(0.5), np.float32(density)
    limits: NDArray[np.int64] = np.floor(half + share * sizes.astype(np.float32)).astype(np.int64)
    return limits


def _steps(first: int, n: int, step: int) -> NDArray[np.int64]:
    """Return `step` times each of the `n` integers from `first` on."""
    return np.arange(first, first + n, dtype=np.int64) * step


def _sums(of_axes: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the sums of one number of each axis, for all combinations, the last axis fastest."""
    result = np.zeros(1, np.int64)
    for numbers in of_axes:
        result = np.add.outer(result, numbers).ravel()
    return result


def _block_sides(widths: list[int], n_wanted: float) -> tuple[int, ...]:
    """Return the sides of the blocks that tile a box of these widths with few blocks, yet enough.

    Of the tilings with at least `n_wanted` blocks, that of fewest; of equals, that which leaves
    out the fewest cells, then the one with the shortest sides. Where there is none, sides of 1.
    """
    choices = [sorted({w // n for n in range(1, w + 1)}) for w in widths]
    best, sides = (math.inf, 0, 0), tuple(1 for _ in widths)
    for tried in itertools.product(*choices):
        n_blocks = math.prod(w // side for w, side in zip(widths, tried, strict=True))
        quality = n_blocks, -n_blocks * math.prod(tried), max(tried)
        if n_blocks >= n_wanted and quality < best:
            best, sides = quality, tried
    return sides


def boxes(shape: tuple[int, ...], reaches: tuple[int, ...], wrap: bool) -> Boxes:
    """Lay out boxes of columns about each column, for sums and maxima.

    Parameters
    ----------
    shape : the grid of columns.
    reaches : a column's box is that of the columns within so many of it along each axis.
    wrap : whether boxes continue at the opposite edge of the grid instead of ending at it. A box
        wider than the grid is cut to the whole grid.
    """
    axes, room, sizes = [], max(math.prod(shape) + 1, LANES), np.ones(1)
    for d, (n, reach) in enumerate(zip(shape, reaches, strict=True)):
        reach = n if (2 * reach + 1 >= n if wrap else reach >= n - 1) else reach
        places = np.arange(n)
        inside = np.minimum(places + reach, n - 1) - np.maximum(places - reach, 0) + 1
        if wrap and reach < n:
            inside[:] = 2 * reach + 1
        sizes = np.multiply.outer(sizes, inside).ravel()
        if reach == 0 or n == 1:
            continue
        outer, inner = math.prod(shape[:d]), math.prod(shape[d + 1 :])
        axes.append((outer, n, inner, reach))
        room = max(room, outer * (n + 2 * min(reach, n - 1)) * inner)
    return Boxes(np.array(axes, np.int64).reshape(-1, 4), int(wrap), sizes, room)
