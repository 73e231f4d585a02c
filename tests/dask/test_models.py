"""Models and poolers on a cluster of two processes: the results are those of one process."""

import errno
import getpass
import itertools
import os
import tempfile

import dask.array as da
import locket
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from clusters import local_cluster
from joblib import parallel_config
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import fastsp
import fastsp.dask
from fastsp.dask import ShardLostError, warm_up
from fastsp.dask.actors import Actors
from fastsp.engine.arrays import ARRAYS

N_INPUTS = 96
X = np.random.default_rng(0).random((150, N_INPUTS)) < 0.2
KINDS = {
    "global": {"column_shape": (200,), "segments": 2, "batch_size": 8},
    "no boosting": {"column_shape": (200,), "boosting": None, "batch_size": 8},
    "weak": {"column_shape": (200,), "weak_column_share": 0.9, "stimulus_threshold": 8},
    "grouped": {"column_shape": (7, 30), "inhibition": "grouped", "density": 0.1},
    "gaussian": {
        "column_shape": (12, 16),
        "input_shape": (8, 12),
        "receptive_field": "gaussian",
        "potential_radius": 2.0,
        "inhibition": "gaussian",
        "batch_size": 8,
    },
    "local": {
        "column_shape": (12, 16),
        "inhibition": "local",
        "inhibition_radius": 3,
        "boosting": "exp",
        "boost_target": "neighbourhood",
        "batch_size": 32,
    },
}


@pytest.fixture(scope="module")
def client():
    with local_cluster() as client:
        yield client
        logs = [line for lines in client.get_worker_logs().values() for _, line in lines]
        warned = [line for line in logs if "WARNING" in line or "ERROR" in line]
        # But for what a test provokes.
        assert not [line for line in warned + client.heard if "X must be finite" not in line]


@pytest.fixture(scope="module")
def pooler():
    return fastsp.SpatialPooler((300,), random_state=0, n_jobs=2).fit(X)


def check_same(local, pooler):
    assert local.n_cycles_ == pooler.n_cycles_
    for name in ARRAYS:
        if name != "log_duty_cycles":
            np.testing.assert_array_equal(getattr(local, f"{name}_"), getattr(pooler, f"{name}_"))


def check_codes(codes, wanted):
    assert codes.format == "csr"
    assert codes.dtype == wanted.dtype
    assert codes.shape == wanted.shape
    assert (codes != wanted).nnz == 0


def test_codes_of_an_array(client, pooler):
    given = da.from_array(X, chunks=((40, 1, 109), -1))
    for blocks in (given, given.astype(np.float32).map_blocks(scipy.sparse.csr_matrix)):
        codes = fastsp.dask.transform(pooler, blocks)
        assert codes.chunks == ((40, 1, 109), (300,))
        assert scipy.sparse.issparse(codes._meta)
        check_codes(codes.compute(), pooler.transform(X))


def test_codes_of_a_data_frame_and_dense_ones(client):
    dd = pytest.importorskip("dask.dataframe", exc_type=ImportError)
    frame = pd.DataFrame(X.astype(np.uint8)).rename(columns=str)
    pooler = fastsp.SpatialPooler((300,), sparse_output=False, random_state=0).fit(frame)
    codes = fastsp.dask.transform(pooler, dd.from_pandas(frame, npartitions=3), client=client)
    np.testing.assert_array_equal(codes.compute(), pooler.transform(frame))
    some = dd.from_pandas(frame, npartitions=3).loc[:40]  # a partition is empty, or gone
    np.testing.assert_array_equal(fastsp.dask.transform(pooler, some), pooler.transform(frame[:41]))


def test_classes_that_a_pipeline_predicts(client):
    table = np.random.default_rng(1).random((200, 2))
    labels = np.where(table[:, 0] < 0.5, "low", "high")
    model = make_pipeline(
        fastsp.ScalarEncoder(100, 21),
        fastsp.SpatialPooler((300,), random_state=0),
        fastsp.SoftmaxClassifier(random_state=0),
    ).fit(table, labels)
    classes = fastsp.dask.predict(model, da.from_array(table, chunks=(70, 2)))
    assert classes.dtype == model.classes_.dtype
    np.testing.assert_array_equal(classes.compute(), model.predict(table))


def test_a_readout_of_blocks_is_that_of_one_process(client, pooler):
    labels = np.resize(["a", "b", "c"], len(X))
    wanted = fastsp.StreamingRidgeClassifier(0.5).fit(pooler.transform(X), labels)
    blocks = da.from_array(X, chunks=((40, 1, 0, 60, 49), -1))
    model = make_pipeline(pooler, fastsp.StreamingRidgeClassifier(0.5))
    whole = fastsp.dask.fit(model, blocks, da.from_array(labels, chunks=70))
    codes = fastsp.dask.transform(pooler, blocks)
    alone = fastsp.dask.fit(wanted, codes, da.from_array(labels, chunks=(blocks.chunks[0],)))
    for readout in (whole[-1], alone):
        np.testing.assert_array_equal(readout.gram_, wanted.gram_)
        np.testing.assert_array_equal(readout.class_sums_, wanted.class_sums_)
        np.testing.assert_array_equal(readout.predict(codes.compute()), whole.predict(X))
        readout.partial_fit(codes[:40].compute(), labels[:40])
    assert not hasattr(model[-1], "classes_")
    assert wanted.class_count_.sum() == len(X)


def test_a_readout_of_a_data_frame(client):
    dd = pytest.importorskip("dask.dataframe", exc_type=ImportError)
    frame = pd.DataFrame(X.astype(np.uint8)).rename(columns=str)
    labels = pd.Series(np.arange(len(X)) % 3)
    readout = fastsp.dask.fit(
        fastsp.StreamingRidgeClassifier(),
        dd.from_pandas(frame, npartitions=3),
        dd.from_pandas(labels, npartitions=3),
        client=client,
    )
    wanted = fastsp.StreamingRidgeClassifier().fit(frame, labels)
    np.testing.assert_array_equal(readout.gram_, wanted.gram_)
    assert readout.feature_names_in_.tolist() == frame.columns.tolist()


def test_what_no_readout_can_learn_is_refused(client, pooler):
    blocks, labels = da.from_array(X, chunks=(50, -1)), da.zeros(len(X), int, chunks=50)
    ridge = fastsp.StreamingRidgeClassifier()
    with pytest.raises(TypeError, match=r"ends with one; got SoftmaxClassifier"):
        fastsp.dask.fit(fastsp.SoftmaxClassifier(), blocks, labels)
    with pytest.raises(TypeError, match="X must be a dask array or data frame; got ndarray"):
        fastsp.dask.fit(ridge, X, labels)
    for wrong in (labels.compute(), blocks):
        with pytest.raises(TypeError, match=r"y must be a dask array \(n,\) or series"):
            fastsp.dask.fit(ridge, blocks, wrong)
    with pytest.raises(ValueError, match="y must have 150 labels, as X has samples; got 149"):
        fastsp.dask.fit(ridge, blocks, labels[1:])
    one = da.zeros(len(X), int, chunks=-1)
    with pytest.raises(ValueError, match="y must have 3 blocks, as X has; got 1"):
        fastsp.dask.fit(ridge, blocks, one[one == 0])
    with pytest.raises(ValueError, match="X must have at least one sample"):
        fastsp.dask.fit(ridge, blocks[:0], labels[:0])
    with pytest.raises(NotFittedError):
        fastsp.dask.fit(make_pipeline(fastsp.SpatialPooler(), ridge), blocks, labels)


def test_what_cannot_be_transformed_is_refused(client, pooler):
    blocks = da.from_array(X, chunks=(50, 50))
    with pytest.raises(ValueError, match="X must be chunked by rows alone"):
        fastsp.dask.transform(pooler, blocks)
    with pytest.raises(TypeError, match="X must be a dask array or data frame; got ndarray"):
        fastsp.dask.transform(pooler, X)
    with pytest.raises(TypeError, match=r"ends with one; got SoftmaxClassifier"):
        fastsp.dask.transform(fastsp.SoftmaxClassifier(), blocks)
    with pytest.raises(TypeError, match="model must have a method predict"):
        fastsp.dask.predict(pooler, blocks)
    with pytest.raises(NotFittedError):
        fastsp.dask.transform(fastsp.SpatialPooler(), blocks)


KIND = warm_up.Kind((("column_shape", (300,)),), 96, False)


def test_each_kind_is_warmed_once(pooler, monkeypatch):
    warmed = []
    monkeypatch.setattr(warm_up, "_warm", warmed.append)
    kind = warm_up.kind_of(pooler)
    fastsp.dask.WarmUp(kind, KIND, kind).warm()
    assert warmed == [kind, KIND]
    assert kind.n_inputs == N_INPUTS
    # A plugin of that name is there already: it is not registered again.
    assert fastsp.dask.WarmUp(kind).name == fastsp.dask.WarmUp(warm_up.kind_of(pooler)).name


@pytest.mark.parametrize("name", KINDS)
def test_kinds_of_models_and_shards_can_be_warmed(name):
    whole = fastsp.SpatialPooler(**KINDS[name], random_state=0).initialize(N_INPUTS)
    fastsp.dask.WarmUp(warm_up.kind_of(whole)).warm()
    parameters = whole._engine.parameters
    fastsp.dask.WarmUp(warm_up.kind_of_shards(parameters, 30, N_INPUTS)).warm()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="users have no numbers there")
def test_a_user_without_a_name_warms_up(tmp_path, monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: {}["uid not found"])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    warmed = []
    monkeypatch.setattr(warm_up, "_warm", warmed.append)
    fastsp.dask.WarmUp(KIND).warm()
    assert warmed == [KIND]
    assert [path.name for path in tmp_path.iterdir()] == [f"fastsp-warm-up-{os.getuid()}.lock"]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="users have no numbers there")
@pytest.mark.parametrize("there", ["folder", "pipe", "link", "of another", "read-only", "no place"])
def test_a_lock_that_cannot_be_had_holds_up_nobody(there, tmp_path, monkeypatch):
    lock, other = tmp_path / f"fastsp-warm-up-{os.getuid()}.lock", tmp_path / "mine"
    other.write_text("precious")
    if there == "folder":
        lock.mkdir()
    elif there == "pipe":
        os.mkfifo(lock)
    elif there == "link":
        lock.symlink_to(other)
    elif there == "of another":
        lock.touch()
        lock.chmod(0o666)
        uid = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: uid + 1)
        lock.rename(tmp_path / f"fastsp-warm-up-{uid + 1}.lock")
    elif there == "read-only":
        lock.touch(0o400)
        monkeypatch.setattr(locket, "lock_file", unwritable)
    else:
        monkeypatch.setattr(tempfile, "_candidate_tempdir_list", list)
    monkeypatch.setattr(tempfile, "tempdir", None if there == "no place" else str(tmp_path))
    warmed = []
    monkeypatch.setattr(warm_up, "_warm", warmed.append)
    fastsp.dask.WarmUp(KIND).warm()
    assert warmed == [KIND]
    assert other.read_text() == "precious"


def unwritable(path, **options):
    raise PermissionError(errno.EACCES, "Permission denied", path)


def test_workers_take_turns_as_long_as_they_have_patience(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    warmed = []
    monkeypatch.setattr(warm_up, "_warm", warmed.append)
    with warm_up._taking_turns():
        (held,) = tmp_path.iterdir()
        with pytest.raises(locket.LockError), locket.lock_file(f"{held}", timeout=0):
            pass
        monkeypatch.setattr(warm_up, "PATIENCE", 0)
        fastsp.dask.WarmUp(KIND).warm()
    assert warmed == [KIND]


def rows_of(given, kept):
    """Yield Dask collections that have some of the rows of `given`, cut in blocks of 20."""
    chosen = da.from_array(kept, chunks=20)
    dense = da.from_array(given, chunks=(20, -1))
    yield dense[chosen]
    yield dense.astype(np.float32).map_blocks(scipy.sparse.csr_matrix)[chosen]
    sizes = np.add.reduceat(kept, range(0, len(kept), 20)).tolist()
    yield da.from_array(given[kept], chunks=((0, *sizes, 0), -1))
    dd = pytest.importorskip("dask.dataframe", exc_type=ImportError)
    frame = pd.DataFrame(given.astype(np.uint8)).rename(columns=str).assign(kept=kept)
    frame = dd.from_pandas(frame, npartitions=8)
    yield frame[frame.kept].drop(columns="kept")


@pytest.mark.parametrize("rows", [range(61, 145), []], ids=str)
def test_blocks_without_rows_or_of_unknown_size_give_no_rows(client, pooler, rows):
    kept = np.isin(np.arange(len(X)), rows)
    wanted = pooler.transform(X)[kept]
    labels = np.where(X[:, 0], "low", "high")
    readout = fastsp.MaximumLikelihoodClassifier().fit(pooler.transform(X), labels)
    model = make_pipeline(pooler, readout)
    parameters = {**KINDS["global"], "random_state": 3}
    whole = fastsp.SpatialPooler(**parameters).initialize(N_INPUTS)
    if kept.any():
        whole.fit(X[kept])
    for blocks in rows_of(X, kept):
        check_codes(fastsp.dask.transform(pooler, blocks).compute(), wanted)
        classes = fastsp.dask.predict(model, blocks).compute()
        assert classes.tolist() == [*readout.predict(wanted)] if kept.any() else not classes.size
        shards = fastsp.dask.SpatialPooler(**parameters).fit(blocks)
        assert shards.n_cycles_ == kept.sum()
        check_same(shards.to_local(), whole)
        assert shards.transform(blocks).compute().shape == (kept.sum(), 200)


@pytest.mark.parametrize("n_shards", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_pooler_in_shards_is_one_pooler(client, kind, n_shards):
    whole = fastsp.SpatialPooler(**KINDS[kind], random_state=3).fit(X[:100]).partial_fit(X[100:])
    shards = fastsp.dask.SpatialPooler(**KINDS[kind], random_state=3, n_shards=n_shards)
    shards.fit(X[:100]).partial_fit(scipy.sparse.csr_matrix(X[100:].astype(np.float32)))
    assert (shards.n_cycles_, shards.n_active_) == (whole.n_cycles_, whole.n_active_)
    local = shards.to_local()
    check_same(local, whole)
    wanted = whole.transform(X)
    check_codes(shards.transform(X), wanted)
    check_codes(local.transform(X), wanted)
    check_same(local.partial_fit(X), whole.partial_fit(X))


def test_a_pooler_learns_from_blocks_and_gives_them(client):
    blocks = da.from_array(X, chunks=((1, 60, 89), -1))
    whole = fastsp.SpatialPooler(**KINDS["global"], random_state=3).fit(X)
    shards = fastsp.dask.SpatialPooler(**KINDS["global"], random_state=3, client=client)
    codes = shards.fit(blocks).transform(blocks)
    assert shards.n_shards_ == 2
    assert codes.chunks == (blocks.chunks[0], (200,))
    check_codes(codes.compute(), whole.transform(X))
    check_same(shards.partial_fit(blocks).to_local(), whole.partial_fit(X))


def test_a_pooler_learns_from_a_data_frame(client):
    dd = pytest.importorskip("dask.dataframe", exc_type=ImportError)
    frame = dd.from_pandas(pd.DataFrame(X).rename(columns=str), npartitions=3)
    shards = fastsp.dask.SpatialPooler(**KINDS["global"], random_state=3).fit(frame)
    check_same(shards.to_local(), fastsp.SpatialPooler(**KINDS["global"], random_state=3).fit(X))


def test_a_batch_larger_than_a_message(client, monkeypatch):
    monkeypatch.setattr("fastsp.engine.coordinator.MAX_BUFFERED", 3000)
    parameters = {**KINDS["local"], "batch_size": 64, "weak_column_share": 0.9}
    whole = fastsp.SpatialPooler(**parameters, random_state=3).fit(X)
    shards = fastsp.dask.SpatialPooler(**parameters, random_state=3).fit(X)
    check_same(shards.to_local(), whole)


def test_what_is_wrong_is_said_before_anything_changes(client):
    with pytest.raises(TypeError, match="unknown parameter n_jobs"):
        fastsp.dask.SpatialPooler(n_jobs=2)
    with pytest.raises(ValueError, match="n_shards must be at least 1 and at most"):
        fastsp.dask.SpatialPooler((5,), n_shards=6).fit(X)
    shards = fastsp.dask.SpatialPooler((50,), random_state=0)
    with pytest.raises(NotFittedError):
        shards.transform(X)
    before = shards.fit(X).to_local()
    with pytest.raises(ValueError, match=r"X must have the shape \(n, 96\)"):
        shards.partial_fit(X[:, :5])
    with pytest.raises(ValueError, match="chunked by rows"):
        shards.partial_fit(da.from_array(X, chunks=(50, 50)))
    check_same(shards.to_local(), before)
    broken = da.from_array(np.where(np.arange(150)[:, None] == 120, np.nan, X), chunks=(50, -1))
    with pytest.raises(ValueError, match="X must be finite"):
        shards.partial_fit(broken)
    check_same(shards.to_local(), before.partial_fit(X[:100]))


@pytest.mark.parametrize("after", [0, 3, 13, 19])
def test_a_shard_that_is_lost_is_brought_back_from_the_last_snapshot(
    client, after, tmp_path, monkeypatch
):
    calls, call = itertools.count(), Actors.call

    def losing(self, method, *arguments):
        if method == "exchange" and next(calls) == after:
            raise ShardLostError("a worker was lost")
        return call(self, method, *arguments)

    monkeypatch.setattr(Actors, "call", losing)
    parameters = {**KINDS["global"], "random_state": 3}
    # 19 batches; the first snapshot comes after the tenth of them.
    shards = fastsp.dask.SpatialPooler(**parameters, checkpoint=tmp_path, checkpoint_every=10)
    check_same(shards.fit(X).to_local(), fastsp.SpatialPooler(**parameters).fit(X))
    assert next(calls) > 20


def test_search_through_joblib(client):
    labels = X[:, 0].astype(int)
    model = make_pipeline(
        fastsp.SpatialPooler((100,), random_state=0), fastsp.SoftmaxClassifier(random_state=0)
    )
    grid = {"spatialpooler__density": [0.02, 0.1]}
    alone = GridSearchCV(model, grid, cv=2).fit(X, labels)
    with parallel_config("dask"):
        search = GridSearchCV(model, grid, cv=2).fit(X, labels)
    scores = [one.cv_results_["mean_test_score"] for one in (alone, search)]
    np.testing.assert_array_equal(*scores)


def test_search_with_optuna(client):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    labels = X[:, 0].astype(int)

    def objective(trial):
        density = trial.suggest_float("density", 0.02, 0.2)
        pooler = fastsp.SpatialPooler((100,), density=density, random_state=0)
        model = make_pipeline(pooler, fastsp.SoftmaxClassifier(random_state=0))
        with parallel_config("dask"):
            return cross_val_score(model, X, labels, cv=2).mean()

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=2)
    assert len(study.trials) == 2
