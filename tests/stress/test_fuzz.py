"""Hostile files, arrays and matrices: a clear error, and nothing goes astray in memory."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from fastsp import (
    MaximumLikelihoodClassifier,
    SoftmaxClassifier,
    SpatialPooler,
    StreamingRidgeClassifier,
)
from stress import fuzz

READOUTS = (SoftmaxClassifier(), MaximumLikelihoodClassifier(), StreamingRidgeClassifier())


def test_hostile_files_are_refused_or_give_models_that_work():
    outcomes = fuzz.run(600, seed=1)
    assert sum(outcomes.values()) == 600
    # Some of each kind, so that the mutations reach beyond the first check.
    assert min(outcomes["model refused"], outcomes["model worked"]) > 10
    assert min(outcomes["images refused"], outcomes["images read"]) > 10
    assert min(outcomes["matrix refused"], outcomes["matrix taken"]) > 10


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("indices_", lambda a: a + 1000),
        ("indices_", lambda a: a.astype(int) - 1000),
        ("indices_", lambda a: a.astype(float)),
        ("permanences_", lambda a: a[:-1]),
        ("permanences_", lambda a: a * np.nan),
        ("permanences_", lambda a: a.reshape(-1, 1)),
        ("active_duty_cycles_", lambda a: a[:3]),
        ("active_duty_cycles_", lambda a: a.astype(complex)),
        # Finite, and infinite in the type of the kernels.
        ("tie_breakers_", lambda a: a + 1e300 * (np.arange(len(a)) == 7)),
        ("tie_breakers_", lambda a: np.full(len(a), -1e39)),
        ("permanences_", lambda a: a.astype(float) + 1e300),
        ("boost_factors_", lambda a: a.astype(float) * 1e300),
    ],
)
def test_arrays_assigned_are_checked_before_they_are_used(name, change):
    pooler = SpatialPooler((20,), random_state=0).fit(np.eye(30))
    good = pooler.transform(np.eye(30))
    kept = getattr(pooler, name)
    setattr(pooler, name, change(kept))
    for use in (pooler.transform, pooler.partial_fit):
        with pytest.raises(ValueError, match=name):
            use(np.eye(30))
    setattr(pooler, name, kept)
    assert (pooler.transform(np.eye(30)) != good).nnz == 0


def astray():
    """A sparse matrix that says (0, 5000) in a matrix of 30 columns."""
    X = scipy.sparse.csr_matrix(np.eye(30))
    X.indices[3] = 5000
    return X


def test_a_sparse_matrix_whose_indices_are_out_of_bounds_is_refused():
    pooler = SpatialPooler((20,), random_state=0).fit(np.eye(30))
    for use in (pooler.transform, pooler.partial_fit):
        with pytest.raises(ValueError, match="indices must be"):
            use(astray())
    assert pooler.n_cycles_ == 30
    for classifier in READOUTS:
        classifier.fit(np.eye(30), np.arange(30) % 3)
        with pytest.raises(ValueError, match="indices must be"):
            classifier.predict(astray())
        with pytest.raises(ValueError, match="indices must be"):
            classifier.partial_fit(astray(), np.arange(30) % 3)


def broken(name, values, format="csr"):
    """A sparse matrix, one of whose arrays was changed behind its back."""
    X = scipy.sparse.eye_array(30).asformat(format)
    setattr(X, name, np.asarray(values))
    return X


@pytest.mark.parametrize("format", ["csr", "csc"])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("indptr", [0, 10**7] + [30] * 29),
        ("indptr", [0, -(10**7)] + [0] * 29),
        ("indptr", [0.5] * 31),
        ("indptr", np.arange(31)[::-1]),
        ("indices", np.full(30, 10**7)),
        ("indices", np.full(30, -(10**7))),
        ("indices", [1]),
        ("data", np.ones(3)),
        ("data", np.ones(3) * 1j),
        ("_shape", (10**7, 30)),
    ],
)
def test_sparse_matrices_that_lead_astray_are_refused(name, values, format):
    X = broken(name, values, format)
    if name == "_shape":
        X._shape = (10**7, 30) if format == "csr" else (30, 10**7)
    y = np.arange(30) % 3
    learners = (
        SpatialPooler((20,), random_state=0),
        *READOUTS,
    )
    for model in learners:
        with pytest.raises(ValueError, match=r"indptr|ind|data|column|row|minor|major"):
            model.fit(X, y)
        model.fit(np.eye(30), y)
        for use in (
            model.partial_fit,
            getattr(model, "predict", getattr(model, "transform", None)),
        ):
            with pytest.raises(ValueError, match=r"indptr|ind|data|column|row|minor|major"):
                use(X, y) if use == model.partial_fit else use(X)


def test_coordinates_that_lead_astray_are_refused():
    X = scipy.sparse.eye_array(30).tocoo()
    X.col[3] = 10**7
    for use in (SpatialPooler((20,)).fit, SpatialPooler((20,)).partial_fit):
        with pytest.raises(ValueError, match="col indices must be >= 0 and < 30"):
            use(X)


def test_an_input_of_another_size_is_told_so():
    pooler = SpatialPooler((20,), random_state=0).fit(np.eye(30))
    pooler.compute(np.ones(30, np.uint8), learn=False)
    permanences = pooler.permanences_.copy()
    for learn in (True, False):
        with pytest.raises(ValueError, match=r"shape \(30,\); got shape \(3000,\)"):
            pooler.compute(np.ones(3000, np.uint8), learn)
    assert (pooler.permanences_ == permanences).all()


def test_pools_too_large_to_count_their_overlap_are_refused():
    with pytest.raises(ValueError, match="at most 65534 potential synapses"):
        SpatialPooler((2,), potential_fraction=1.0).initialize(70_000)
    dense = SpatialPooler((2,), n_potential=65_534, connected_threshold=0.0, random_state=0)
    dense.initialize(70_000)
    assert dense.trace(np.ones(70_000, np.uint8)).overlaps.tolist() == [65_534, 65_534]


CORPUS = fuzz.read_corpus(Path(__file__).parents[1] / "corpus.zip")


def test_hostile_files_are_kept():
    assert len(CORPUS) > 100


@pytest.mark.parametrize("kind", sorted(CORPUS))
def test_hostile_files_that_were_kept(kind, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CORPUS[kind])
    outcome, _ = (fuzz.try_images if kind.startswith("images") else fuzz.try_model)(path)
    assert outcome == kind.split(" - ")[0]
