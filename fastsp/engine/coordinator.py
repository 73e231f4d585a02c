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
from fastsp.engine.inhibition import INHIBITIONS
from fastsp.engine.parameters import complete
from fastsp.engine.plan import make_plan, rule_of_plan
from fastsp.engine.shard import BatchEnd, Candidates, Part, Winners
from fastsp.engine.steps import fill_targets
from fastsp.kernels.blocks import Block, Bound
from fastsp.kernels.boosting import DutyCycles, advance
from fastsp.kernels.inhibition.compete import compete_all
from fastsp.kernels.state import Chunk, Columns
from fastsp.kernels.weak import fill_best_near


def largest_number_of_shards(parameters: Mapping[str, Any], column_shape: tuple[int, ...]) -> int:
    """Return into how many shards such a pooler can be cut: columns, or groups of them."""
    n_columns = int(np.prod(column_shape))
    return n_columns // INHIBITIONS[parameters["inhibition"]].unit_size(column_shape)


class Coordinator:
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
            of_what = "columns" if n_units == n_columns else "groups"
            raise ValueError(
                f"n_shards must be at least 1 and at most the number of {of_what}, {n_units}; "
                f"got {n_shards}"
            )
        cuts = np.arange(n_shards + 1, dtype=np.int64) * n_units // n_shards
        cuts *= n_columns // n_units
        self.bounds = cuts * rule.n_segments
        self._kind = INHIBITIONS[self.parameters["inhibition"]]
        self.parts = []
        for first, last in pairwise(cuts.tolist()):
            own, most = last - first, rule.n_active
            shape: tuple[int, ...] = (own,)
            if self._kind.finds_winners_in_shards:
                unit = n_columns // n_units
                shape = own // unit, unit
                most = rule.n_active // n_units * shape[0]
            elif self._kind.needs_all_keys:
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
        self._inhibition = self._kind.planned(self.parameters, plan.column_shape, plan.input_shape)
        self._most = self._inhibition.most_active(rule)
        self._n_keys = sum(part.candidates for part in self.parts)
        self.step = max(1, min(CHUNK, MAX_BUFFERED // self._n_keys))
        follows = self.parameters["boost_target"] != "density"
        self._columns: Columns | None = None
        if follows and self.finds_winners:
            self._columns = self._mirror(np.full(n_columns * rule.n_segments, rule.target_density))

    @property
    def finds_winners(self) -> bool:
        """Whether winners are found here, not by the shards."""
        return not self._kind.finds_winners_in_shards

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
        if not self.finds_winners:
            return self._gathered(candidates)
        if not self._kind.needs_all_keys:
            rows = np.hstack([c.rows + first for c, first in self._with_bounds(candidates)])
        else:
            rows = np.hstack([c.rows + first for c, first in self._with_bounds(candidates)])
            if self.rule.n_segments == 1:
                rows = np.empty((len(rows), 0), np.int32)
        all_keys = np.hstack([one.keys for one in candidates])
        active, counts = self._compete(np.ascontiguousarray(all_keys))
        inputs, places = np.nonzero(np.arange(active.shape[1]) < counts[:, None])
        chosen = active[inputs, places]
        won = rows[inputs, chosen] if rows.shape[1] else chosen
        return won, (won // np.int32(self.rule.n_segments), counts)

    def _compete(self, all_keys: NDArray[np.uint32]) -> Active:
        """Let candidates compete by their keys, (n, all of them), for each input."""
        n, n_keys = all_keys.shape
        keys, counts = np.empty(n_keys, np.uint32), np.zeros(n, np.int64)
        chunk = Chunk(
            inputs=np.empty((n, 0), np.uint64),
            active=np.empty((n, max(1, self._most)), np.int32),
            n_active=counts,
            progress=np.zeros(2, np.int64),
            keys=np.empty((n, 0), np.uint32),
        )
        compete = self._inhibition.compete(keys, Block(chunk), self.rule)
        compete_all(*compete.closure, all_keys, keys, counts)
        return chunk.active, counts

    def winners_of_shards(
        self, rows: NDArray[np.int32], counts: NDArray[np.int64]
    ) -> list[Winners]:
        """Return what each shard is to learn of the winning `rows` of n inputs."""
        n, n_shards = counts.size, len(self.parts)
        shards = np.searchsorted(self.bounds, rows, side="right") - 1
        order = np.argsort(shards, kind="stable")
        inputs = np.repeat(np.arange(n), counts)
        of_shards = np.bincount(shards * n + inputs, minlength=n_shards * n).reshape(n_shards, n)
        local = (rows - self.bounds[shards]).astype(np.int32)[order]
        cuts = np.cumsum(of_shards.sum(1))[:-1]
        return [
            Winners(own, numbers)
            for own, numbers in zip(np.split(local, cuts), of_shards, strict=True)
        ]

    def batch_ends(
        self, won: Sequence[tuple[NDArray[np.int32], NDArray[np.int64]]], last: Sequence[Candidates]
    ) -> list[BatchEnd]:
        """Return what ends a batch in each shard, and take its winners into the duty cycles.

        Parameters
        ----------
        won : winning rows of the batch, and how many there are of each input, piece by piece.
        last : what shards said of its last piece.
        """
        for rows, counts in won if self._columns is not None else ():
            assert self._columns is not None
            chunk = Chunk(
                inputs=np.empty((1, 0), np.uint64),
                active=np.ascontiguousarray(rows, np.int32).reshape(1, -1),
                n_active=counts,
                progress=np.zeros(2, np.int64),
                keys=np.empty((1, 0), np.uint32),
            )
            own = DutyCycles(self._columns, self.rule, np.empty(0), Block(chunk))
            step, ends = Bound(advance, own), np.cumsum(counts)
            for start, end in zip(ends - counts, ends, strict=True):
                step(0, start, end, 0, int(self.bounds[-1]))
        targets, best_near = self.targets(), self._best_near(last)
        n = self.rule.n_segments
        return [
            BatchEnd(_cut(targets, first, last), _cut(best_near, first // n, last // n))
            for first, last in pairwise(self.bounds.tolist())
        ]

    def beginnings(self) -> list[NDArray[np.float64]]:
        """Return the targets of each shard; see `Shard.begin`."""
        targets = self.targets()
        return [_cut(targets, first, last) for first, last in pairwise(self.bounds.tolist())]

    def targets(self) -> NDArray[np.float64]:
        """Return the mean duty cycle of the neighbourhood of each row, or one for all, or none."""
        if self._columns is None:
            return np.empty(0)
        fill_targets(self._columns, self._inhibition, self.rule.n_segments)()
        targets = self._columns.targets
        return targets if self._kind.needs_all_keys else targets[:1]

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
        if not cycles.size or not self.finds_winners:
            return np.empty(0)
        if not self._kind.needs_all_keys:
            return np.array([cycles.max()])
        n_columns = int(self.bounds[-1]) // self.rule.n_segments
        of_columns, best = np.empty(n_columns), np.empty(n_columns)
        boxes = self._inhibition.boxes
        work = np.empty((3, boxes.room))
        fill_best_near(cycles, boxes, self.rule.n_segments, of_columns, work, best)
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
