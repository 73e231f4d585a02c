"""The steps of one pooler's cycle: which kernels they are, and the arrays they work on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.boosting import Boosting
from fastsp.engine.index import FLIP_ROOM, OverlapIndex
from fastsp.engine.inhibition import Inhibition
from fastsp.kernels import boosting, weak
from fastsp.kernels.blocks import NOTHING, Block, Bound, Step, aligned_zeros
from fastsp.kernels.boosting import DutyCycles, Factors
from fastsp.kernels.cycle import Finding, Learning, Worker, run_chunk
from fastsp.kernels.llvm.bits import WORD
from fastsp.kernels.overlap.flips import Flips
from fastsp.kernels.permanences import Adapting, Permanences, adapt
from fastsp.kernels.segments import Representing, boost_segments
from fastsp.kernels.state import Chunk, Columns, Rule, Synapses
from fastsp.kernels.weak import Following, Raising, Targets, Watching
from fastsp.kernels.workers import Team

NO_LEARNING = Learning(*[NOTHING] * len(Learning._fields))


@dataclass(frozen=True)
class Scratch:
    """What one worker fills in a cycle."""

    overlaps: NDArray[np.uint16]
    """(n, rows rounded up to a multiple of 64) of n inputs at a time"""
    keys: NDArray[np.uint32]
    """(C,) in the order in which columns are chosen; 0 where they cannot be active"""
    best_segments: NDArray[np.int32]
    """(C,) where columns have several segments, else (0,)"""
    boost: Bound
    compete: Bound
    """The steps that fill and read these"""


@dataclass(frozen=True)
class Pooler:
    """The parts of one pooler, which its steps are made from."""

    synapses: Synapses
    overlap_index: OverlapIndex
    columns: Columns
    inhibition: Inhibition
    boosting: Boosting
    rule: Rule
    input_mask: NDArray[np.uint64]
    """(W,) a one for each input bit that is not switched off"""
    n_inputs: int
    compares: bool = True
    """Whether columns are compared with their neighbourhood here, where the rule asks for it"""

    @property
    def n_columns(self) -> int:
        """Number of columns C."""
        return self.columns.tie_breakers.size // self.rule.n_segments

    @property
    def max_active(self) -> int:
        """The largest number of active columns that an input can have, or 1."""
        return max(1, self.inhibition.most_active(self.rule))

    @property
    def can_be_shared(self) -> bool:
        """Whether several threads may learn, each its own columns."""
        rule = self.rule
        return rule.n_segments == 1 and not self.columns.targets.size and not rule.weak_column_share

    def worker(
        self,
        number: int,
        chunk: Block[Chunk],
        team: Team,
        learns: bool,
        first: Scratch | None,
    ) -> tuple[Bound, Scratch]:
        """Return a worker as kernels call it, and what it fills.

        Parameters
        ----------
        number : its number in the team.
        chunk : that of all workers.
        learns : whether it can learn; what does so is not even compiled otherwise.
        first : what worker 0 fills, None where this is it.
        """
        rule, n_rows = self.rule, self.columns.tie_breakers.size
        n_words = -(-n_rows // WORD)
        overlaps = aligned_zeros((self.overlap_index.together, WORD * n_words), np.uint16)
        keys = aligned_zeros((self.n_columns,), np.uint32)
        best = np.empty(self.n_columns if rule.n_segments > 1 else 0, np.int32)
        boost = self._boost_all(overlaps, keys, best)
        compete = self.inhibition.compete(keys, chunk, rule)
        find = together = Finding(self.overlap_index.count(chunk, overlaps), boost, compete)
        if first is not None:
            count = self.overlap_index.count(chunk, first.overlaps)
            together = Finding(count, first.boost, first.compete)
        learn = NO_LEARNING
        if learns:
            learn = self._learning(chunk, overlaps if first is None else first.overlaps)
        worker = Worker(
            number,
            find,
            together,
            learn,
            chunk,
            keys,
            best,
            n_rows,
            rule.n_segments,
            rule.batch_size,
            self.overlap_index.together,
            self._stretch(),
            team,
        )
        return Bound(run_chunk, worker), Scratch(overlaps, keys, best, boost, compete)

    def _stretch(self) -> int:
        """Return how many columns are counted, boosted and compete before the next."""
        # Other layouts are counted as a whole, and so are columns of several segments.
        if self.overlap_index.together == 1 or self.rule.n_segments > 1:
            return self.n_columns
        return self.inhibition.stretch(self.n_columns)

    def permanences(self) -> Permanences:
        """Return the synapses, and what keeps the index in step with them."""
        n = FLIP_ROOM + WORD * self.input_mask.size
        flips = Flips(np.empty(n, np.int64), np.empty(n, np.int64))
        threshold = self.rule.connected_threshold
        enter = self.overlap_index.enter(flips, self.synapses, threshold)
        return Permanences(self.synapses, threshold, flips, enter)

    def raising(self, best_near: NDArray[np.float64] | None = None) -> Raising:
        """Return what weak columns are raised with."""
        n, room = self.n_columns, self.inhibition.boxes.room
        return Raising(
            self.permanences(),
            self.columns,
            self.rule,
            self.inhibition.boxes,
            np.empty(n if self.rule.n_segments > 1 else 0),
            np.empty(n) if best_near is None else best_near,
            np.empty((3, room)),
        )

    def _boost_all(
        self,
        overlaps: NDArray[np.uint16],
        keys: NDArray[np.uint32],
        best: NDArray[np.int32],
    ) -> Bound:
        """Return the step that turns overlaps of rows into keys of columns; see `Finding.boost`."""
        if self.rule.n_segments == 1:
            return self._boost(overlaps, keys)
        segment_keys = np.empty(self.columns.tie_breakers.size, np.uint32)
        boost = self._boost(overlaps, segment_keys)
        return Bound(boost_segments, Representing(boost, segment_keys, keys, best))

    def _boost(self, overlaps: NDArray[np.uint16], keys: NDArray[np.uint32]) -> Bound:
        return boost(self.columns, self.rule, overlaps, keys)

    def _learning(self, chunk: Block[Chunk], overlaps: NDArray[np.uint16]) -> Learning:
        columns, rule, weak_columns = self.columns, self.rule, self.rule.weak_column_share > 0.0
        changes = np.empty(WORD * self.input_mask.size, np.float32)
        work = np.empty(self.max_active)
        raised = weak_columns and self.compares
        return Learning(
            Bound(weak.watch, Watching(overlaps, columns, rule)) if weak_columns else NOTHING,
            Bound(adapt, Adapting(self.permanences(), rule, changes, chunk)),
            Bound(self.boosting.advance, DutyCycles(columns, rule, work, chunk)),
            Bound(weak.raise_weak, self.raising()) if raised else NOTHING,
            refresh(columns, self.inhibition, self.boosting, rule, self.compares),
        )


def boost(
    columns: Columns, rule: Rule, overlaps: NDArray[np.uint16], keys: NDArray[np.uint32]
) -> Bound:
    """Return the step that turns overlaps of rows into keys of rows; see `Finding.boost`."""
    step = boosting.boost
    if columns.tie_keys.size:
        step = boosting.order_overlaps
    elif rule.key_scale > 0.0:
        step = boosting.boost_widely
    elif columns.connected_counts.size:
        step = boosting.boost_shares
    return Bound(step, boosting.Boosting(overlaps, keys, columns, rule))


def fill_targets(columns: Columns, inhibition: Inhibition, n_segments: int) -> Bound:
    """Return the step that fills the targets of columns from their duty cycles."""
    values, means = columns.active_duty_cycles, columns.targets
    if n_segments > 1:
        values, means = np.empty((2, columns.targets.size // n_segments))
    average = inhibition.average(values, means)
    return Bound(weak.fill_targets, Targets(columns, n_segments, values, means, average))


def refresh(
    columns: Columns,
    inhibition: Inhibition,
    kind: Boosting,
    rule: Rule,
    compares: bool = True,
) -> Step:
    """Return the step that brings boost factors up to date; see `Learning.refresh`.

    It brings targets up to date as well where it `compares` columns with their neighbourhood.
    """
    factors = Factors(columns, rule)
    if kind.refresh is None:
        return NOTHING
    if not columns.targets.size:
        # All columns are to be active, and log(s) = 0.
        all_active = kind.takes_logarithms and rule.target_density >= 1.0
        return Bound(boosting.refresh_with_ones if all_active else kind.refresh, factors)
    assert kind.refresh_by_targets is not None
    by_targets = Bound(kind.refresh_by_targets, factors)
    if not compares:
        return by_targets
    fill = fill_targets(columns, inhibition, rule.n_segments)
    return Bound(weak.refresh_with_targets, Following(fill, by_targets))
