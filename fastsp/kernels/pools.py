"""Potential pools: which input bits each column may connect to, drawn without replacement."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import at
from fastsp.kernels.inhibition.top import FIRST_WINS, SelectionScratch, select_top
from fastsp.kernels.jit import helper, step
from fastsp.kernels.llvm.bits import lowest_one
from fastsp.kernels.order import order_key


class Fields(NamedTuple):
    """Receptive fields: a window of input coordinates for each column coordinate of each axis.

    The field of a column is the product of its windows over the D topological axes, times all
    channels, the axes of `input_shape` beyond D. Columns follow each other in groups that have the
    same coordinates.
    """

    column_shape: NDArray[np.int64]
    """(D,) the grid of places"""
    input_shape: NDArray[np.int64]
    """(D or more,)"""
    starts: NDArray[np.int64]
    """(D, longest column axis) first input coordinate of each window, modulo the axis"""
    sizes: NDArray[np.int64]
    """(D, longest column axis) number of input coordinates"""
    centres: NDArray[np.float64]
    """(D, longest column axis) in input coordinates"""
    deviations: NDArray[np.float64]
    """(D,) standard deviations of the Gaussian in input units; (0,) where chances are equal"""
    group_size: int
    """columns at each place"""
    first: int
    """the column that is drawn first"""
    all_alike: int
    """1 where all columns see the same bits with the same chances, else 0"""


@helper
def _next_random(state: NDArray[np.uint64]) -> np.uint64:
    """Advance `state` (1,) and return 64 random bits (SplitMix64, doi:10.1145/2660193.2660195)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.uint64(z ^ (z >> np.uint64(31)))


@helper
def _enumerate_field(
    place: int, fields: Fields, bits: NDArray[np.int64], distances: NDArray[np.float64]
) -> int:
    """List the receptive field of the columns at `place`; return the number of its input bits.

    Fills `bits` with the input bits and `distances` with half their squared distance from the
    place's centre, in standard deviations (0 without any).
    """
    column_shape, input_shape, deviations = (
        fields.column_shape,
        fields.input_shape,
        fields.deviations,
    )
    n_dimensions = column_shape.size
    bits[0], distances[0] = 0, 0.0
    count, rest = 1, place
    stride = 1
    for d in range(n_dimensions, input_shape.size):
        stride *= input_shape[d]
    n_channels = stride
    # The last axis varies fastest, in the column's number as in the input bit's. Each axis turns
    # the list so far into `size` copies of itself, the last copy in place.
    for d in range(n_dimensions - 1, -1, -1):
        coordinate = rest % column_shape[d]
        rest //= column_shape[d]
        start, size = fields.starts[d, coordinate], fields.sizes[d, coordinate]
        for j in range(size - 1, -1, -1):
            offset = ((start + j) % input_shape[d]) * stride
            away = 0.0
            if deviations.size > 0:
                away = (start + j - fields.centres[d, coordinate]) / deviations[d]
            for i in range(count):
                bits[j * count + i] = bits[i] + offset
                distances[j * count + i] = distances[i] + 0.5 * away * away
        count *= size
        stride *= input_shape[d]
    for j in range(n_channels - 1, -1, -1):
        for i in range(count):
            bits[j * count + i] = bits[i] + j
            distances[j * count + i] = distances[i]
    return count * n_channels


class Drawing(NamedTuple):
    """What potential pools are drawn from, and into; n is the size of the largest field."""

    fields: Fields
    seed: int
    indptr: NDArray[np.int64]
    """(C + 1,) where the pool of each column begins"""
    indices: NDArray[np.int32]
    """(S,) the input bits of the pools, which are drawn"""
    bits: NDArray[np.int64]
    """(n,)"""
    distances: NDArray[np.float64]
    """(n,)"""
    chosen: NDArray[np.int32]
    """(n,)"""
    pool: NDArray[np.uint64]
    """(W,) all 0"""
    state: NDArray[np.uint64]
    """(1,) of the random numbers"""
    picked: NDArray[np.uint8]
    """(n,) all 0 where chances are equal, else (0,)"""
    keys: NDArray[np.uint32]
    """(n,) where chances differ, else (0,)"""
    selection: SelectionScratch
    """Then for n keys"""


@helper
def _begin(own: Drawing, row: int, n_bits: int) -> int:
    """Start the random numbers of a row, and list its field; return the number of its bits.

    Columns that all see the same bits with the same chances need them listed only once.
    """
    fields = own.fields
    column = fields.first + row
    own.state[0] = np.uint64(own.seed) + np.uint64(column) * np.uint64(0xD1B54A32D192ED03)
    own.state[0] = _next_random(own.state)
    if row == 0 or not (fields.all_alike or column % fields.group_size):
        return _enumerate_field(column // fields.group_size, fields, own.bits, own.distances)
    return n_bits


@helper
def _write(own: Drawing, row: int) -> None:
    """Write the chosen bits of a row. Reading them off a bit map puts them in ascending order."""
    pool, position = own.pool, own.indptr[row]
    for i in range(own.indptr[row + 1] - position):
        bit = own.bits[own.chosen[i]]
        pool[bit >> 6] |= np.uint64(1) << np.uint64(bit & 63)
    for w in range(pool.size):
        word = pool[w]
        pool[w] = 0
        while word != 0:
            own.indices[position] = 64 * w + lowest_one(word)
            word &= word - np.uint64(1)
            position += 1


@step
def draw_evenly(block: Drawing) -> int:
    """Draw each column's potential pool from its receptive field, with equal chances.

    The c-th column from `fields.first` on gets `indptr[c + 1] - indptr[c]` different bits of its
    field, in ascending order. Each column has its own random stream under the seed.
    """
    own = at(block)
    chosen, picked, state = own.chosen, own.picked, own.state
    n_bits: Any = np.int64(0)
    for row in range(own.indptr.size - 1):
        n_bits = _begin(own, row, n_bits)
        n_wanted = own.indptr[row + 1] - own.indptr[row]
        # Floyd's sampling: one draw for each element of the sample.
        for i in range(n_wanted):
            last = n_bits - n_wanted + i
            j = np.int64(_next_random(state) % np.uint64(last + 1))
            chosen[i] = last if picked[j] else j
            picked[chosen[i]] = 1
        for i in range(n_wanted):
            picked[chosen[i]] = 0
        _write(own, row)
    return 0


@step
def draw_by_distance(block: Drawing) -> int:
    """Do what `draw_evenly` does, with chances proportional to a Gaussian of the distance.

    One after another without replacement, by the largest logarithmic weights plus Gumbel noise
    (Efraimidis and Spirakis 2006, doi:10.1016/j.ipl.2005.11.003).
    """
    own = at(block)
    keys, state = own.keys, own.state
    n_bits: Any = np.int64(0)
    no_guess: Any = np.int64(0)
    for row in range(own.indptr.size - 1):
        n_bits = _begin(own, row, n_bits)
        n_wanted = own.indptr[row + 1] - own.indptr[row]
        for i in range(n_bits):
            u = (np.float64(_next_random(state) >> np.uint64(11)) + 0.5) * 2.0**-53
            keys[i] = order_key(np.float32(-math.log(-math.log(u)) - own.distances[i]))
        select_top(keys[:n_bits], n_wanted, no_guess, own.selection, own.chosen, FIRST_WINS)
        _write(own, row)
    return 0
