"""Some consecutive columns of a pooler, as one process among several holds them.

A shard counts overlaps and learns. Who wins is found by `fastsp.engine.coordinator` from what all
shards say, but for grouped inhibition: there a shard has whole groups, and finds its own winners.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.arrays import ARRAYS, Arrays
from fastsp.engine.binding import Active
from fastsp.engine.boosting import BOOSTINGS
from fastsp.engine.draw import Draw, untrained
from fastsp.engine.inhibition import INHIBITIONS, Global, Inhibition
from fastsp.engine.inhibition.base import NO_BOXES
from fastsp.engine.plan import tie_keys
from fastsp.engine.state import State
from fastsp.engine.steps import refresh
from fastsp.kernels.blocks import Bound
from fastsp.kernels.cycle import ADAPT, FIND, INFER
from fastsp.kernels.state import Columns, Rule
from fastsp.kernels.weak import raise_below


@dataclass(frozen=True)
class Part:
    """What a shard is made from."""

    parameters: Mapping[str, Any]
    """Of the whole pooler, complete."""
    rule: Rule
    """Of the whole pooler."""
    draw: Draw
    """Of the shard's own columns."""
    column_shape: tuple[int, ...]
    """(C,) the shard's own columns; or with grouped inhibition its groups, and the size of one."""
    input_shape: tuple[int, ...]
    candidates: int
    """The most columns of this shard that can win for one input, or all of them."""

    @property
    def finds_winners(self) -> bool:
        """Whether the shard holds whole groups, and finds their winners itself."""
        return self.inhibition.finds_winners_in_shards

    @property
    def inhibition(self) -> type[Inhibition]:
        """The kind of inhibition of the whole pooler."""
        return INHIBITIONS[self.parameters["inhibition"]]

    @property
    def is_dense(self) -> bool:
        """Whether the keys of all columns are told, since any of them may hold others down."""
        return self.inhibition.needs_all_keys


class Candidates(NamedTuple):
    """What a shard says of n inputs."""

    rows: NDArray[np.int32]
    """(n, k) ascending rows of the shard that may win. Where keys are of all columns, those of the
    best segments, (n, C), and with one segment to a column (n, 0)."""
    counts: NDArray[np.int64]
    """(n,) how many entries of each row count; all where keys are of all columns"""
    keys: NDArray[np.uint32]
    """(n, k) or (n, C) their keys, 0 beyond those that count; (n, 0) for winners"""
    overlap_duty_cycles: NDArray[np.float64]
    """Of all rows, or (1,) the largest, where weak columns are looked for outside; else (0,)"""
    n_cycles: int
    """Learning cycles before."""


class Winners(NamedTuple):
    """Which rows of a shard learn from inputs that it looked at."""

    rows: NDArray[np.int32]
    """Those of one input after the other, ascending."""
    counts: NDArray[np.int64]
    """(n,) how many there are of each"""


class BatchEnd(NamedTuple):
    """What ends a batch, where columns are compared with others outside the shard."""

    targets: NDArray[np.float64]
    """(rows of the shard,) or one for all; (0,) where unused. See `Columns.targets`."""
    best_near: NDArray[np.float64]
    """(C,) or one for all; (0,) where unused. See `fastsp.kernels.weak.raise_below`."""


class Shard(State):
    """The shard that a part of a pooler is, newly drawn or with given arrays.

    Parameters
    ----------
    part : Part
    different_ties : tie-breakers of the whole pooler, ascending; needed where `rule.overlap_step`
        is above 0.
    state : arrays as `state` returned them, and `n_cycles`; drawn if None.
    """

    def __init__(
        self,
        part: Part,
        different_ties: NDArray[np.float32] | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        self.part = part
        self._compares = part.finds_winners
        rule = part.rule
        if state is None:
            state = untrained(part.draw.rows(), rule.target_density) | {"n_cycles": 0}
        shapes = {"column_shape": part.column_shape, "input_shape": part.input_shape}
        n_active = {"n_active": self._rule_of(part.parameters, {}).n_active}
        self._take(dict(part.parameters), {**state, **shapes, **n_active}, None, "")
        self._tie_keys = tie_keys(self.arrays["tie_breakers"], rule, different_ties)
        has_targets = part.parameters["boost_target"] != "density"
        self._targets = np.zeros(len(self.tie_breakers) if has_targets else 0)
        self._boosts_again = self._compares and state["n_cycles"] == 0
        self._waiting: list[NDArray[np.uint64]] = []
        """Inputs that were looked at, and are still to be learned."""

    def begin(self, targets: NDArray[np.float64]) -> Self:
        """Set the boost factors; `targets` as in `BatchEnd`."""
        if not self._compares:
            rule, columns, inhibition = self.settle()
            if targets.size:
                columns.targets[:] = targets
            boosting = BOOSTINGS[self.parameters["boosting"]]
            step = refresh(columns, inhibition, boosting, rule, False)
            if isinstance(step, Bound):
                step(0, len(self.tie_breakers))
        return self

    def find(self, words: NDArray[np.uint64], learns: bool) -> Candidates:
        """Return the candidates for inputs (n, W), which are to be learned next if `learns`."""
        binding = self._bound(words, len(words))
        active, n_active = binding.new_output(len(words))
        keys = np.zeros((len(words), 0 if self._compares else active.shape[1]), np.uint32)
        progress = np.zeros(2, np.int64)
        n_cycles = self.n_cycles
        task = FIND if learns else INFER
        binding.run(1, words, (active, n_active), task, progress, keys)
        if learns:
            self._waiting.append(words)
        if not learns and self.part.rule.n_segments > 1:
            active *= self.part.rule.n_segments  # any segment stands for its column
        if self.part.is_dense:
            active, n_active, keys = self._spread(active, n_active, keys)
        return Candidates(active, n_active, keys, self._overlap_duty_cycles(), n_cycles)

    def learn(self, winners_of_shards: Sequence[Winners], batch_end: BatchEnd) -> None:
        """Learn a batch: what was found with `learns`, in the same order."""
        waiting, self._waiting = self._waiting, []
        n, n_rows = sum(map(len, waiting)), len(self.tie_breakers)
        binding = self._bound(waiting[0], n)
        if batch_end.targets.size:
            binding.pooler.columns.targets[:] = batch_end.targets
        done = 0
        for words, winners in zip(waiting, winners_of_shards, strict=True):
            is_last = done + len(words) == n
            progress = np.array([done if is_last else -1, 0])
            binding.run(1, words, _in_rows(winners), ADAPT, progress)
            done += len(words)
        pooler = binding.pooler
        if batch_end.best_near.size:
            best = np.ascontiguousarray(
                np.broadcast_to(batch_end.best_near, n_rows // pooler.rule.n_segments)
            )
            Bound(raise_below, pooler.raising(best))(n)
        self.n_cycles += n

    def learn_alone(self, words: Sequence[NDArray[np.uint64]]) -> None:
        """Learn a batch, given in pieces, from the winners that are the shard's own."""
        found = [self.find(some, True) for some in words]
        winners_of_shards = [Winners(_joined(one.rows, one.counts), one.counts) for one in found]
        self.learn(winners_of_shards, BatchEnd(np.empty(0), np.empty(0)))

    def state(self) -> dict[str, Any]:
        """Return copies of the arrays, and `n_cycles`."""
        state = self.__getstate__()
        return {name: state[name] for name in ARRAYS} | {"n_cycles": self.n_cycles}

    def settle(self) -> tuple[Rule, Columns, Inhibition]:
        """Do what `State.settle` does, with what is known of the other shards."""
        rule, columns, inhibition = super().settle()
        if not self._compares:
            columns = columns._replace(targets=self._targets)
        return rule, columns._replace(tie_keys=self._tie_keys), inhibition

    def _rule_of(self, parameters: Mapping[str, Any], arrays: Arrays) -> Rule:
        return self.part.rule._replace(n_active=self.part.candidates)

    def _make_inhibition(self, parameters: Mapping[str, Any]) -> Inhibition:
        if self._compares:
            return super()._make_inhibition(parameters)
        return Global(NO_BOXES)  # all of them are candidates

    def _pack(self, X: Any, n_threads: int = 1) -> NDArray[np.uint64]:
        words: NDArray[np.uint64] = X  # inputs are packed before they come here
        return words

    def _overlap_duty_cycles(self) -> NDArray[np.float64]:
        cycles = self.overlap_duty_cycles
        if self._compares or not cycles.size:
            return np.empty(0)
        if not self.part.is_dense:
            return np.array([cycles.max()])
        return np.array(cycles)

    def _spread(
        self, rows: NDArray[np.int32], counts: NDArray[np.int64], keys: NDArray[np.uint32]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint32]]:
        """Return rows and keys in the places of their columns."""
        n_segments = self.part.rule.n_segments
        inputs, places = np.nonzero(np.arange(rows.shape[1]) < counts[:, None])
        columns = rows[inputs, places] // n_segments
        spread = np.zeros_like(keys)
        spread[inputs, columns] = keys[inputs, places]
        best = np.zeros((len(rows), keys.shape[1] if n_segments > 1 else 0), np.int32)
        if n_segments > 1:
            best[inputs, columns] = rows[inputs, places]
        return best, np.full(len(rows), keys.shape[1], np.int64), spread


def _in_rows(winners: Winners) -> Active:
    """Return the rows of each input as a row of an array."""
    room = int(winners.counts.max(initial=0))
    active = np.zeros((winners.counts.size, room), np.int32)
    active[np.arange(room) < winners.counts[:, None]] = winners.rows
    return active, winners.counts


def _joined(rows: NDArray[np.int32], counts: NDArray[np.int64]) -> NDArray[np.int32]:
    joined: NDArray[np.int32] = rows[np.arange(rows.shape[1]) < counts[:, None]]
    return joined
