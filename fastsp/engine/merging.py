"""One pooler out of shards: its parts, and who wins among the candidates of all shards.

Here is what no shard can know: the competition of all columns, and their neighbourhoods. The
results are those of one pooler, bit for bit: the kernels are the same, and see the same numbers.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.arrays import LEARNED
from fastsp.engine.binding import Active
from fastsp.engine.draw import whole_draw
from fastsp.engine.engine import CHUNK, MAX_BUFFERED
from fastsp.engine.parameters import complete
from fastsp.engine.plan import make_inhibition, make_plan, rule_of_plan
from fastsp.engine.shard import Candidates, Ending, Lesson, Part
from fastsp.kernels import weak
from fastsp.kernels.boosting import update_duty_cycles
from fastsp.kernels.inhibition.compete import compete_all
from fastsp.kernels.scratch import (
    NeighbourhoodScratch,
    new_competition_scratch,
    new_neighbourhood_scratch,
)
from fastsp.kernels.state import (
    GLOBAL_INHIBITION,
    GROUPED_INHIBITION,
    LOCAL_INHIBITION,
    Columns,
)


def largest_number_of_shards(parameters: Mapping[str, Any], column_shape: tuple[int, ...]) -> int:
    """Return into how many shards such a pooler can be cut: columns, or groups of them."""
    n_columns = int(np.prod(column_shape))
    return n_columns // (column_shape[-1] if parameters["inhibition"] == "grouped" else 1)


class Merger:
    """What holds the shards of one pooler together.

    Parameters
    ----------
    n_inputs : number N of input bits
    n_shards : how many there are
    seeds : `fastsp.engine.draw.seeds_of` the random state
    **parameters : those of `Engine`

    Attributes
    ----------
    parts : list of Part
    bounds : (n_shards + 1,) int64, the first row of each shard, and the number of all rows
    seeds : as given
    step : inputs that shards are to look at in one call, at the most
    """

    def __init__(
        self, n_inputs: int, n_shards: int, seeds: tuple[int, int], **parameters: Any
    ) -> None:
        self.parameters = complete(parameters)
        plan = make_plan(self.parameters, n_inputs)
        self.column_shape, self.input_shape = plan.column_shape, plan.input_shape
        self.rule = rule = rule_of_plan(plan, self.parameters)
        self.seeds = seeds
        draw = whole_draw(plan, self.parameters, seeds)
        n_columns = plan.n_synapses.size
        n_units = largest_number_of_shards(self.parameters, plan.column_shape)
        if not 1 <= n_shards <= n_units:
            of_what = "groups" if rule.inhibition == GROUPED_INHIBITION else "columns"
            raise ValueError(
                f"n_shards must be at least 1 and at most the number of {of_what}, {n_units}; "
                f"got {n_shards}"
            )
        cuts = np.arange(n_shards + 1, dtype=np.int64) * n_units // n_shards
        cuts *= n_columns // n_units
        self.bounds = cuts * rule.n_segments
        self.parts = []
        for first, last in pairwise(cuts.tolist()):
            own, most = last - first, rule.n_active
            shape: tuple[int, ...] = (own,)
            if rule.inhibition == GROUPED_INHIBITION:
                shape = own // rule.group_size, rule.group_size
                most = rule.n_active // n_units * shape[0]
            elif rule.inhibition != GLOBAL_INHIBITION:
                most = own
            self.parts.append(
                Part(
                    self.parameters,
                    rule,
                    draw.part(first, last),
                    shape,
                    plan.input_shape,
                    min(most, own),
                )
            )
        self._inhibition = make_inhibition(self.parameters, plan.column_shape, plan.input_shape)
        local = rule.inhibition == LOCAL_INHIBITION
        self._most = self._inhibition.neighbourhood.most_active if local else rule.n_active
        grouped = rule.inhibition == GROUPED_INHIBITION
        self._n_keys = sum(part.candidates for part in self.parts)
        self.step = max(1, min(CHUNK, MAX_BUFFERED // self._n_keys))
        self._near: NeighbourhoodScratch | None = None
        if not grouped:
            self._near = new_neighbourhood_scratch(self._inhibition, rule, n_columns)
        self._columns: Columns | None = None
        if self._near is not None and rule.boost_target:
            self._columns = self._mirror(np.full(n_columns * rule.n_segments, rule.target_density))

    @property
    def finds_winners(self) -> bool:
        """Whether winners are found here, not by the shards."""
        return self.rule.inhibition != GROUPED_INHIBITION

    def set_duty_cycles(self, active_duty_cycles: NDArray[np.float64]) -> None:
        """Take the active duty cycles of all rows where `needs_duty_cycles`."""
        self._columns = self._mirror(np.array(active_duty_cycles))

    @property
    def needs_duty_cycles(self) -> bool:
        """Whether columns are compared by their duty cycles, which are kept here, too."""
        return self._columns is not None

    def different_ties(self) -> NDArray[np.float32] | None:
        """Return the tie-breakers of all shards where they are needed; see `Shard`."""
        return self.parts[0].draw.different_ties() if self.rule.overlap_step else None

    def winners(self, candidates: Sequence[Candidates]) -> tuple[NDArray[np.int32], Active]:
        """Return the winning rows (m,) of n inputs, one input after the other, and as columns.

        The latter as `(columns, counts)`, columns (m,) int32 ascending for each input, and counts
        (n,) int64 of each.
        """
        if self.rule.inhibition == GLOBAL_INHIBITION:
            rows = np.hstack([c.rows + first for c, first in self._with_bounds(candidates)])
        elif self.finds_winners:
            rows = np.hstack([c.rows + first for c, first in self._with_bounds(candidates)])
            if self.rule.n_segments == 1:
                rows = np.empty((len(rows), 0), np.int32)
        else:
            return self._gathered(candidates)
        keys = np.ascontiguousarray(np.hstack([one.keys for one in candidates]))
        active = np.empty((len(keys), max(1, self._most)), np.int32)
        counts = np.empty(len(keys), np.int64)
        rule = self.rule._replace(n_segments=1)
        scratch = new_competition_scratch(self._inhibition, rule, self._n_keys)
        compete_all(keys, self._inhibition, rule, scratch, active, counts)
        inputs, places = np.nonzero(np.arange(active.shape[1]) < counts[:, None])
        chosen = active[inputs, places]
        won = rows[inputs, chosen] if rows.shape[1] else chosen
        return won, (won // np.int32(self.rule.n_segments), counts)

    def lessons(self, rows: NDArray[np.int32], counts: NDArray[np.int64]) -> list[Lesson]:
        """Return what each shard is to learn of the winning `rows` of n inputs."""
        n, n_shards = counts.size, len(self.parts)
        shards = np.searchsorted(self.bounds, rows, side="right") - 1
        order = np.argsort(shards, kind="stable")
        inputs = np.repeat(np.arange(n), counts)
        of_shards = np.bincount(shards * n + inputs, minlength=n_shards * n).reshape(n_shards, n)
        local = (rows - self.bounds[shards]).astype(np.int32)[order]
        cuts = np.cumsum(of_shards.sum(1))[:-1]
        return [
            Lesson(own, numbers)
            for own, numbers in zip(np.split(local, cuts), of_shards, strict=True)
        ]

    def endings(
        self, won: Sequence[tuple[NDArray[np.int32], NDArray[np.int64]]], last: Sequence[Candidates]
    ) -> list[Ending]:
        """Return what ends a batch in each shard, and take its winners into the duty cycles.

        Parameters
        ----------
        won : winning rows of the batch, and how many there are of each input, piece by piece.
        last : what shards said of its last piece.
        """
        for rows, counts in won if self._columns is not None else ():
            assert self._columns is not None
            work = np.empty(int(counts.max(initial=0)))
            for own in np.split(rows, np.cumsum(counts)[:-1]):
                n_rows = int(self.bounds[-1])
                update_duty_cycles(own, self._columns, self.rule, 0, n_rows, work)
        targets, best_near = self.targets(), self._best_near(last)
        n = self.rule.n_segments
        return [
            Ending(_cut(targets, first, last), _cut(best_near, first // n, last // n))
            for first, last in pairwise(self.bounds.tolist())
        ]

    def beginnings(self) -> list[NDArray[np.float64]]:
        """Return the targets of each shard; see `Shard.begin`."""
        targets = self.targets()
        return [_cut(targets, first, last) for first, last in pairwise(self.bounds.tolist())]

    def targets(self) -> NDArray[np.float64]:
        """Return the mean duty cycle of the neighbourhood of each row, or one for all, or none."""
        if self._columns is None or self._near is None:
            return np.empty(0)
        weak.fill_targets(self._columns, self._inhibition, self.rule, self._near)
        targets = self._columns.targets
        return targets[:1] if self.rule.inhibition == GLOBAL_INHIBITION else targets

    def joined(self, states: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the state of the whole pooler from those of its shards; see `State.restored`."""
        state: dict[str, Any] = {
            name: np.concatenate([one[name] for one in states])
            for name in (*LEARNED, "indices", "tie_breakers")
        }
        sizes = np.concatenate([np.diff(one["indptr"]) for one in states])
        return state | {
            "indptr": np.concatenate([[0], np.cumsum(sizes)]),
            "column_shape": self.column_shape,
            "input_shape": self.input_shape,
            "n_active": self.rule.n_active,
            "n_cycles": states[0]["n_cycles"],
        }

    def _with_bounds(self, candidates: Sequence[Candidates]) -> list[tuple[Candidates, np.int32]]:
        return [(c, np.int32(b)) for c, b in zip(candidates, self.bounds[:-1], strict=True)]

    def _gathered(self, candidates: Sequence[Candidates]) -> tuple[NDArray[np.int32], Active]:
        """Put the winners of shards together, input by input."""
        counts = np.array([one.counts for one in candidates])
        rows = np.hstack([c.rows + first for c, first in self._with_bounds(candidates)])
        inside = np.hstack([np.arange(c.rows.shape[1]) < c.counts[:, None] for c in candidates])
        won = rows[inside]
        return won, (won // np.int32(self.rule.n_segments), counts.sum(0))

    def _best_near(self, candidates: Sequence[Candidates]) -> NDArray[np.float64]:
        cycles = np.concatenate([one.overlap_duty_cycles for one in candidates])
        if not cycles.size or self._near is None:
            return np.empty(0)
        if self.rule.inhibition == GLOBAL_INHIBITION:
            return np.array([cycles.max()])
        best = np.empty(int(self.bounds[-1]) // self.rule.n_segments)
        weak.fill_best_near(cycles, self._inhibition.boxes, self.rule, self._near, best)
        return best

    def _mirror(self, active_duty_cycles: NDArray[np.float64]) -> Columns:
        """Return columns that remember duty cycles, and nothing else."""
        single, double = np.empty(0, np.float32), np.empty(0)
        return Columns(
            active_duty_cycles,
            double,
            single,
            single,
            np.empty(0, np.uint16),
            np.empty(active_duty_cycles.size),
            np.empty(0, np.int32),
            double,
            np.empty(0, np.uint32),
        )


def _cut(values: NDArray[np.float64], first: int, last: int) -> NDArray[np.float64]:
    """Return the values of some, or all where they are none or one for all."""
    return values if values.size <= 1 else values[first:last]
