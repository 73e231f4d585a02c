"""Binds the kernels to one pooler's arrays, and opens sessions for calls of them."""

from collections import defaultdict
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.steps import Pooler, Scratch
from fastsp.engine.threads import Share, n_available, run_with
from fastsp.kernels.blocks import Block, Bound, closures
from fastsp.kernels.boosting import boosted_values
from fastsp.kernels.cycle import INFER, LEARN
from fastsp.kernels.session import Single, run_cycle, run_in_parallel, without_lookup
from fastsp.kernels.state import Chunk
from fastsp.kernels.workers import SHARES, Team, new_counters

Active = tuple[NDArray[np.int32], NDArray[np.int64]]
"""Active columns of n inputs: (n, k) int32, with k the most there can be; and how many of each row
count, (n,) int64."""


class Stages(NamedTuple):
    """What one input became on its way through C columns."""

    overlaps: NDArray[np.uint16]
    """(rows,)"""
    best_segments: NDArray[np.int32]
    """(C,) where columns have several segments, else (0,)"""
    boosted: NDArray[np.float32]
    """(C,)"""
    inhibited: NDArray[np.float32]
    """(C,) what the largest are chosen by"""
    active: NDArray[np.int32]


class Session:
    """The workers of one pooler, and their chunk: for one call at a time.

    Between calls the chunk is that of a single input.

    Attributes
    ----------
    n_workers : how many there are
    learns : whether they can learn
    scratch : what the first one fills
    overlaps : (rows,) what it fills of the first input
    """

    scratch: Scratch
    overlaps: NDArray[np.uint16]

    def __init__(self, pooler: Pooler, n_workers: int, learns: bool) -> None:
        n_words, n_rows = pooler.input_mask.size, pooler.columns.tie_breakers.size
        self.n_workers, self.learns, self._max_active = n_workers, learns, pooler.max_active
        self._one = Chunk(
            inputs=np.zeros((1, n_words), np.uint64),
            active=np.zeros((1, self._max_active), np.int32),
            n_active=np.zeros(1, np.int64),
            progress=np.zeros(2, np.int64),
            keys=np.zeros((1, 0), np.uint32),
        )
        self._chunk = Block(self._one)
        self._words_of_one = self._chunk.words.copy()
        bounds = pooler.overlap_index.bounds(n_rows, n_workers)
        n_parts = max(len(bounds) - 1, SHARES * n_workers)
        self._team = Team(n_workers, bounds, new_counters(n_parts))
        first: Scratch | None = None
        self._workers: list[Bound] = []
        for number in range(n_workers):
            worker, scratch = pooler.worker(number, self._chunk, self._team, learns, first)
            first = scratch if first is None else first
            self._workers.append(worker)
        assert first is not None
        self.scratch, self.overlaps = first, first.overlaps[0, :n_rows]
        self._closures = closures(self._workers)
        single = Single(self._workers[0], self._one, pooler.input_mask, pooler.n_inputs)
        self._single = Bound(run_cycle, single)
        self._run_one, self._entry = without_lookup(), self._single.closure

    def run(self, chunk: Chunk, task: int, share: Share = run_with) -> None:
        """Run the cycles of a chunk; see `fastsp.kernels.cycle.run_chunk`.

        Where there are several workers, `share` lets threads run them.
        """
        self._chunk.set(chunk)
        if self.n_workers == 1:
            self._workers[0](task)
        else:
            self._team.counters[:] = 0
            share(
                self.n_workers,
                lambda _: run_in_parallel(self._closures, task),
                lambda number, _: self._workers[number](task),
            )
        self._chunk.value = self._one
        self._chunk.words[:] = self._words_of_one

    def run_one(self, x: NDArray[np.uint8], bound: int, task: int) -> NDArray[np.int32]:
        """Run one cycle on the input bits `x > bound`, (N,); return the active columns."""
        active = np.empty(self._max_active, np.int32)
        n_active = self._run_one(*self._entry, x, bound, task, active)
        return active if n_active == self._max_active else active[:n_active].copy()


class Binding:
    """The kernels, bound to the arrays of one pooler. Inputs are packed, (n, W) uint64.

    What is switched off is so in packed inputs already.

    Attributes
    ----------
    pooler : the arrays, their overlap index, and the rule
    revision : what the engine was like when they were bound
    n_on : mean number of on-bits for which the layout of the index was chosen
    max_active : the largest number of active columns that an input can have, or 1
    """

    def __init__(self, pooler: Pooler, revision: object, n_on: float) -> None:
        self.pooler, self.revision, self.n_on = pooler, revision, n_on
        self.max_active = pooler.max_active
        self._idle: defaultdict[tuple[int, bool], list[Session]] = defaultdict(list)
        """Sessions that no call is using, by the number of their workers and whether they learn."""
        self._watched: list[Session] = []
        """Idle sessions of which the overlaps are looked at."""

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
        chunk = Chunk(words, *output, progress, keys)
        own = self._take(n_available(n_threads), task != INFER)
        own.run(chunk, task)
        self._give_back(own)

    def prepare(self) -> None:
        """Do what the first `compute` would do besides its cycle."""
        self._give_back(self._take(1, True))

    def compute(self, x: NDArray[np.uint8], bound: int, learns: bool) -> NDArray[np.int32]:
        """Return the active columns for the input bits `x > bound`, (N,), after one cycle."""
        own = self._take(1, learns)
        active = own.run_one(x, bound, LEARN if learns else INFER)
        self._give_back(own)
        return active

    def prepare_both(self) -> None:
        """Do what the first `compute_both` would do besides its cycle."""
        if not self._watched:
            self._watched.append(Session(self.pooler, 1, True))

    def compute_both(
        self, x: NDArray[np.uint8], bound: int, learns: bool
    ) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """Do what `compute` does; return the active columns, and the overlaps of all rows, too.

        For one call at a time.
        """
        self.prepare_both()
        own = self._watched.pop()
        active = own.run_one(x, bound, LEARN if learns else INFER)
        overlaps = own.overlaps.copy()
        self._watched.append(own)
        return active, overlaps

    def trace(self, words: NDArray[np.uint64]) -> Stages:
        """Return the stages of a single input, (1, W)."""
        own, columns, rule = Session(self.pooler, 1, False), self.pooler.columns, self.pooler.rule
        active, n_active = self.new_output(1)
        no_keys = np.empty((1, 0), np.uint32)
        own.run(Chunk(words, active, n_active, np.zeros(2, np.int64), no_keys), INFER)
        keys, best = own.scratch.keys, own.scratch.best_segments
        overlaps = own.overlaps
        stages = self.pooler.inhibition.stages(own.scratch.compete)
        if stages is None:
            boosted = np.empty(keys.size, np.float32)
            if columns.tie_keys.size:
                rows = np.arange(keys.size) * rule.n_segments
                rows[: best.size] += best
                seen = (keys // rule.overlap_step).astype(np.float32)
                boosted[:] = np.where(keys, seen + columns.tie_breakers[rows], 0)
            else:
                boosted_values(keys, rule.lowest_exponent, rule.key_scale, boosted)
            stages = boosted, boosted
        return Stages(overlaps, best, *stages, active[0, : n_active[0]])

    def _take(self, n_workers: int, learns: bool) -> Session:
        # One that learns can do the other, too.
        for kind in (True,) if learns else (False, True):
            with suppress(IndexError):
                return self._idle[n_workers, kind].pop()
        return Session(self.pooler, n_workers, learns)

    def _give_back(self, session: Session) -> None:
        self._idle[session.n_workers, session.learns].append(session)
