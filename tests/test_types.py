"""What users see of types: choices, attributes, names."""

import typing

import numpy as np
import pytest

import fastsp
from fastsp.engine import Engine, choices
from fastsp.engine.parameters import CHOICES

ALIASES = {
    "receptive_field": choices.ReceptiveField,
    "inhibition": choices.Inhibition,
    "boosting": choices.Boosting,
    "boost_target": choices.BoostTarget,
    "overlap": choices.Overlap,
    "overlap_index": choices.OverlapIndex,
}


def values_of(alias):
    if typing.get_origin(alias) is typing.Literal:
        return set(typing.get_args(alias))
    parts = [values_of(part) for part in typing.get_args(alias)]
    return set().union(*parts) if parts else {None}


def test_types_name_the_choices_that_there_are():
    assert ALIASES.keys() == CHOICES.keys()
    for name, alias in ALIASES.items():
        assert values_of(alias) == set(CHOICES[name]), name


def test_a_mistyped_choice_fails_in_mypy(tmp_path):
    api = pytest.importorskip("mypy.api")
    program = tmp_path / "program.py"
    program.write_text(
        "from fastsp import SpatialPooler\n"
        'pooler = SpatialPooler(inhibition="gausian")\n'
        "columns: int = pooler.n_active_\n"
        "permanences: str = pooler.permanences_\n"
    )
    options = ["--config-file=", f"--cache-dir={tmp_path / 'cache'}", "--ignore-missing-imports"]
    said = api.run([*options, "--follow-imports=silent", str(program)])[0]
    assert "gausian" in said
    assert ":4: error" in said
    assert ":3: error" not in said


def test_dir_lists_public_names_and_all_of_them():
    names = dir(fastsp)
    assert set(fastsp.__all__) <= set(names)
    assert not [name for name in names if name.startswith("_") and name != "__version__"]
    for name in names:
        assert getattr(fastsp, name) is not None


def test_engines_and_traces_tell_what_they_are():
    engine = Engine(64, column_shape=(100,), random_state=0)
    said = repr(engine.learn(np.eye(64)))
    for part in ("Engine(64", "column_shape=(100,)", "inhibition='global'", "n_cycles=64"):
        assert part in said
    trace = engine.trace(np.ones(64))
    assert repr(trace).startswith("Trace(100 columns")
    assert len(repr(trace)) < 120
    assert str(trace.active[0]) in repr(trace)
