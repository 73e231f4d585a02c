"""The first state of a pooler, drawn at random: potential pools, permanences, tie-breakers."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.arrays import Arrays
from fastsp.engine.index import index_type
from fastsp.engine.parameters import check_seed
from fastsp.engine.plan import TIE_BREAKER_SCALE, Plan, rule_of
from fastsp.engine.switches import NOTHING_OFF
from fastsp.engine.topology import potential_pools


def draw(plan: Plan, parameters: Mapping[str, Any], random_state: Any) -> dict[str, Any]:
    """Return the state of a pooler newly drawn: arrays, shapes, and no cycles so far."""
    pool_seed, other_seed = _seeds(random_state)
    segments = int(parameters["segments"])
    indptr, indices = potential_pools(plan.fields, plan.n_synapses, pool_seed, segments)
    n_rows = segments * plan.n_synapses.size
    random = np.random.default_rng(other_seed)
    arrays: Arrays = {
        "indptr": indptr,
        "indices": indices.astype(index_type(math.prod(plan.input_shape))),
        "permanences": _permanences(random.random(indices.size, dtype=np.float32), parameters),
        "tie_breakers": TIE_BREAKER_SCALE * random.random(n_rows, dtype=np.float32),
        "log_duty_cycles": np.empty(0),
        "boost_factors": np.ones(n_rows, np.float32),
        "overlap_duty_cycles": np.empty(0),
        "off_columns": NOTHING_OFF,
        "off_inputs": NOTHING_OFF,
    }
    rule = rule_of(parameters, plan.column_shape, arrays)
    arrays["active_duty_cycles"] = np.full(n_rows, rule.target_density)
    return arrays | {
        "column_shape": plan.column_shape,
        "input_shape": plan.input_shape,
        "n_active": rule.n_active,
        "n_cycles": 0,
    }


def _permanences(drawn: NDArray[np.float32], parameters: Mapping[str, Any]) -> NDArray[np.float32]:
    """Return initial permanences, (S,), from as many uniform random numbers.

    Numbers below the share that is to be connected are spread from the threshold to 1, the others
    below the threshold.
    """
    threshold, share = float(parameters["connected_threshold"]), parameters["initial_connected"]
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


def _seeds(random_state: Any) -> tuple[int, int]:
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
