"""The first state of a pooler, drawn at random: potential pools, permanences, tie-breakers.

Of all columns or of some: any row can be drawn without those before it, and is the same then.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.index import index_type
from fastsp.engine.parameters import check_seed
from fastsp.engine.plan import TIE_BREAKER_SCALE, Plan, rule_of_plan
from fastsp.engine.switches import NOTHING_OFF
from fastsp.engine.topology import ReceptiveFields, potential_pools

PIECE = 2**22
"""Tie-breakers drawn at a time where all are looked at and none is kept."""


def draw(plan: Plan, parameters: Mapping[str, Any], random_state: Any) -> dict[str, Any]:
    """Return the state of a pooler newly drawn: arrays, shapes, and no cycles so far."""
    rule = rule_of_plan(plan, parameters)
    rows = whole_draw(plan, parameters, seeds_of(random_state)).rows()
    return untrained(rows, rule.target_density) | {
        "column_shape": plan.column_shape,
        "input_shape": plan.input_shape,
        "n_active": rule.n_active,
        "n_cycles": 0,
    }


@dataclass(frozen=True)
class Draw:
    """What the rows of some consecutive columns are drawn from, (C,) of them."""

    fields: ReceptiveFields
    """Of all columns."""
    n_synapses: NDArray[np.int64]
    """(C,) potential synapses of each of these columns, in each of its segments"""
    n_segments: int
    pool_seed: int
    other_seed: int
    first_column: int
    first_synapse: int
    """How many potential synapses the columns before them have."""
    n_all_synapses: int
    n_all_rows: int
    connected_threshold: float
    initial_connected: float | None

    def part(self, first: int, last: int) -> "Draw":
        """Return the draw of the columns `first` to `last` of these."""
        before = int(self.n_synapses[:first].sum()) * self.n_segments
        return replace(
            self,
            n_synapses=self.n_synapses[first:last],
            first_column=self.first_column + first,
            first_synapse=self.first_synapse + before,
        )

    def rows(self) -> dict[str, NDArray[Any]]:
        """Draw the rows: `indptr` (from 0 on), `indices`, `permanences`, `tie_breakers`."""
        n, first_row = self.n_segments, self.first_column * self.n_segments
        indptr, indices = potential_pools(
            self.fields, self.n_synapses, self.pool_seed, n, self.first_column
        )
        first_tie = self.n_all_synapses + first_row
        ties = _random_numbers(self.other_seed, first_tie, n * self.n_synapses.size)
        return {
            "indptr": indptr,
            "indices": indices.astype(index_type(math.prod(self.fields.input_shape))),
            "permanences": _permanences(
                _random_numbers(self.other_seed, self.first_synapse, indices.size),
                self.connected_threshold,
                self.initial_connected,
            ),
            "tie_breakers": TIE_BREAKER_SCALE * ties,
        }

    def different_ties(self) -> NDArray[np.float32]:
        """Return the different tie-breakers of all rows, ascending; at most 2^24."""
        different = np.empty(0, np.float32)
        for start in range(0, self.n_all_rows, PIECE):
            n = min(PIECE, self.n_all_rows - start)
            ties = _random_numbers(self.other_seed, self.n_all_synapses + start, n)
            different = np.union1d(different, TIE_BREAKER_SCALE * ties)
        return different


def whole_draw(plan: Plan, parameters: Mapping[str, Any], seeds: tuple[int, int]) -> Draw:
    """Return the draw of all columns; of `seeds_of` the random state."""
    n_segments = int(parameters["segments"])
    n_all, n_rows = int(plan.n_synapses.sum()) * n_segments, plan.n_synapses.size * n_segments
    return Draw(
        plan.fields,
        plan.n_synapses,
        n_segments,
        *seeds,
        first_column=0,
        first_synapse=0,
        n_all_synapses=n_all,
        n_all_rows=n_rows,
        connected_threshold=float(parameters["connected_threshold"]),
        initial_connected=parameters["initial_connected"],
    )


def untrained(rows: dict[str, NDArray[Any]], duty_cycle: float) -> dict[str, NDArray[Any]]:
    """Return all arrays of a pooler that has these rows and has learned nothing."""
    n_rows = len(rows["tie_breakers"])
    return rows | {
        "active_duty_cycles": np.full(n_rows, duty_cycle),
        "log_duty_cycles": np.empty(0),
        "boost_factors": np.ones(n_rows, np.float32),
        "overlap_duty_cycles": np.empty(0),
        "off_columns": NOTHING_OFF,
        "off_inputs": NOTHING_OFF,
    }


def _random_numbers(seed: int, first: int, n: int) -> NDArray[np.float32]:
    """Return `n` numbers of `default_rng(seed).random(dtype=np.float32)`, from the `first` on.

    A generator makes two of them from each step that it takes, and can skip steps.
    """
    bits = np.random.PCG64(seed)
    bits.advance(first // 2)
    random = np.random.Generator(bits)
    if first % 2:
        random.random(dtype=np.float32)
    numbers: NDArray[np.float32] = random.random(n, dtype=np.float32)
    return numbers


def _permanences(
    drawn: NDArray[np.float32], threshold: float, share: float | None
) -> NDArray[np.float32]:
    """Return initial permanences, (S,), from as many uniform random numbers.

    Numbers below the share that is to be connected are spread from the threshold to 1, the others
    below the threshold.
    """
    if share is None:
        return drawn
    numbers, bound = drawn.astype(np.float64), np.float32(threshold)
    # Held on its own side of the share; none and all of them have no length to divide by.
    part = np.minimum(numbers, share) / (share or 1.0)
    rest = np.maximum(numbers - share, 0.0) / ((1.0 - share) or 1.0)
    connected = (threshold + (1.0 - threshold) * part).astype(np.float32)
    others = (threshold * rest).astype(np.float32)
    below = np.nextafter(bound, np.float32(0))
    permanences: NDArray[np.float32] = np.where(
        numbers < share, np.maximum(connected, bound), np.minimum(others, below)
    )
    return permanences


def seeds_of(random_state: Any) -> tuple[int, int]:
    """Return two numbers drawn from a seed, a generator of either kind, or NumPy's own (None)."""
    largest = 2**63 - 1
    if isinstance(random_state, np.random.Generator):
        first, second = random_state.integers(largest, size=2, dtype=np.int64)
    elif random_state is None:
        first, second = np.random.randint(largest, size=2, dtype=np.int64)  # noqa: NPY002
    elif isinstance(random_state, np.random.RandomState):
        first, second = random_state.randint(largest, size=2, dtype=np.int64)
    else:
        check_seed("random_state", random_state)
        random = np.random.RandomState(random_state)
        first, second = random.randint(largest, size=2, dtype=np.int64)
    return int(first), int(second)
