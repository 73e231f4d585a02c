"""The cycle of a Spatial Pooler: once, for one input and for many, on one core and on several.

Find the active columns: count overlaps, boost, compete. Learn from them: adapt permanences, advance
duty cycles, raise weak columns, refresh boost factors. One input is a batch of one, and a chunk of
inputs is a loop over batches. Where there are several workers, they share out the inputs of a
batch, or blocks of columns.

What the steps do depends on the kind of pooler. They are closures (see `fastsp.kernels.blocks`),
so what is here is compiled once for all kinds.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import NOTHING, Block, Step, at, call
from fastsp.kernels.jit import helper, step
from fastsp.kernels.llvm.bits import WORD
from fastsp.kernels.segments import point_to_columns, point_to_segments
from fastsp.kernels.state import Chunk
from fastsp.kernels.workers import Team, n_shares, share, take_part

INFER, LEARN, FIND, ADAPT = 0, 1, 2, 3
"""What to do with a chunk: find the active columns and change nothing; find and learn, batch by
batch; or one half of that, for a batch that is larger than a chunk."""
_NONE: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
_NO_PART: Any = np.int64(-1)


class Finding(NamedTuple):
    """The steps by which one worker finds active columns."""

    count_overlaps: Step
    """(start, end, first, last, new): fill the overlaps of inputs `start` to `end` in the rows
    `first` to `last`; `new` is 1 where this worker has not counted these inputs before"""
    boost: Step
    """(place, first, last): turn overlaps, of the input at a place among those that are counted
    together, into keys in the order in which columns are chosen, 0 for those that cannot be"""
    compete: Step
    """(i, first, last): write the ascending winners among the columns `first` to `last` behind
    the active columns that input `i` has already; return their number. May change the keys"""


class Learning(NamedTuple):
    """The steps by which one worker learns; `NOTHING` where there is nothing to do."""

    watch: Step
    """(place,): take overlaps into the overlap duty cycles"""
    adapt: Step
    """(i, start, end): adapt the rows that `start` to `end` of the active of input `i` are"""
    advance: Step
    """(i, start, end, first, last): advance the duty cycles of the rows `first` to `last`, of which
    these are active"""
    raise_weak: Step
    """(n, first, last): raise weak rows after a batch of `n` inputs"""
    refresh: Step
    """(first, last): bring the boost factors up to date with the duty cycles"""


class Worker(NamedTuple):
    """What one worker needs to run cycles."""

    number: int
    find: Finding
    find_together: Finding
    """The same for the one input whose active columns all workers find together: what they fill is
    that of worker 0."""
    learn: Learning
    chunk: Block[Chunk]
    """A pointer to that of all workers"""
    keys: NDArray[np.uint32]
    """(C,) written by `boost`"""
    best_segments: NDArray[np.int32]
    """(C,) or (0,), the segments that represent their columns; written by `boost`"""
    n_rows: int
    n_segments: int
    batch_size: int
    together: int
    """Inputs that are counted together"""
    stretch: int
    """Columns that are counted, boosted and compete before the next: all, or some whole groups,
    which stay in the fastest cache then"""
    team: Team


@step
def run_chunk(block: Worker, task: int) -> int:
    """Run the cycles of the worker's chunk, alone or together with the others of its team.

    Fills `active` and `n_active` of the chunk; changes the pooler where the task is to learn. The
    active columns of a batch are all found with the permanences and boost factors from before it.
    Each enters into the chunk that all is done, which it is once the last of them returns.
    """
    worker = at(block)
    chunk, team = at(worker.chunk), worker.team
    n, alone = chunk.inputs.shape[0], team.n_workers == 1
    batch_size = worker.batch_size if task == LEARN else max(n, 1)
    phase: Any = _NONE
    for start in range(0, n, batch_size):
        end = min(start + batch_size, n)
        if alone:
            if task != ADAPT:
                _find_active(worker, chunk, start, end, task)
            if task in (LEARN, ADAPT):
                _learn_from(worker, chunk, start, end, _NONE, worker.n_rows)
        else:
            if task != ADAPT and end - start == 1 and worker.n_segments == 1:
                phase = _find_by_blocks(worker, chunk, start, phase)
            elif task != ADAPT:
                phase = _find_by_inputs(worker, chunk, start, end, task, phase)
            if task in (LEARN, ADAPT):
                phase = _learn_by_blocks(worker, chunk, start, end, phase)
    chunk.progress[1] = n
    return 0


@helper
def _find_active(worker: Worker, chunk: Chunk, first: int, last: int, task: int) -> None:
    """Find the active columns of inputs `first` to `last`: count overlaps, boost, compete.

    Changes only the chunk and scratch space; and where the task is to learn, the overlap duty
    cycles, and active are the rows of the best segments where columns have several.
    """
    find, watch = worker.find, worker.learn.watch
    n_columns, learns = worker.keys.size, task != INFER
    for start in range(first, last, worker.together):
        end = min(last, start + worker.together)
        n_counted = _NONE
        chunk.n_active[start:end] = 0
        for low in range(0, n_columns, worker.stretch):
            high, needed = min(low + worker.stretch, n_columns), worker.n_rows
            if high < n_columns:
                needed = min((high + WORD - 1) // WORD * WORD, needed)
            if needed > n_counted:
                call(find.count_overlaps, (start, end, n_counted, needed, n_counted == 0))
                n_counted = needed
            for i in range(start, end):
                call(find.boost, (i - start, low, high))
                n_before = chunk.n_active[i]
                chunk.n_active[i] = n_before + call(find.compete, (i, low, high))
                if chunk.keys.shape[1] > 0:
                    for j in range(n_before, chunk.n_active[i]):
                        chunk.keys[i, j] = worker.keys[chunk.active[i, j]]
                if learns and worker.n_segments > 1:
                    active = chunk.active[i, : chunk.n_active[i]]
                    point_to_segments(active, worker.best_segments, worker.n_segments)
        if learns and watch.function != NOTHING.function:
            for place in range(end - start):
                call(watch, (place,))


@helper
def _learn_from(worker: Worker, chunk: Chunk, start: int, end: int, first: int, last: int) -> None:
    """Learn from inputs `start` to `end` of a batch in the rows `first` to `last`.

    Adapts the permanences of active columns and advances duty cycles; at the end of the batch
    raises weak columns and refreshes boost factors.
    """
    learn = worker.learn
    whole = last - first == worker.n_rows
    for i in range(start, end):
        active = chunk.active[i, : chunk.n_active[i]]
        low, high = _NONE, active.size
        if not whole:
            low, high = _n_below(active, first), _n_below(active, last)
        call(learn.adapt, (i, low, high))
        call(learn.advance, (i, low, high, first, last))
        if worker.n_segments > 1:
            point_to_columns(active, worker.n_segments)
    n_earlier = chunk.progress[0]
    if n_earlier >= 0:
        if learn.raise_weak.function != NOTHING.function:
            call(learn.raise_weak, (n_earlier + end - start, first, last))
        if learn.refresh.function != NOTHING.function:
            call(learn.refresh, (first, last))


@helper
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


@helper
def _find_by_inputs(
    worker: Worker, chunk: Chunk, start: int, end: int, task: int, phase: int
) -> int:
    """Find the active columns of a batch by shares of its inputs; return the next phase."""
    team = worker.team
    n_parts = team.bounds.size - 1 if task == LEARN else n_shares(team, end - start)
    part = take_part(team, worker.number, n_parts, phase, _NO_PART)
    while part < n_parts:
        first, last = share(end - start, part, n_parts)
        _find_active(worker, chunk, start + first, start + last, task)
        part = take_part(team, worker.number, n_parts, phase, part)
    return phase + 1


@helper
def _find_by_blocks(worker: Worker, chunk: Chunk, i: int, phase: int) -> int:
    """Find the active columns of input `i` by blocks of columns; return the next phase.

    For columns of one segment. The keys of all blocks meet in the scratch space that the workers
    share; in a second phase one of them lets the columns compete.
    """
    team, find = worker.team, worker.find_together
    bounds = team.bounds
    n_parts = bounds.size - 1
    part = take_part(team, worker.number, n_parts, phase, _NO_PART)
    while part < n_parts:
        first, last = bounds[part], bounds[part + 1]
        call(find.count_overlaps, (i, i + 1, first, last, 1))
        call(find.boost, (0, first, last))
        part = take_part(team, worker.number, n_parts, phase, part)
    part = take_part(team, worker.number, n_parts, phase + 1, _NO_PART)
    while part < n_parts:
        if part == 0:
            chunk.n_active[i] = 0
            chunk.n_active[i] = call(find.compete, (i, 0, worker.n_rows))
        part = take_part(team, worker.number, n_parts, phase + 1, part)
    return phase + 2


@helper
def _learn_by_blocks(worker: Worker, chunk: Chunk, start: int, end: int, phase: int) -> int:
    """Learn from a batch by blocks of columns; return the next phase."""
    team = worker.team
    n_parts = team.bounds.size - 1
    part = take_part(team, worker.number, n_parts, phase, _NO_PART)
    while part < n_parts:
        _learn_from(worker, chunk, start, end, team.bounds[part], team.bounds[part + 1])
        part = take_part(team, worker.number, n_parts, phase, part)
    return phase + 1
