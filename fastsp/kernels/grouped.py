"""Grouped inhibition: in each of many equal groups of columns, the k most excited win.

In come keys in the order of the excitement, groups one after the other; out go the positions of the
active columns. Where k is small, a bound is found that leaves few candidates in a group, yet
enough: the keys are dealt out to 16 lanes, and the k-th largest of the lanes' maxima is reached by
at least k keys, and hardly by more.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.selection import SelectionScratch, select_top
from fastsp.kernels.vectors import (
    _I32,
    _I64,
    LANES,
    WORD,
    _load,
    _splat,
    compiled_by,
    lanes_at_least,
    lowest_one,
)

MOST_SURPLUS = 8
"""So many candidates above the k wanted are discarded one by one; with more, ties are many."""

_KEYS = ir.VectorType(_I32, LANES)


def _generate_bound(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    keys, first, size, n_wanted = arguments
    zeros, one = ir.Constant(_KEYS, [0] * LANES), ir.Constant(_I64, 1)
    kind = ir.FunctionType(_I32, [_KEYS])
    largest_of = cgutils.get_or_insert_function(
        builder.module, kind, f"llvm.vector.reduce.umax.v{LANES}i32"
    )
    # The last vector overlaps the one before, of which it skips what is done.
    end = builder.add(first, size)
    last = builder.sub(end, ir.Constant(_I64, LANES))
    rest = builder.and_(size, ir.Constant(_I64, LANES - 1))
    numbers = ir.Constant(_KEYS, list(range(LANES)))
    skip = builder.trunc(builder.sub(ir.Constant(_I64, LANES), rest), _I32)
    is_new = builder.icmp_unsigned(">=", numbers, _splat(builder, skip, LANES))
    begun = builder.select(is_new, _load(builder, keys, last, _I32, LANES), zeros)
    before = builder.block
    loop, rank, done = (builder.append_basic_block(name) for name in ("keys", "rank", "ranked"))
    builder.branch(loop)
    builder.position_at_end(loop)
    position, maxima = builder.phi(_I64), builder.phi(_KEYS)
    position.add_incoming(first, before)
    maxima.add_incoming(begun, before)
    own = _load(builder, keys, position, _I32, LANES)
    larger = builder.select(builder.icmp_unsigned(">", own, maxima), own, maxima)
    following = builder.add(position, ir.Constant(_I64, LANES))
    position.add_incoming(following, loop)
    maxima.add_incoming(larger, loop)
    builder.cbranch(builder.icmp_signed("<=", following, last), loop, rank)
    builder.position_at_end(rank)
    place, left = builder.phi(_I64), builder.phi(_KEYS)
    place.add_incoming(one, loop)
    left.add_incoming(larger, loop)
    largest = builder.call(largest_of, [left])
    is_largest = builder.icmp_unsigned("==", left, _splat(builder, largest, LANES))
    place.add_incoming(builder.add(place, one), rank)
    left.add_incoming(builder.select(is_largest, zeros, left), rank)
    builder.cbranch(builder.icmp_signed("<", place, n_wanted), rank, done)
    builder.position_at_end(done)
    return builder.zext(largest, _I64)


@compiled_by(_generate_bound, types.int64)
def bound_of_group(keys: NDArray[np.uint32], first: int, size: int, n_wanted: int) -> int:
    """Return a bound that at least `n_wanted` of `keys[first :][:size]` reach, or 0.

    `size` is at least 16, `n_wanted` between 1 and 16. Key i of the group is in lane i % 16, but
    those that do not fill a vector are in the last lanes; the bound is the `n_wanted`-th largest of
    the different maxima of lanes, 0 where there are not as many.
    """
    n_whole = size // LANES * LANES
    maxima = np.zeros(LANES, np.uint32)
    maxima[LANES - (size - n_whole) :] = keys[first + n_whole : first + size]
    for i in range(n_whole):
        maxima[i % LANES] = max(maxima[i % LANES], keys[first + i])
    largest = np.uint32(0)
    for _ in range(n_wanted):
        largest = maxima.max()
        maxima[maxima == largest] = 0
    return int(largest)


@kernel
def _collect(
    keys: NDArray[np.uint32], first: int, size: int, bound: int, positions: NDArray[np.int32]
) -> int:
    """Write the ascending positions of those of `keys[first :][:size]` >= bound; count them."""
    count = 0
    for start in range(0, size, WORD):
        found = np.uint64(0)
        for offset in range(start, min(start + WORD, size), LANES):
            place = min(offset, size - LANES)
            lanes = lanes_at_least(keys, first + place, bound) >> np.uint64(offset - place)
            found |= lanes << np.uint64(offset - start)
        while found != 0:
            positions[count] = first + start + lowest_one(found)
            found &= found - np.uint64(1)
            count += 1
    return count


@kernel
def _discard_smallest(keys: NDArray[np.uint32], positions: NDArray[np.int32]) -> None:
    """Take out of `positions` that of the smallest key, of equal ones the last; close the gap."""
    smallest = 0
    for i in range(1, positions.size):
        if keys[positions[i]] <= keys[positions[smallest]]:
            smallest = i
    for i in range(smallest, positions.size - 1):
        positions[i] = positions[i + 1]


@kernel
def _select_in_group(
    keys: NDArray[np.uint32],
    first: int,
    size: int,
    n_wanted: int,
    scratch: SelectionScratch,
    selected: NDArray[np.int32],
) -> int:
    """Write to `selected` the positions of the `n_wanted` largest of `keys[first :][:size]`.

    See `select_in_groups`. `size` is at least 16.
    """
    positions = scratch.candidates
    if n_wanted <= LANES:
        bound = max(1, bound_of_group(keys, first, size, n_wanted))
        n_candidates = _collect(keys, first, size, bound, positions)
        if n_candidates <= n_wanted + MOST_SURPLUS:
            for n in range(n_candidates, n_wanted, -1):
                _discard_smallest(keys, positions[:n])
            n_selected = min(n_candidates, n_wanted)
            for i in range(n_selected):
                selected[i] = positions[i]
            return n_selected
    no_guess: Any = np.int64(0)
    n_selected, _ = select_top(keys[first : first + size], n_wanted, no_guess, scratch, selected)
    for i in range(n_selected):
        selected[i] += np.int32(first)
    return n_selected


@kernel
def select_in_groups(
    keys: NDArray[np.uint32],
    group_size: int,
    n_wanted: int,
    scratch: SelectionScratch,
    selected: NDArray[np.int32],
) -> int:
    """Write to `selected` the ascending positions of the `n_wanted` largest keys of each group.

    `keys` (C,) holds whole groups, one after the other. Of equal keys the lower position wins; keys
    of 0 never do. Returns how many were selected. `scratch` is for C keys.
    """
    n_selected = 0
    padded = np.zeros(LANES, np.uint32)
    # Plain constants would be types of their own, and compile twice.
    no_offset: Any = np.int64(0)
    n_lanes: Any = np.int64(LANES)
    for first in range(0, keys.size, group_size):
        own = selected[n_selected:]
        if group_size >= LANES:
            n_selected += _select_in_group(keys, first, group_size, n_wanted, scratch, own)
        else:
            for i in range(group_size):
                padded[i] = keys[first + i]
            n_own = _select_in_group(padded, no_offset, n_lanes, n_wanted, scratch, own)
            for i in range(n_own):
                own[i] += np.int32(first)
            n_selected += n_own
    return n_selected
