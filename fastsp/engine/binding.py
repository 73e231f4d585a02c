"""Binds the kernels to one pooler's arrays, and opens sessions for calls of them."""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.threads import n_available, run_with
from fastsp.kernels import session
from fastsp.kernels.boosting import boosted_values
from fastsp.kernels.cycle import INFER, LEARN
from fastsp.kernels.scratch import Scratch, new_neighbourhood_scratch, new_scratch
from fastsp.kernels.session import NO_COLUMNS, NO_INPUT, Session
from fastsp.kernels.state import (
    CONNECTED_LISTS,
    GAUSSIAN_INHIBITION,
    LOCAL_INHIBITION,
    Chunk,
    Pooler,
)
from fastsp.kernels.workers import SHARES, Team, new_counters

Active = tuple[NDArray[np.int32], NDArray[np.int64]]
"""Active columns of n inputs: (n, k) int32, with k the most there can be; and how many of each row
count, (n,) int64."""


def _new_chunk(n: int, n_words: int) -> Chunk:
    """Return a chunk without room for active columns."""
    return Chunk(
        np.zeros((n, n_words), np.uint64),
        np.zeros((n, 0), np.int32),
        np.zeros(n, np.int64),
        np.zeros(2, np.int64),
        np.zeros((n, 0), np.uint32),
    )


NO_CHUNK = _new_chunk(0, 0)


class Binding:
    """The kernels, bound to the arrays of one pooler. Inputs are packed, (n, W) uint64.

    What is switched off is so in packed inputs already.

    Attributes
    ----------
    pooler : the arrays, their overlap index, and the rule
    revision : what the engine was like when they were bound
    n_on : mean number of on-bits for which the layout of the index was chosen
    compares : whether columns are compared with their neighbourhood here, where the rule asks for
        it
    """

    def __init__(
        self, pooler: Pooler, revision: object, n_on: float, compares: bool = True
    ) -> None:
        self.pooler, self.revision, self.n_on = pooler, revision, n_on
        n_columns = pooler.columns.tie_breakers.size // pooler.rule.n_segments
        self.near = None
        if compares:
            self.near = new_neighbourhood_scratch(pooler.inhibition, pooler.rule, n_columns)
        local = pooler.rule.inhibition == LOCAL_INHIBITION
        most = pooler.inhibition.neighbourhood.most_active
        self.max_active = max(1, most if local else pooler.rule.n_active)
        """The largest number of active columns that an input can have, or 1."""
        self._idle: defaultdict[int, list[Session]] = defaultdict(list)
        """Sessions that no call is using, by the number of their workers."""
        self._alone = self._idle[1]
        self._run: Callable[..., int]
        self._address: Any
        self._watched: list[tuple[Session, NDArray[np.uint16]]] = []
        """Idle sessions of which the overlaps are looked at, with these."""

    def new_output(self, n: int) -> Active:
        """Allocate arrays for the active columns of `n` inputs."""
        return np.empty((n, self.max_active), np.int32), np.empty(n, np.int64)

    def run(
        self,
        n_threads: int,
        words: NDArray[np.uint64],
        output: Active,
        task: int,
        progress: NDArray[np.int64],
        keys: NDArray[np.uint32] | None = None,
    ) -> None:
        """Run a chunk of cycles (see `run_chunk`). Any number of calls may infer at once.

        The keys of active columns are written to `keys` (n, k), if given, on one thread alone.
        """
        keys = np.empty((len(words), 0), np.uint32) if keys is None else keys
        n_threads = n_available(n_threads)
        own = self._take(n_threads)
        session.set_chunk(own, words, *output, progress, keys)
        if n_threads == 1:
            self._work(own, task, 0, 1)
        else:
            plain = session.without_fields(own)
            in_parallel = partial(session.run_in_parallel, self._address, plain, task)
            run_with(n_threads, in_parallel, partial(self._work, own, task))
            session.set_chunk(own, *NO_CHUNK)
        self._idle[n_threads].append(own)

    def _work(self, own: Session, task: int, worker: int, n_workers: int) -> None:
        self._run(own, NO_INPUT, 0, task, NO_COLUMNS, worker)

    def prepare(self) -> None:
        """Do what the first `compute` would do besides its cycle."""
        if not self._alone:
            self._alone.append(self._open(1))

    def compute(self, x: NDArray[np.uint8], bound: int, learns: bool) -> NDArray[np.int32]:
        """Return the active columns for the input bits `x > bound`, (N,), after one cycle."""
        own = self._take(1)
        active = np.empty(self.max_active, np.int32)
        n_active = self._run(own, x, bound, LEARN if learns else INFER, active, 0)
        self._alone.append(own)
        return active if n_active == self.max_active else active[:n_active].copy()

    def prepare_both(self) -> None:
        """Do what the first `compute_both` would do besides its cycle."""
        if not self._watched:
            scratch = self._new_scratch(1)
            overlaps = scratch.overlaps[0, 0, : self.pooler.columns.tie_breakers.size]
            self._watched.append((self._open(1, scratch), overlaps))

    def compute_both(
        self, x: NDArray[np.uint8], bound: int, learns: bool
    ) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """Do what `compute` does; return the active columns, and the overlaps of all rows, too.

        For one call at a time.
        """
        self.prepare_both()
        own, overlaps = self._watched.pop()
        active = np.empty(self.max_active, np.int32)
        n_active = self._run(own, x, bound, LEARN if learns else INFER, active, 0)
        seen = overlaps.copy()
        self._watched.append((own, overlaps))
        return active if n_active == self.max_active else active[:n_active].copy(), seen

    def trace(self, words: NDArray[np.uint64]) -> tuple[Scratch, NDArray[np.int32]]:
        """Return the stages of a single input, (1, W), and its active columns."""
        stages = self._new_scratch(1)
        active, n_active = self.new_output(1)
        own = self._open(1, stages)
        no_keys = np.empty((1, 0), np.uint32)
        session.set_chunk(own, words, active, n_active, np.zeros(2, np.int64), no_keys)
        self._work(own, INFER, 0, 1)
        columns, rule = self.pooler.columns, self.pooler.rule
        boosted = np.empty(stages.keys.shape, np.float32)
        if columns.tie_keys.size:
            rows = np.arange(boosted.size) * rule.n_segments
            rows[: stages.best_segments.size] += stages.best_segments[0]
            overlaps = (stages.keys // rule.overlap_step).astype(np.float32)
            boosted[:] = np.where(stages.keys, overlaps + columns.tie_breakers[rows], 0)
            stages = stages._replace(boosted=boosted)
        elif rule.inhibition != GAUSSIAN_INHIBITION:
            boosted_values(stages.keys[0], rule, boosted[0])
            stages = stages._replace(boosted=boosted)
        return stages, active[0, : n_active[0]]

    def _take(self, n_workers: int) -> Session:
        try:
            return self._idle[n_workers].pop()
        except IndexError:
            return self._open(n_workers)

    def _new_scratch(self, n_workers: int) -> Scratch:
        return new_scratch(self.pooler, self.max_active, n_workers)

    def _open(self, n_workers: int, scratch: Scratch | None = None) -> Session:
        own = session.make_session(
            self.pooler,
            self._team(n_workers),
            self._new_scratch(n_workers) if scratch is None else scratch,
            self.near,
            _new_chunk(1, self.pooler.input_mask.size),
        )
        self._run, self._address = session.compiled_run(own)
        return own

    def _team(self, n_workers: int) -> Team:
        bounds = self._bounds(n_workers)
        n_parts = 1 if n_workers == 1 else max(len(bounds) - 1, SHARES * n_workers)
        return Team(n_workers, bounds, new_counters(n_parts))

    def _bounds(self, n_workers: int) -> NDArray[np.int64]:
        """Return the bounds of the blocks of rows that workers share out, none of them empty."""
        index, n_rows = self.pooler.overlap_index, self.pooler.columns.tie_breakers.size
        if n_workers > 1 and index.layout == CONNECTED_LISTS:
            return np.append(np.arange(0, n_rows, index.lists.block_size), n_rows)
        bounds = np.arange(n_workers) * n_rows // n_workers // 64 * 64
        return np.append(np.unique(bounds), n_rows)
