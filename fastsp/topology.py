"""Where things are: receptive fields, potential pools and neighbourhoods, as flat arrays.

Columns are spread evenly over the input. Column j of n along an axis of m inputs has its centre at
input coordinate (j + 1/2) m / n - 1/2, so both grids cover the same area.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.pools import draw_pools
from fastsp.kernels.state import Blur

GAUSSIAN_REACH = 4.0
"""Half side of the window under a Gaussian receptive field, in standard deviations."""
TAPS_REACH = 5.0
"""Where the taps of a Gaussian blur end, in standard deviations."""
MODE_FLOOR = 1e-4
"""Modes of the grid that a blur weakens below this share are left out."""
MODE_BLOCK = 8
"""The number of modes kept is a multiple of this."""


@dataclass(frozen=True)
class ReceptiveFields:
    """Windows of input coordinates, one for each column coordinate of each topological axis.

    A field is the product of its windows over the D topological axes, times all channels: the
    axes of `input_shape` beyond D.
    """

    column_shape: tuple[int, ...]
    input_shape: tuple[int, ...]
    starts: NDArray[np.int64]
    """(D, longest column axis) first input coordinate of each window; may lie outside the axis"""
    sizes: NDArray[np.int64]
    """(D, longest column axis) number of input coordinates"""
    centres: NDArray[np.float64]
    """(D, longest column axis) in input coordinates"""
    deviations: NDArray[np.float64]
    """(D,) standard deviations of the Gaussian in input units; (0,) where chances are equal"""

    @property
    def n_channels(self) -> int:
        """Number of input bits at each place."""
        return math.prod(self.input_shape[len(self.column_shape) :])

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
        for d, j in np.ndindex(self.sizes.shape):
            places = self.starts[d, j] + np.arange(int(self.sizes[d, j]))
            away = (places - self.centres[d, j]) / self.deviations[d]
            sums[d, j] = np.exp(-0.5 * away * away).sum()
        return self._product(sums)

    def _product(self, of_axes: NDArray[np.float64]) -> NDArray[np.float64]:
        result = np.full(1, float(self.n_channels))
        for d, n in enumerate(self.column_shape):
            result = np.multiply.outer(result, of_axes[d, :n]).ravel()
        return result


def receptive_fields(
    kind: str,
    column_shape: tuple[int, ...],
    input_shape: tuple[int, ...],
    radius: float | None,
    wrap: bool,
) -> ReceptiveFields:
    """Lay out the receptive fields of all columns.

    Parameters
    ----------
    kind : "global" (every column sees every input bit), "box" (the square of half side `radius`
        about the input nearest to the column's centre) or "gaussian" (standard deviation `radius`).
    radius : in input units; None where `kind` is "global".
    wrap : whether windows continue at the opposite edge of the input instead of ending at it.
    """
    if kind == "global":
        n_inputs, n_columns = math.prod(input_shape), math.prod(column_shape)
        whole = np.zeros((1, n_columns), np.int64)
        return ReceptiveFields(
            (n_columns,), (n_inputs,), whole, whole + n_inputs, whole.astype(float), np.empty(0)
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
        if kind == "box":
            nearest = np.floor(centre + 0.5).astype(np.int64)
            low, high = nearest - int(radius), nearest + int(radius) + 1
        else:
            low = np.ceil(centre - GAUSSIAN_REACH * radius).astype(np.int64)
            high = np.floor(centre + GAUSSIAN_REACH * radius).astype(np.int64) + 1
        if wrap:
            # A window wider than the axis is cut to one full turn about its centre.
            too_wide = high - low > m
            low = np.where(too_wide, np.floor(centre + 0.5).astype(np.int64) - m // 2, low)
            high = np.where(too_wide, low + m, high)
        else:
            low, high = np.maximum(low, 0), np.minimum(high, m)
            # Where inputs lie further apart than a narrow Gaussian reaches, the nearest one counts.
            nearest = np.clip(np.floor(centre + 0.5).astype(np.int64), 0, m - 1)
            low, high = np.minimum(low, nearest), np.maximum(high, nearest + 1)
        starts[d, :n], sizes[d, :n] = low, high - low
    deviations = np.full(n_axes, float(radius)) if kind == "gaussian" else np.empty(0)
    return ReceptiveFields(column_shape, input_shape, starts, sizes, centres, deviations)


def potential_pools(
    fields: ReceptiveFields, n_synapses: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Draw every column's potential pool from its receptive field, without replacement.

    Parameters
    ----------
    n_synapses : (C,) int64, number of potential synapses of each column, at most the field's count.
    seed : 64 bits; column c's pool depends on it, on c and on the column's field only.

    Returns
    -------
    indptr (C + 1,) int64, indices (S,) int32 ascending within each column.
    """
    indptr = np.concatenate([[0], np.cumsum(n_synapses)]).astype(np.int64)
    indices = np.empty(indptr[-1], np.int32)
    draw_pools(
        fields.starts,
        fields.sizes,
        fields.centres,
        np.array(fields.column_shape, np.int64),
        np.array(fields.input_shape, np.int64),
        fields.deviations,
        np.uint64(seed),
        indptr,
        indices,
    )
    return indptr, indices


def gaussian_blur(
    shape: tuple[int, ...], deviations: tuple[float, ...], wrap: bool = False
) -> Blur:
    """Design a Gaussian blur over a grid, as a chain of matrix products.

    Along each axis the blur with reflecting edges is diagonal in the DCT-II basis, with wrapping
    edges in the Fourier basis, and a wide blur leaves only few modes of either: the grid is
    projected on those, scaled, and projected back. A narrow blur multiplies by its taps.

    Parameters
    ----------
    shape : the grid.
    deviations : standard deviation along each axis, in grid units. 0 leaves the axis alone.
    wrap : wrapping instead of reflecting edges (d c b a | a b c d | d c b a).
    """
    analysis: list[tuple[int, NDArray[np.float64]]] = []
    synthesis: list[tuple[int, NDArray[np.float64]]] = []
    for axis, (n, deviation) in enumerate(zip(shape, deviations, strict=True)):
        if deviation == 0 or n == 1:
            continue
        basis, gains = _modes(n, deviation, wrap)
        # Gains fall with frequency; whole vectors of modes cost no more than parts of them.
        order = np.argsort(-gains, kind="stable")
        n_strong = int(np.count_nonzero(gains >= MODE_FLOOR))
        n_kept = min(-(-n_strong // MODE_BLOCK) * MODE_BLOCK, n)
        kept = order[:n_kept]
        n_taps = min(2 * math.ceil(TAPS_REACH * deviation) + 1, n)
        if 2 * n_kept < n_taps:
            analysis.append((axis, (basis[:, kept] * gains[kept]).T))
            synthesis.append((axis, basis[:, kept]))
        else:
            taps = (basis * gains) @ basis.T
            reach = math.ceil(TAPS_REACH * deviation)
            apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
            apart = np.minimum(apart, n - apart) if wrap else apart
            analysis.append((axis, np.where(apart <= reach, taps, 0.0)))
    return _chain(shape, analysis + synthesis[::-1])


def _modes(n: int, deviation: float, wrap: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the orthonormal modes (n, n) of a line of n columns, and the blur's gain for each."""
    reach = math.ceil(TAPS_REACH * deviation)
    offsets = np.arange(-reach, reach + 1)
    taps = np.exp(-0.5 * (offsets / deviation) ** 2)
    taps /= taps.sum()
    places, modes = np.arange(n)[:, None], np.arange(n)
    basis: NDArray[Any]
    frequencies: NDArray[Any]
    if wrap:
        # Cosines for modes up to n / 2, sines above.
        frequencies = np.where(modes <= n // 2, modes, n - modes) * (2 * np.pi / n)
        waves = frequencies * places
        basis = np.where(modes <= n // 2, np.cos(waves), np.sin(waves))
    else:
        frequencies = modes * (np.pi / n)
        basis = np.cos(frequencies * (places + 0.5))
    basis *= 1 / np.sqrt((basis**2).sum(axis=0))
    gains: NDArray[np.float64] = np.cos(np.multiply.outer(frequencies, offsets)) @ taps
    return basis, gains


def _chain(shape: tuple[int, ...], products: list[tuple[int, NDArray[np.float64]]]) -> Blur:
    """Lay out a chain of products along axes of a grid in flat arrays (see `Blur`)."""
    sizes = list(shape)
    matrices, steps, ranges = [np.empty(0)], [], [np.empty((0, 2), np.int64)]
    for axis, matrix in products:
        m, n = matrix.shape
        inner = math.prod(sizes[axis + 1 :])
        if inner == 1:
            # The grid times the transposed matrix; any row of the grid may be full.
            laid_out, nonzero = matrix.T, np.ones((math.prod(sizes[:axis]), n), bool)
        else:
            laid_out, nonzero = matrix, matrix != 0
        low = nonzero.argmax(axis=1)
        high = n - nonzero[:, ::-1].argmax(axis=1)
        steps.append(
            (
                math.prod(sizes[:axis]),
                m,
                n,
                inner,
                sum(a.size for a in matrices),
                sum(len(r) for r in ranges),
            )
        )
        matrices.append(np.ascontiguousarray(laid_out).ravel())
        ranges.append(np.stack([low, high], axis=1))
        sizes[axis] = m
    return Blur(
        np.concatenate(matrices).astype(np.float32),
        np.array(steps, np.int64).reshape(-1, 6),
        np.concatenate(ranges).astype(np.int64),
    )
