"""Potential pools: which input bits each column may connect to, drawn without replacement."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.inhibition.top import new_selection_scratch, select_top
from fastsp.kernels.jit import allocating_kernel, kernel
from fastsp.kernels.llvm.bits import lowest_one
from fastsp.kernels.order import order_keys


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


@kernel
def _next_random(state: NDArray[np.uint64]) -> np.uint64:
    """Advance `state` (1,) and return 64 random bits (SplitMix64, doi:10.1145/2660193.2660195)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.uint64(z ^ (z >> np.uint64(31)))


@kernel
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


@allocating_kernel
def draw_pools(
    fields: Fields, seed: np.uint64, indptr: NDArray[np.int64], indices: NDArray[np.int32]
) -> None:
    """Draw each column's potential pool from its receptive field and write it to `indices`.

    The c-th column from `fields.first` on gets `indptr[c + 1] - indptr[c]` different bits of its
    field, in ascending order: with equal chances where there are no deviations; else with chances
    proportional to the Gaussian, one after another without replacement, by the largest logarithmic
    weights plus Gumbel noise (Efraimidis and Spirakis 2006, doi:10.1016/j.ipl.2005.11.003). Each
    column has its own random stream under `seed`.
    """
    column_shape, input_shape = fields.column_shape, fields.input_shape
    starts, sizes, deviations = fields.starts, fields.sizes, fields.deviations
    n_inputs = 1
    largest: Any = np.int64(1)  # a plain 1 would be a type of its own, and compile twice
    for d in range(input_shape.size):
        n_inputs *= input_shape[d]
        longest = input_shape[d]
        if d < column_shape.size:
            longest = 1
            for x in range(column_shape[d]):
                longest = max(longest, sizes[d, x])
        largest *= longest
    bits, distances = np.empty(largest, np.int64), np.empty(largest, np.float64)
    scores, keys = np.empty(largest, np.float32), np.empty(largest, np.uint32)
    chosen, scratch = np.empty(largest, np.int32), new_selection_scratch(largest)
    pool = np.zeros((n_inputs + 63) // 64, np.uint64)
    picked = np.zeros(largest, np.uint8)
    no_guess: Any = np.int64(0)
    state = np.empty(1, np.uint64)
    everywhere_the_same = deviations.size == 0
    for d in range(column_shape.size):
        for x in range(1, column_shape[d]):
            everywhere_the_same &= starts[d, x] == starts[d, 0] and sizes[d, x] == sizes[d, 0]
    n_bits = 0
    for row in range(indptr.size - 1):
        column = fields.first + row
        state[0] = seed + np.uint64(column) * np.uint64(0xD1B54A32D192ED03)
        state[0] = _next_random(state)
        # Columns that all see the same bits with the same chances need them listed only once.
        if row == 0 or not (everywhere_the_same or column % fields.group_size):
            n_bits = _enumerate_field(column // fields.group_size, fields, bits, distances)
        n_wanted = indptr[row + 1] - indptr[row]
        if deviations.size > 0:
            for i in range(n_bits):
                u = (np.float64(_next_random(state) >> np.uint64(11)) + 0.5) * 2.0**-53
                scores[i] = -math.log(-math.log(u)) - distances[i]
            order_keys(scores[:n_bits], keys[:n_bits])
            select_top(keys[:n_bits], n_wanted, no_guess, scratch, chosen)
        else:
            # Floyd's sampling: one draw for each element of the sample.
            for i in range(n_wanted):
                last = n_bits - n_wanted + i
                j = np.int64(_next_random(state) % np.uint64(last + 1))
                chosen[i] = last if picked[j] else j
                picked[chosen[i]] = 1
            for i in range(n_wanted):
                picked[chosen[i]] = 0
        for i in range(n_wanted):
            bit = bits[chosen[i]]
            pool[bit >> 6] |= np.uint64(1) << np.uint64(bit & 63)
        # Reading the pool off a bit map puts it in ascending order.
        position = indptr[row]
        for w in range(pool.size):
            word = pool[w]
            pool[w] = 0
            while word != 0:
                indices[position] = 64 * w + lowest_one(word)
                word &= word - np.uint64(1)
                position += 1
