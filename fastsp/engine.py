"""What the kernels need of a pooler, in one place: its arrays, their index, blur and rule."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels import cycle
from fastsp.kernels.boosting import update_boost_factors
from fastsp.kernels.state import LOCAL_INHIBITION, Columns, OverlapIndex, Rule, Synapses

Active = tuple[NDArray[np.int32], NDArray[np.int64]]
"""Active columns of n inputs: (n, k) int32, or (n, C) with local inhibition; and how many of each
row count, (n,) int64."""


@dataclass(frozen=True)
class Engine:
    """The kernels, bound to the arrays of one pooler. Inputs are packed, (n, W) uint64."""

    synapses: Synapses
    index: OverlapIndex
    columns: Columns
    inhibition: cycle.Inhibition
    rule: Rule

    def infer(self, words: NDArray[np.uint64]) -> Active:
        """Find the active columns of each input. Any number of threads may do so at once."""
        active, n_active = self._room(len(words))
        cycle.infer(words, self.index, self.columns, self.inhibition, self.rule, active, n_active)
        return active, n_active

    def learn(self, words: NDArray[np.uint64]) -> Active:
        """Find the active columns of each input and learn from it."""
        active, n_active = self._room(len(words))
        cycle.learn(
            words,
            self.synapses,
            self.index,
            self.columns,
            self.inhibition,
            self.rule,
            active,
            n_active,
        )
        return active, n_active

    def trace(self, words: NDArray[np.uint64]) -> tuple[cycle.Scratch, NDArray[np.int32]]:
        """Return the stages of a single input, (1, W), and its active columns."""
        active, n_active = self._room(1)
        stages = cycle.infer(
            words, self.index, self.columns, self.inhibition, self.rule, active, n_active
        )
        return stages, active[0, : n_active[0]]

    def refresh_boost_factors(self) -> None:
        """Set the boost factors to those of the duty cycles."""
        update_boost_factors(self.columns, self.rule)

    def _room(self, n: int) -> Active:
        local = self.rule.inhibition == LOCAL_INHIBITION
        most = self.columns.tie_breakers.size if local else self.rule.n_active
        return np.empty((n, most), np.int32), np.empty(n, np.int64)
