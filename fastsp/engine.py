"""What the kernels need of a pooler, in one place: its arrays, their index, blur and rule."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels import cycle
from fastsp.kernels.boosting import excited_values, update_boost_factors
from fastsp.kernels.inhibition import Inhibition
from fastsp.kernels.session import Session, open_session, without_lookup
from fastsp.kernels.state import (
    DENSITY_TARGET,
    GAUSSIAN_INHIBITION,
    LOCAL_INHIBITION,
    Columns,
    OverlapIndex,
    Rule,
    Synapses,
)
from fastsp.kernels.upkeep import UpkeepScratch, new_upkeep_scratch, refresh_boost_factors

Active = tuple[NDArray[np.int32], NDArray[np.int64]]
"""Active columns of n inputs: (n, k) int32, with k the most there can be; and how many of each row
count, (n,) int64."""


_DRAWN_ANEW = "the pooler was drawn anew for another number of features meanwhile"


@dataclass
class Engine:
    """The kernels, bound to the arrays of one pooler. Inputs are packed, (n, W) uint64.

    What is switched off is so in packed inputs already.
    """

    synapses: Synapses
    index: OverlapIndex
    columns: Columns
    inhibition: Inhibition
    rule: Rule
    input_mask: NDArray[np.uint64]
    """(W,) a one for each input bit that is not switched off"""
    revision: object
    """What the pooler was like: see `SpatialPooler._revision`."""
    sessions: list[Session] = field(default_factory=list)
    """Not in use at the moment; each thread takes one and puts it back."""
    _run_cycle: Callable[..., int] = field(init=False)
    """`run_cycle` for these sessions, from the first one on."""

    def infer(self, words: NDArray[np.uint64], room: Active | None = None) -> Active:
        """Find the active columns of each input, in `room` if given.

        Any number of threads may do so at once.
        """
        self._check_size(words)
        active, n_active = room or self.room(len(words))
        cycle.infer(words, self.index, self.columns, self.inhibition, self.rule, active, n_active)
        return active, n_active

    def learn(
        self, words: NDArray[np.uint64], active: NDArray[np.int32], n_active: NDArray[np.int64]
    ) -> None:
        """Find the active columns of each input and learn from it; `room` is where they go."""
        cycle.learn(
            words,
            self.synapses,
            self.index,
            self.columns,
            self.inhibition,
            self.rule,
            self._new_upkeep() if self._compares_columns else None,
            active,
            n_active,
        )

    def prepare(self) -> None:
        """Do what the first `compute` would do besides its cycle."""
        if not self.sessions:
            self.sessions.append(self._open_session())

    def compute(self, x: NDArray[np.uint8], bound: int, learns: bool) -> NDArray[np.int32]:
        """Return the active columns for the input bits `x > bound`, (N,), after one cycle."""
        try:
            session = self.sessions.pop()
        except IndexError:
            session = self._open_session()
        active = np.empty(self.most_active, np.int32)
        n_active = self._run_cycle(session, x, bound, bool(learns), active)
        self.sessions.append(session)
        if n_active < 0:
            raise RuntimeError(_DRAWN_ANEW)
        return active if n_active == self.most_active else active[:n_active].copy()

    def trace(self, words: NDArray[np.uint64]) -> tuple[cycle.Scratch, NDArray[np.int32]]:
        """Return the stages of a single input, (1, W), and its active columns."""
        self._check_size(words)
        active, n_active = self.room(1)
        stages = cycle.infer(
            words, self.index, self.columns, self.inhibition, self.rule, active, n_active
        )
        if self.columns.tie_keys.size:
            rows = np.arange(stages.keys.size) * self.rule.n_segments
            rows[: stages.best_segments.size] += stages.best_segments
            overlaps = (stages.keys // self.rule.overlap_step).astype(np.float32)
            stages.excitement[:] = overlaps + self.columns.tie_breakers[rows]
            stages.excitement[stages.keys == 0] = 0.0
        elif self.rule.inhibition != GAUSSIAN_INHIBITION:
            excited_values(stages.keys, self.rule, stages.excitement)
        return stages, active[0, : n_active[0]]

    def _check_size(self, words: NDArray[np.uint64]) -> None:
        if words.shape[1] != self.input_mask.size:
            raise RuntimeError(_DRAWN_ANEW)

    def refresh_boost_factors(self) -> None:
        """Set the boost factors to those of the duty cycles."""
        if self._compares_columns:
            refresh_boost_factors(self.columns, self.inhibition, self.rule, self._new_upkeep())
        else:
            update_boost_factors(self.columns, self.rule)

    @property
    def can_be_shared(self) -> bool:
        """Whether several threads may learn, each its own columns, of one segment each."""
        return self.rule.n_segments == 1 and not self._compares_columns

    @property
    def _compares_columns(self) -> bool:
        """Whether columns are compared with their neighbourhood to keep all in use."""
        return self.rule.boost_target != DENSITY_TARGET or self.rule.weak_column_share > 0.0

    def _new_upkeep(self) -> UpkeepScratch:
        return new_upkeep_scratch(self.columns, self.inhibition, self.rule)

    @cached_property
    def most_active(self) -> int:
        """The largest number of active columns that an input can have."""
        local = self.rule.inhibition == LOCAL_INHIBITION
        return self.inhibition.neighbourhood.most_active if local else self.rule.n_active

    def _open_session(self) -> Session:
        session = open_session(
            self.synapses,
            self.index,
            self.columns,
            self.inhibition,
            self.rule,
            self.input_mask,
            self.most_active,
        )
        self._run_cycle = without_lookup(session)
        return session

    def room(self, n: int) -> Active:
        """Allocate room for the active columns of `n` inputs."""
        return np.empty((n, self.most_active), np.int32), np.empty(n, np.int64)
