"""Columns and input bits that are switched off; the strategies switch some off in other tests."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from fastsp import SpatialPooler, load, save

X = (np.random.default_rng(0).random((300, 8, 8)) < 0.2).astype(np.uint8).reshape(300, 64)


def trained(**parameters):
    parameters = {"inhibition": "global", "random_state": 0} | parameters
    radius = None if parameters["inhibition"] == "global" else 3
    return SpatialPooler(
        (10, 10), input_shape=(8, 8), inhibition_radius=radius, density=0.1, **parameters
    ).fit(X)


@pytest.mark.parametrize("inhibition", ["global", "gaussian", "local"])
def test_survivors_take_the_place_of_columns_that_are_off(inhibition):
    pooler = trained(inhibition=inhibition)
    before = pooler.transform(X)
    lost = np.unique(before[0].indices)
    pooler.switch_off(columns=lost)
    after = pooler.transform(X)
    assert not np.isin(lost, after.indices).any()
    assert not np.isin(lost, pooler.trace(X[0]).active).any()
    assert (pooler.trace(X[0]).boosted[lost] == 0).all()
    if inhibition != "local":
        assert (np.diff(after.indptr) == np.diff(before.indptr)).all()
    assert 0.9 < after.nnz / before.nnz < 1.1


def test_a_column_that_is_off_learns_nothing_and_its_duty_cycle_falls():
    pooler = trained()
    columns = np.arange(0, 100, 3)
    permanences = np.split(pooler.permanences_, pooler.indptr_[1:-1])
    duty_cycles = pooler.active_duty_cycles_.copy()
    before = [permanences[c].copy() for c in columns]
    pooler.switch_off(columns=columns).partial_fit(X)
    after = np.split(pooler.permanences_, pooler.indptr_[1:-1])
    assert all((after[c] == old).all() for c, old in zip(columns, before, strict=True))
    np.testing.assert_allclose(
        pooler.active_duty_cycles_[columns], duty_cycles[columns] * 0.999 ** len(X)
    )
    # Switched on again, long unused as they are, they are boosted and come back.
    pooler.switch_on(columns=columns).partial_fit(X)
    assert np.isin(columns, pooler.transform(X).indices).mean() > 0.9


def test_an_input_bit_that_is_off_reads_as_off():
    pooler, bits = trained(), np.arange(0, 64, 5)
    blind = copy.deepcopy(pooler).switch_off(inputs=bits)
    silenced = X.copy()
    silenced[:, bits] = 0
    assert (blind.transform(X) != pooler.transform(silenced)).nnz == 0
    assert (blind.trace(X[0]).overlaps == pooler.trace(silenced[0]).overlaps).all()
    assert blind.compute(X[0]).tolist() == pooler.compute(silenced[0]).tolist()
    blind.partial_fit(X)
    pooler.partial_fit(silenced)
    assert (blind.permanences_ == pooler.permanences_).all()


def test_positions_and_masks_of_either_shape_mean_the_same():
    mask = np.zeros((10, 10), bool)
    mask[2, 3] = mask[9, 9] = True
    for columns in ([99, 23, 23], np.array([23, 99], np.uint8), mask, mask.ravel(), mask.tolist()):
        pooler = trained().switch_off(columns=columns, inputs=7)
        assert pooler.off_columns_.tolist() == [23, 99]
        assert pooler.off_columns_.dtype == pooler.off_inputs_.dtype == np.int32
        assert pooler.off_inputs_.tolist() == [7]
        assert pooler.switch_off(columns=[5], inputs=[]).off_columns_.tolist() == [5, 23, 99]
        assert pooler.switch_on(columns=columns).off_columns_.tolist() == [5]
        assert pooler.off_inputs_.tolist() == [7]


def test_what_is_off_stays_off_in_files_and_copies_until_a_new_draw(tmp_path):
    pooler = trained().switch_off(columns=range(50), inputs=[1, 2])
    save(pooler, tmp_path / "model")
    for again in (load(tmp_path / "model"), pickle.loads(pickle.dumps(pooler))):
        assert again.off_columns_.tolist() == list(range(50))
        assert again.off_inputs_.tolist() == [1, 2]
        assert (again.transform(X) != pooler.transform(X)).nnz == 0
    assert pooler.fit(X).off_columns_.size == pooler.off_inputs_.size == 0


def test_models_from_before_have_nothing_switched_off(tmp_path, monkeypatch):
    pooler = trained()
    codes, state = pooler.transform(X), pooler.__getstate__()
    del state["off_columns_"], state["off_inputs_"], state["drawn_"]
    monkeypatch.setattr(SpatialPooler, "__getstate__", lambda pooler: state)
    save(pooler, tmp_path / "model")
    monkeypatch.undo()
    unpickled = SpatialPooler.__new__(SpatialPooler)
    unpickled.__setstate__(state)
    for old in (load(tmp_path / "model"), unpickled):
        assert (old.transform(X) != codes).nnz == 0
        assert old.off_columns_.size == 0


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({}, ValueError, "columns or inputs must be given"),
        ({"columns": [100]}, ValueError, "columns must .* 0 to 99; got 100"),
        ({"columns": [-1]}, ValueError, "columns must .* got -1"),
        ({"columns": [1.0]}, TypeError, "columns must be integers"),
        ({"columns": "all"}, TypeError, "columns must be integers"),
        ({"columns": np.ones((10, 9), bool)}, ValueError, r"columns must .* shape \(10, 9\)"),
        ({"columns": [[1, 2]]}, ValueError, r"columns must .* shape \(1, 2\)"),
        ({"columns": [1], "inputs": [64]}, ValueError, "inputs must .* 0 to 63; got 64"),
        ({"columns": [1], "inputs": np.ones(100, bool)}, ValueError, "inputs must .* mask"),
    ],
)
@pytest.mark.parametrize("method", ["switch_off", "switch_on"])
def test_what_cannot_be_switched_is_named_and_nothing_is_switched(method, bad, error, message):
    pooler = trained().switch_off(columns=[1, 5])
    with pytest.raises(error, match=message):
        getattr(pooler, method)(**bad)
    assert pooler.off_columns_.tolist() == [1, 5]


def test_only_a_pooler_that_is_drawn_has_something_to_switch():
    with pytest.raises(NotFittedError):
        SpatialPooler().switch_off(columns=[1])
