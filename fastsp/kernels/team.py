"""Learning by a team of threads, bit for bit as one thread would.

Every thread of a team enters `learn` with the same arguments but for its number, and all together
run a chunk of inputs. Columns lie in blocks, one for each thread, and what belongs to the columns
of a block is changed by one thread at a time: permanences, duty cycles, boost factors, and their
part of the overlap index, for which connected lists are divided by blocks and put together again
at the end.

Work goes in phases, each of as many parts as there are blocks, and a phase begins when all parts of
the one before are done. Parts belong to nobody: a thread prefers the part of its own number, whose
memory its processor knows, but takes any that is left. So nobody waits for a thread that has no
processor, unless that is amid a part; a single thread can do it all, and no thread must come.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.boosting import excite, update_boost_factors, update_duty_cycles
from fastsp.kernels.counters import increment_counter, take_part
from fastsp.kernels.cycle import FLIP_ROOM, Scratch, choose_columns, compete, new_scratch
from fastsp.kernels.inhibition import Inhibition
from fastsp.kernels.jit import kernel
from fastsp.kernels.learning import Flips, adapt_columns, fill_changes, new_flips
from fastsp.kernels.overlap import count_overlaps
from fastsp.kernels.state import (
    CONNECTED_LISTS,
    Columns,
    ConnectedLists,
    OverlapIndex,
    Rule,
    Synapses,
)


class Shared(NamedTuple):
    """What the threads of a team share in a chunk, beside the pooler: P blocks, C columns."""

    counters: NDArray[np.int64]
    """See `counters.new_counters`."""
    bounds: NDArray[np.int64]
    """(P + 1,) block b is columns bounds[b] to bounds[b + 1]; multiples of 64, but for C"""
    starts: NDArray[np.int64]
    """(P, N + 1) `starts` and"""
    lengths: NDArray[np.int64]
    """(P, N) `lengths` of the connected lists of each block; (P, 0) for other layouts"""
    changes: NDArray[np.float32]
    """(64 W,)"""
    scratch: Scratch
    """Of the one input whose columns are chosen by all threads together."""


@kernel
def _share(n: int, part: int, n_parts: int) -> tuple[int, int]:
    return n * part // n_parts, n * (part + 1) // n_parts


@kernel
def _count_rooms(synapses: Synapses, first: int, last: int, rooms: NDArray[np.int64]) -> None:
    """Fill `rooms` (N,): how many potential synapses columns `first` to `last` have at each bit."""
    rooms[:] = 0
    for i in range(synapses.indptr[first], synapses.indptr[last]):
        rooms[synapses.indices[i]] += 1


@kernel
def _divide_lists(
    lists: ConnectedLists, bounds: NDArray[np.int64], part: int, shared: Shared
) -> None:
    """Divide the lists of a share of the bits by blocks, within the room of each list.

    Fills `starts` and `lengths` of all blocks there; `lengths` holds the rooms before.
    """
    n_parts, n_inputs = shared.lengths.shape
    low, high = _share(n_inputs, part, n_parts)
    longest = 0
    for bit in range(low, high):
        longest = max(longest, lists.lengths[bit])
    copied = np.empty(longest, lists.columns.dtype)
    for bit in range(low, high):
        start, n = lists.starts[bit], lists.lengths[bit]
        copied[:n] = lists.columns[start : start + n]
        for block in range(n_parts):
            shared.starts[block, bit] = start
            start += shared.lengths[block, bit]
            shared.lengths[block, bit] = 0
        for i in range(n):
            column = copied[i]
            block = 0
            while column >= bounds[block + 1]:
                block += 1
            lists.columns[shared.starts[block, bit] + shared.lengths[block, bit]] = column
            shared.lengths[block, bit] += 1


@kernel
def _join_lists(lists: ConnectedLists, part: int, shared: Shared) -> None:
    """Undo `_divide_lists` for a share of the bits; the order within a list may differ."""
    n_parts, n_inputs = shared.lengths.shape
    low, high = _share(n_inputs, part, n_parts)
    for bit in range(low, high):
        end = lists.starts[bit]
        for block in range(n_parts):
            start = shared.starts[block, bit]
            for i in range(start, start + shared.lengths[block, bit]):
                lists.columns[end] = lists.columns[i]
                end += 1
        lists.lengths[bit] = end - lists.starts[bit]


@kernel
def _part_of_index(index: OverlapIndex, block: int, shared: Shared) -> OverlapIndex:
    """Return the index as it is for the columns of a block."""
    lists = index.lists
    if index.layout == CONNECTED_LISTS:
        lists = ConnectedLists(lists.columns, shared.starts[block], shared.lengths[block])
    return OverlapIndex(index.layout, index.n_planes, index.bits, lists, index.connected_counts)


@kernel
def _part_of_columns(columns: Columns, first: int, last: int) -> Columns:
    return Columns(
        columns.active_duty_cycles[first:last],
        columns.log_duty_cycles[first:last],
        columns.boost_factors[first:last],
        columns.tie_breakers[first:last],
        columns.thresholds[first:last],
        columns.targets[first:last],
        columns.connected_counts[first:last],
        columns.overlap_duty_cycles[first:last],
        columns.tie_keys[first:last],
    )


@kernel
def _excite_blocks(
    words: NDArray[np.uint64],
    index: OverlapIndex,
    columns: Columns,
    rule: Rule,
    first_block: int,
    last_block: int,
    shared: Shared,
    planes: NDArray[np.uint64],
    scratch: Scratch,
) -> None:
    """Fill overlaps and keys in `scratch` for the columns of some blocks.

    Of one input, (1, W).
    """
    for block in range(first_block, last_block):
        count_overlaps(
            words,
            _part_of_index(index, block, shared),
            shared.bounds[block],
            shared.bounds[block + 1],
            planes,
            scratch.overlaps,
        )
    first, last = shared.bounds[first_block], shared.bounds[last_block]
    excite(
        scratch.overlaps[0, first:last],
        _part_of_columns(columns, first, last),
        rule,
        scratch.keys[first:last],
    )


@kernel
def _adapt_block(
    winners: NDArray[np.int32],
    synapses: Synapses,
    changes: NDArray[np.float32],
    index: OverlapIndex,
    columns: Columns,
    rule: Rule,
    block: int,
    shared: Shared,
    flips: Flips,
    positions: NDArray[np.int32],
    work: NDArray[np.float64],
) -> None:
    """Learn from one input, whose active columns are `winners`, in the columns of a block."""
    first, last = shared.bounds[block], shared.bounds[block + 1]
    low, high = np.searchsorted(winners, first), np.searchsorted(winners, last)
    threshold = np.float32(rule.connected_threshold)
    adapt_columns(winners[low:high], synapses, changes, threshold, index, flips)
    own = positions[: high - low]
    for j in range(own.size):
        own[j] = winners[low + j] - first
    update_duty_cycles(own, _part_of_columns(columns, first, last), rule, work)


@kernel
def learn(
    inputs: NDArray[np.uint64],
    synapses: Synapses,
    index: OverlapIndex,
    columns: Columns,
    inhibition: Inhibition,
    rule: Rule,
    active: NDArray[np.int32],
    n_active: NDArray[np.int64],
    shared: Shared,
    thread: int,
) -> None:
    """Find the active columns of every packed input and learn from each, as `cycle.learn` does.

    All threads of a team call this, with the same arguments but for their number `thread`; when all
    have returned, the chunk is done.

    Phases come in pairs. In the first of a pair a part is a block of columns: it learns from the
    batch before and, where a batch is a single input, takes up the next. In the second the active
    columns are found: in batches of one by whoever has part 0, while the others prepare the changes
    of permanences; in larger ones, a part is a share of the inputs.
    """
    n_parts = shared.bounds.size - 1
    n, batch_size = inputs.shape[0], rule.batch_size
    n_batches = (n + batch_size - 1) // batch_size
    before = 2 if index.layout == CONNECTED_LISTS else 0
    n_phases = before + 2 * n_batches + 1 + before // 2
    whole = new_scratch(columns, index, inhibition, rule)
    changes = np.empty(shared.changes.size, np.float32)
    flips = new_flips(FLIP_ROOM + 64 * inputs.shape[1])
    positions = np.empty(active.shape[1], np.int32)
    work = np.empty(active.shape[1], np.float64)
    guess = 0
    while True:
        phase, part = take_part(shared.counters, thread, n_parts, n_phases)
        if phase == n_phases:
            return
        batch = (phase - before) // 2
        first, last = shared.bounds[part], shared.bounds[part + 1]
        start, end = batch * batch_size, min((batch + 1) * batch_size, n)
        if phase < before:
            if phase == 0:
                _count_rooms(synapses, first, last, shared.lengths[part])
            else:
                _divide_lists(index.lists, shared.bounds, part, shared)
        elif phase - before > 2 * n_batches:
            _join_lists(index.lists, part, shared)
        elif (phase - before) % 2 == 0:
            own_index = _part_of_index(index, part, shared)
            for i in range(max(0, start - batch_size), min(start, n)):
                own_changes = shared.changes
                if batch_size > 1:
                    own_changes = changes
                    increment, decrement = rule.permanence_increment, rule.permanence_decrement
                    fill_changes(inputs[i], increment, decrement, changes)
                winners = active[i, : n_active[i]]
                _adapt_block(
                    winners,
                    synapses,
                    own_changes,
                    own_index,
                    columns,
                    rule,
                    part,
                    shared,
                    flips,
                    positions,
                    work,
                )
            update_boost_factors(_part_of_columns(columns, first, last), rule)
            if batch_size == 1 and batch < n_batches:
                _excite_blocks(
                    inputs[start:end],
                    index,
                    columns,
                    rule,
                    part,
                    part + 1,
                    shared,
                    whole.planes,
                    shared.scratch,
                )
        elif batch_size == 1:
            if part == 0:
                n_active[start], guess = compete(
                    inhibition, rule, guess, shared.scratch, active[start]
                )
            if part > 0 or n_parts == 1:
                helper, n_helpers = max(0, part - 1), max(1, n_parts - 1)
                low, high = _share(inputs.shape[1], helper, n_helpers)
                fill_changes(
                    inputs[start, low:high],
                    rule.permanence_increment,
                    rule.permanence_decrement,
                    shared.changes[64 * low : 64 * high],
                )
        else:
            low, high = _share(end - start, part, n_parts)
            low, high = start + low, start + high
            if index.layout != CONNECTED_LISTS:
                guess = choose_columns(
                    inputs[low:high],
                    index,
                    columns,
                    inhibition,
                    rule,
                    guess,
                    whole,
                    active[low:high],
                    n_active[low:high],
                )
            else:
                for i in range(low, high):
                    own = inputs[i : i + 1]
                    _excite_blocks(
                        own, index, columns, rule, 0, n_parts, shared, whole.planes, whole
                    )
                    n_active[i], guess = compete(inhibition, rule, guess, whole, active[i])
        increment_counter(shared.counters, 0)
