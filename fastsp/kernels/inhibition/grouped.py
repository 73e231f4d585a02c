"""Grouped inhibition: in each of many equal groups of columns, the k most excited win.

In come keys in the order of the excitement, groups one after the other; out go the positions of the
active columns. Where k is small, a bound is found that leaves few candidates in a group, yet
enough: the keys are dealt out to 16 lanes, and the k-th largest of the lanes' maxima is reached by
at least k keys, and hardly by more.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Block, at
from fastsp.kernels.inhibition.top import FIRST_WINS, SelectionScratch, select_top, write_positions
from fastsp.kernels.jit import helper, kernel, step
from fastsp.kernels.llvm.bits import WORD
from fastsp.kernels.llvm.keys import bound_of_group, lanes_at_least
from fastsp.kernels.llvm.lanes import LANES
from fastsp.kernels.state import Chunk, room_behind

MOST_SURPLUS = 8
"""So many candidates above the k wanted are discarded one by one; with more, ties are many."""


@helper
def _collect(
    keys: NDArray[np.uint32], first: int, size: int, bound: int, positions: NDArray[np.int32]
) -> int:
    """Write the ascending positions of those of `keys[first :][:size]` >= bound; count them."""
    count: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
    for start in range(0, size, WORD):
        found = np.uint64(0)
        for offset in range(start, min(start + WORD, size), LANES):
            place = min(offset, size - LANES)
            lanes = lanes_at_least(keys, first + place, bound) >> np.uint64(offset - place)
            found |= lanes << np.uint64(offset - start)
        count = write_positions(found, first + start, positions, count)
    return int(count)


@helper
def _discard_smallest(keys: NDArray[np.uint32], positions: NDArray[np.int32]) -> None:
    """Take out of `positions` that of the smallest key, of equal ones the last; close the gap."""
    smallest = 0
    for i in range(1, positions.size):
        if keys[positions[i]] <= keys[positions[smallest]]:
            smallest = i
    for i in range(smallest, positions.size - 1):
        positions[i] = positions[i + 1]


@helper
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
        bound = max(1, bound_of_group(keys, first, size, n_wanted, scratch.maxima))
        n_candidates = _collect(keys, first, size, bound, positions)
        if n_candidates <= n_wanted + MOST_SURPLUS:
            for n in range(n_candidates, n_wanted, -1):
                _discard_smallest(keys, positions[:n])
            n_selected = min(n_candidates, n_wanted)
            for i in range(n_selected):
                selected[i] = positions[i]
            return n_selected
    no_guess: Any = np.int64(0)
    own = keys[first : first + size]
    n_selected, _ = select_top(own, n_wanted, no_guess, scratch, selected, FIRST_WINS)
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
    padded = scratch.padded
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


class Grouped(NamedTuple):
    """Columns compete with those of their group."""

    keys: NDArray[np.uint32]
    """(C,)"""
    group_size: int
    n_active: int
    """Active columns in each group"""
    selection: SelectionScratch
    chunk: Block[Chunk]


@step
def compete_in_groups(block: Grouped, i: int, first: int, last: int) -> int:
    """Let the columns of each group compete, of whole groups; see `Finding.compete`."""
    own = at(block)
    room, keys = room_behind(at(own.chunk), i), own.keys[first:last]
    n = select_in_groups(keys, own.group_size, own.n_active, own.selection, room)
    for j in range(n):
        room[j] += np.int32(first)
    return n
