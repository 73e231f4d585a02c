"""The cycle of a Spatial Pooler: once, for one input and for many, on one core and on several.

Find the active columns: overlap, boost, inhibit. Learn from them: adapt permanences, update duty
cycles, raise weak columns, update boost factors. One input is a batch of one, and a chunk of inputs
is a loop over batches. Where there are several workers, they share out the inputs of a batch, or
blocks of columns.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.boosting import boost_overlaps, update_boost_factors, update_duty_cycles
from fastsp.kernels.classic import Seen, boost_plainly, learn_plainly
from fastsp.kernels.inhibition.compete import compete, compete_in_order
from fastsp.kernels.inhibition.grouped import select_in_groups
from fastsp.kernels.jit import inlined, kernel, step
from fastsp.kernels.learning import adapt_columns, fill_changes
from fastsp.kernels.llvm.bits import WORD
from fastsp.kernels.overlap import count_columns, count_overlaps, split_inputs
from fastsp.kernels.scratch import NeighbourhoodScratch, Scratch
from fastsp.kernels.segments import point_to_columns, point_to_segments, take_best_segments
from fastsp.kernels.state import BIT_WORDS, GROUPED_INHIBITION, Chunk, Classic, Pooler
from fastsp.kernels.weak import (
    raise_weak_columns,
    refresh_boost_factors,
    update_overlap_duty_cycles,
)
from fastsp.kernels.workers import Team, Worker, n_shares, share, take_part

INFER, LEARN, FIND, ADAPT = 0, 1, 2, 3
"""What to do with a chunk: find the active columns and change nothing; find and learn, batch by
batch; or one half of that, for a batch that is larger than a chunk."""
STRETCH = 1024
"""Columns, about, that are counted, boosted and let compete before the next, where in groups."""
_NONE: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
_NO_PART: Any = np.int64(-1)


@inlined
def run_chunk(pooler: Pooler, chunk: Chunk, task: int, worker: Worker, team: Team) -> None:
    """Run the cycles of a chunk together with the other workers of a team, if there are others.

    Fills `chunk.active` and `chunk.n_active`; changes `pooler` where the task is to learn. The
    active columns of a batch are all found with the permanences and boost factors from before it.
    """
    n, by_blocks = chunk.inputs.shape[0], team.n_workers > 1 and pooler.rule.n_segments == 1
    batch_size = pooler.rule.batch_size if task == LEARN else max(n, 1)
    phase: Any = _NONE
    for start in range(0, n, batch_size):
        end = min(start + batch_size, n)
        if task != ADAPT and by_blocks and end - start == 1:
            phase = _find_by_blocks(pooler, chunk, start, worker, team, phase)
        elif task != ADAPT:
            phase = _find_by_inputs(pooler, chunk, (start, end), task, worker, team, phase)
        if task in (LEARN, ADAPT):
            phase = _learn_by_blocks(pooler, chunk, start, end, worker, team, phase)


@inlined
def find_active(
    pooler: Pooler, chunk: Chunk, first: int, last: int, learns: bool, scratch: Scratch
) -> None:
    """Find the active columns of inputs `first` to `last`: overlap, boost, inhibit.

    Changes only `chunk` and `scratch`; and where the pooler `learns`, the overlap duty cycles, and
    `chunk.active` holds the rows of the best segments where columns have several.
    """
    columns, rule = pooler.columns, pooler.rule
    n_rows, together = columns.tie_breakers.size, scratch.overlaps.shape[0]
    in_words = pooler.overlap_index.layout == BIT_WORDS
    in_groups = rule.inhibition == GROUPED_INHIBITION and rule.n_segments == 1 and in_words
    for start in range(first, last, together):
        end = min(last, start + together)
        inputs = chunk.inputs[start:end]
        if in_groups:
            _find_group_by_group(pooler, chunk, start, end, scratch)
        else:
            count_overlaps(inputs, pooler.overlap_index, _NONE, n_rows, scratch, scratch.overlaps)
        for i in range(start, end):
            overlaps = scratch.overlaps[i - start]
            if rule.n_segments > 1:
                boost_overlaps(overlaps, columns, rule, _NONE, n_rows, scratch.segment_keys)
                take_best_segments(scratch.segment_keys, scratch.keys, scratch.best_segments)
            elif not in_groups:
                _boost(overlaps, pooler, _NONE, n_rows, scratch.keys, pooler.classic)
            if not in_groups:
                chunk.n_active[i] = _compete(pooler, scratch, chunk.active[i], pooler.classic)
                _tell_keys(chunk, i, _NONE, scratch.keys)
            if learns and rule.weak_column_share > 0.0:
                update_overlap_duty_cycles(overlaps, columns, rule)
            if learns and rule.n_segments > 1:
                active = chunk.active[i, : chunk.n_active[i]]
                point_to_segments(active, scratch.best_segments, rule.n_segments)


@step
def _tell_keys(chunk: Chunk, i: int, first: int, keys: NDArray[np.uint32]) -> None:
    """Write the keys of the active columns of input `i`, from the `first` on, where wanted."""
    if chunk.keys.shape[1] > 0:
        for j in range(first, chunk.n_active[i]):
            chunk.keys[i, j] = keys[chunk.active[i, j]]


@step
def _find_group_by_group(
    pooler: Pooler, chunk: Chunk, start: int, end: int, scratch: Scratch
) -> None:
    """Find the active columns of inputs `start` to `end`, some groups after the other.

    So what is counted, boosted and chosen from stays in the fastest cache, for all of the inputs.
    """
    rule, index, n_columns = pooler.rule, pooler.overlap_index, pooler.columns.tie_breakers.size
    n_wanted = rule.n_active // (n_columns // rule.group_size)
    inputs = chunk.inputs[start:end]
    split_inputs(inputs, index, scratch)
    chunk.n_active[start:end] = 0
    n_some = max(1, STRETCH // rule.group_size) * rule.group_size
    n_counted = _NONE
    for first in range(0, n_columns, n_some):
        last = min(first + n_some, n_columns)
        needed = min((last + WORD - 1) // WORD * WORD, n_columns)
        if needed > n_counted:
            count_columns(inputs, index, n_counted, needed, scratch, scratch.overlaps)
            n_counted = needed
        keys = scratch.keys[first:last]
        for i in range(start, end):
            overlaps = scratch.overlaps[i - start]
            _boost(overlaps, pooler, first, last, scratch.keys, pooler.classic)
            own = chunk.active[i, chunk.n_active[i] :]
            n_own = select_in_groups(keys, rule.group_size, n_wanted, scratch.selection, own)
            for j in range(n_own):
                own[j] += np.int32(first)
            n_before = chunk.n_active[i]
            chunk.n_active[i] = n_before + n_own
            _tell_keys(chunk, i, n_before, scratch.keys)


@step
def _boost(
    overlaps: NDArray[np.uint16],
    pooler: Pooler,
    first: int,
    last: int,
    keys: NDArray[np.uint32],
    classic: Classic | None,
) -> None:
    if classic is None:
        boost_overlaps(overlaps, pooler.columns, pooler.rule, first, last, keys)
    else:
        boost_plainly(overlaps, pooler.columns, pooler.rule, classic, first, last, keys)


@step
def _compete(
    pooler: Pooler, scratch: Scratch, active: NDArray[np.int32], classic: Classic | None
) -> int:
    if classic is None:
        return compete(pooler.inhibition, pooler.rule, scratch, active)
    return compete_in_order(pooler.inhibition, pooler.rule, scratch, active)


@step
def _learn(
    pooler: Pooler,
    chunk: Chunk,
    batch: tuple[int, int],
    first: int,
    last: int,
    worker: Worker,
    classic: Classic | None,
) -> None:
    start, end = batch
    if classic is None:
        learn_from(pooler, chunk, start, end, first, last, worker)
    else:
        # A batch of one, whose overlaps are still where they were counted.
        overlaps, active = worker.shared.overlaps[0], chunk.active[start, : chunk.n_active[start]]
        if last - first < overlaps.size:
            active = active[_n_below(active, first) : _n_below(active, last)]
        seen, t = Seen(chunk.inputs[start], overlaps, active), classic.clock[0] + start + 1
        learn_plainly(seen, t, pooler, classic, first, last, worker.scratch)


@inlined
def learn_from(
    pooler: Pooler, chunk: Chunk, start: int, end: int, first: int, last: int, worker: Worker
) -> None:
    """Learn from inputs `start` to `end` of a batch in the rows `first` to `last`.

    Adapts the permanences of active columns and updates duty cycles; at the end of the batch raises
    weak columns and updates boost factors.
    """
    columns, rule, scratch = pooler.columns, pooler.rule, worker.scratch
    whole = last - first == columns.tie_breakers.size
    for i in range(start, end):
        active = chunk.active[i, : chunk.n_active[i]]
        if not whole:
            active = active[_n_below(active, first) : _n_below(active, last)]
        fill_changes(chunk.inputs[i], rule, scratch.changes)
        adapt_columns(
            active, pooler.synapses, rule, scratch.changes, pooler.overlap_index, scratch.flips
        )
        update_duty_cycles(active, columns, rule, first, last, scratch.work)
        if rule.n_segments > 1:
            point_to_columns(active, rule.n_segments)
    n_earlier = chunk.progress[0]
    if n_earlier >= 0:
        end_batch(pooler, n_earlier + end - start, first, last, worker.near)


@step
def end_batch(
    pooler: Pooler, n: int, first: int, last: int, near: NeighbourhoodScratch | None
) -> None:
    """End a batch of `n` inputs in the rows `first` to `last`: weak columns and boost factors.

    Without `near` columns are not compared with their neighbourhood, and what would do so is not
    even compiled.
    """
    if near is None:
        update_boost_factors(pooler.columns, pooler.rule, first, last)
    else:
        if pooler.rule.weak_column_share > 0.0:
            raise_weak_columns(n, pooler, near)
        refresh_boost_factors(pooler.columns, pooler.inhibition, pooler.rule, near)


@kernel
def _n_below(active: NDArray[np.int32], bound: int) -> int:
    """Return how many of the ascending `active` are below `bound`."""
    low, high = 0, active.size
    while low < high:
        middle = (low + high) // 2
        if active[middle] < bound:
            low = middle + 1
        else:
            high = middle
    return low


@step
def _find_by_inputs(
    pooler: Pooler,
    chunk: Chunk,
    batch: tuple[int, int],
    task: int,
    worker: Worker,
    team: Team,
    phase: int,
) -> int:
    """Find the active columns of a batch by shares of its inputs; return the next phase."""
    start, end = batch
    n_parts = team.bounds.size - 1 if task == LEARN else n_shares(team, end - start)
    part = take_part(team, worker.number, n_parts, phase, _NO_PART)
    while part < n_parts:
        first, last = share(end - start, part, n_parts)
        find_active(pooler, chunk, start + first, start + last, task != INFER, worker.scratch)
        part = take_part(team, worker.number, n_parts, phase, part)
    return phase + 1


@step
def _find_by_blocks(
    pooler: Pooler, chunk: Chunk, i: int, worker: Worker, team: Team, phase: int
) -> int:
    """Find the active columns of input `i` by blocks of columns; return the next phase.

    For columns of one segment. The boosted overlaps of all blocks meet in the scratch space that
    the workers share; in a second phase one of them lets the columns compete.
    """
    shared, bounds = worker.shared, team.bounds
    n_parts = bounds.size - 1
    part = take_part(team, worker.number, n_parts, phase, _NO_PART)
    while part < n_parts:
        first, last = bounds[part], bounds[part + 1]
        inputs = chunk.inputs[i : i + 1]
        count_overlaps(inputs, pooler.overlap_index, first, last, worker.scratch, shared.overlaps)
        _boost(shared.overlaps[0], pooler, first, last, shared.keys, pooler.classic)
        part = take_part(team, worker.number, n_parts, phase, part)
    part = take_part(team, worker.number, n_parts, phase + 1, _NO_PART)
    while part < n_parts:
        if part == 0:
            active = chunk.active[i]
            chunk.n_active[i] = _compete(pooler, shared, active, pooler.classic)
        part = take_part(team, worker.number, n_parts, phase + 1, part)
    return phase + 2


@step
def _learn_by_blocks(
    pooler: Pooler, chunk: Chunk, start: int, end: int, worker: Worker, team: Team, phase: int
) -> int:
    """Learn from a batch by blocks of columns; return the next phase."""
    bounds = team.bounds
    n_parts = bounds.size - 1
    part = take_part(team, worker.number, n_parts, phase, _NO_PART)
    while part < n_parts:
        first, last = bounds[part], bounds[part + 1]
        _learn(pooler, chunk, (start, end), first, last, worker, pooler.classic)
        part = take_part(team, worker.number, n_parts, phase, part)
    return phase + 1
