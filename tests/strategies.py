"""Random poolers and inputs for property tests."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from fastsp import SpatialPooler

_FEWER = 10 if numba.config.DISABLE_JIT or numba.config.BOUNDSCHECK else 1


def examples(n: int) -> Callable[[Any], Any]:
    """Try `n` examples, a tenth of them where kernels are slow: checked, or not compiled."""
    return settings(deadline=None, max_examples=max(n // _FEWER, 5))


@st.composite
def poolers(draw, **fixed):
    """A pooler of random shape, topology, parameters and faults, initialised but untrained."""
    n_axes = draw(st.integers(1, 3))
    longest = {1: 60, 2: 9, 3: 4}[n_axes]
    axis = st.integers(1, longest)
    column_shape = tuple(draw(st.lists(axis, min_size=n_axes, max_size=n_axes)))
    input_shape = tuple(draw(st.lists(axis, min_size=n_axes, max_size=n_axes)))
    input_shape += tuple(draw(st.lists(st.integers(1, 3), max_size=1)))
    field = draw(st.sampled_from(["global", "box", "gaussian"]))
    radius = None
    if field == "box":
        radius = draw(st.integers(0, longest))
    elif field == "gaussian":
        radius = draw(st.floats(0.05, 3.0))
    inhibition = draw(st.sampled_from(["global", "gaussian", "local", "grouped"]))
    places = column_shape
    if inhibition == "grouped":
        column_shape += (draw(st.integers(1, 40)),)
    derivable = radius and max(places) * radius / min(input_shape[:n_axes]) <= 4
    needs_radius = inhibition in ("gaussian", "local") and not (derivable and draw(st.booleans()))
    boosting = draw(st.sampled_from(["log", "exp", None]))
    targets = ["density", "neighbourhood"] if boosting == "exp" else ["density"]
    parameters = {
        "column_shape": column_shape,
        "input_shape": input_shape,
        "receptive_field": field,
        "potential_radius": radius,
        "potential_fraction": draw(st.floats(0.05, 1.0)),
        "segments": draw(st.sampled_from([1, 1, 1, 2, 5])),
        "wrap": draw(st.booleans()),
        "density": draw(st.floats(0.01, 1.0)),
        "inhibition": inhibition,
        "inhibition_radius": draw(st.floats(0.3, 4.0)) if needs_radius else None,
        "boosting": boosting,
        "boost_target": draw(st.sampled_from(targets)),
        # A blur in float32 cannot tell apart what is dwarfed by a neighbour's excitement.
        "boost_strength": draw(st.floats(0.0, 5.0 if inhibition == "gaussian" else 100.0)),
        "duty_cycle_period": draw(st.floats(1.5, 200.0)),
        "overlap": draw(st.sampled_from(["count", "count", "share"])),
        "stimulus_threshold": draw(st.sampled_from([0, 0, 1, 3])),
        "permanence_increment": draw(st.floats(0.0, 0.5)),
        "permanence_decrement": draw(st.floats(0.0, 0.5)),
        "weak_column_share": draw(st.sampled_from([0.0, 0.0, 0.2, 0.9])),
        "weak_column_increment": draw(st.floats(0.0, 0.3)),
        "connected_threshold": draw(st.floats(0.0, 1.0)),
        "initial_connected": draw(st.none() | st.floats(0.0, 1.0)),
        "overlap_index": draw(st.sampled_from(["auto", "rows", "words", "lists"])),
        "random_state": draw(st.integers(0, 2**31)),
    }
    pooler = SpatialPooler(**(parameters | fixed)).initialize(int(np.prod(input_shape)))
    return draw(faults_of(pooler))


@st.composite
def faults_of(draw, pooler):
    """The pooler, perhaps with a random share of its columns and input bits switched off."""
    random = np.random.default_rng(draw(st.integers(0, 2**31)))
    shares = st.sampled_from([0.0, 0.0, 0.1, 0.7])
    columns = random.random(pooler.column_shape_) < draw(shares)
    inputs = random.random(pooler.input_shape_) < draw(shares)
    return pooler.switch_off(columns, inputs)


@st.composite
def inputs_for(draw, pooler, n):
    """n random inputs, uint8, each with its own share of on-bits."""
    random = np.random.default_rng(draw(st.integers(0, 2**31)))
    shares = random.random((n, 1)) * draw(st.floats(0.0, 1.0))
    return (random.random((n, pooler.n_features_in_)) < shares).astype(np.uint8)
