"""Model files that lie: within bounds, refused by name, and nothing goes astray in memory."""

import io
import os
import pickle
import tracemalloc
import zipfile

import numpy as np
import pytest
from model_files import rewrite, rewrite_header
from numpy.testing import assert_array_equal

from fastsp import ImageAugmenter, MaximumLikelihoodClassifier, ScalarEncoder, SpatialPooler
from fastsp.engine.arrays import check_pools
from fastsp.persistence import ModelFileError, load, save

X = (np.random.default_rng(0).random((40, 30)) < 0.2).astype(np.uint8)
Y = np.arange(40) % 3


@pytest.fixture
def classifier():
    return MaximumLikelihoodClassifier(combine="mean", smoothing=0.3).fit(X, Y)


@pytest.fixture
def path(classifier, tmp_path):
    path = tmp_path / "model.fastsp"
    save(classifier, path)
    return path


@pytest.fixture
def pooler():
    return SpatialPooler((20,), random_state=0).fit(np.eye(30))


def twice(pooler):
    indices = pooler.indices_.copy()
    indices[1] = indices[0]
    return indices


def backwards(pooler):
    indices = pooler.indices_.copy()
    last = pooler.indptr_[-2]
    indices[last:] = indices[last:][::-1]
    return indices


@pytest.mark.parametrize("indices", [twice, backwards])
def test_pools_that_are_not_ascending_are_refused_wherever_they_come_in(tmp_path, pooler, indices):
    # Kernels have room for what pools without repeats can lead to.
    good = pooler.transform(np.eye(30))
    kept, pooler.indices_ = pooler.indices_, indices(pooler)
    save(pooler, tmp_path / "model")
    pickled = pickle.dumps(pooler)
    for use in (
        lambda: load(tmp_path / "model"),
        lambda: pickle.loads(pickled),
        lambda: pooler.partial_fit(np.eye(30)),
        lambda: pooler.transform(np.eye(30)),
    ):
        with pytest.raises(ValueError, match=r"indices_ must be strictly ascending .* row (0|19) "):
            use()
    pooler.indices_ = kept
    assert (pooler.transform(np.eye(30)) != good).nnz == 0


def test_pools_that_are_too_large_are_refused_wherever_they_come_in(tmp_path):
    pooler = SpatialPooler((2,), n_potential=10, random_state=0).initialize(70_000)
    pooler.indices_ = np.arange(65_536)
    pooler.indptr_ = np.array([0, 1, 65_536])
    pooler.permanences_ = np.full(65_536, 0.6, np.float32)
    save(pooler, tmp_path / "model")
    pickled = pickle.dumps(pooler)
    for use in (
        lambda: load(tmp_path / "model"),
        lambda: pickle.loads(pickled),
        lambda: pooler.partial_fit(np.ones((1, 70_000))),
    ):
        with pytest.raises(ValueError, match=r"at most 65534 potential synapses .* got 65535"):
            use()


def test_pools_of_all_sizes_pass(pooler):
    lengths = np.diff(pooler.indptr_)
    empty = np.zeros(20, np.int64)
    empty[5:7] = lengths[5:7]
    pooler.indptr_ = np.concatenate([[0], np.cumsum(empty)])
    begin = lengths[:5].sum()
    pooler.indices_ = pooler.indices_[begin : begin + empty.sum()]
    pooler.permanences_ = pooler.permanences_[begin : begin + empty.sum()]
    check_pools(pooler.indptr_, pooler.indices_)
    check_pools(np.zeros(4, np.int64), np.empty(0, np.uint16))


def test_what_is_too_large_for_its_type_is_not_finite(pooler):
    pooler.tie_breakers_ = np.full(20, 1e300)
    with pytest.raises(ValueError, match="tie_breakers_ must be finite"):
        pooler.transform(np.eye(30))


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {"combine": "mean", "mixture": 3}},
        {"estimator": "TemporalMemory"},
        {"attributes": {"classes_": {"hologram": "x"}}},
    ],
)
@pytest.mark.parametrize("version", ["0.2.0", "1.0", "0.1.1.dev3"])
def test_a_file_of_a_later_version_is_not_called_damaged(path, changes, version):
    rewrite_header(path, fastsp_version=version, **changes)
    with pytest.raises(ModelFileError, match=f"written by fastsp {version}, later than") as caught:
        load(path)
    assert "damaged" not in str(caught.value)
    assert any(word in str(caught.value) for word in ("mixture", "TemporalMemory", "hologram"))


def test_a_file_of_a_later_version_is_read_where_all_is_known(classifier, path):
    rewrite_header(path, fastsp_version="7.0")
    assert_array_equal(load(path).predict_proba(X), classifier.predict_proba(X))


def peak(function):
    """Return the most bytes that Python and NumPy had allocated at a time, and what it raised."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileError) as caught:
            function()
        return tracemalloc.get_traced_memory()[1], str(caught.value)
    finally:
        tracemalloc.stop()


def member(description, shape, content=b""):
    file = io.BytesIO()
    header = {"descr": description, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


@pytest.mark.parametrize(
    "content",
    [
        member("<U0", (200_000_000,)),
        member("|S0", (2**40,)),
        member("|V0", (2**40,)),
        member("|V8", (1,), bytes(8)),
        member([("a", "<i4"), ("b", "<f4")], (1,), bytes(8)),
        member("<U300000", (1,), bytes(1_200_000)),
    ],
)
def test_types_that_no_model_holds_are_refused_before_there_is_memory_for_them(path, content):
    rewrite(path, {"column_count_.npy": content})
    n_bytes, message = peak(lambda: load(path))
    assert "which no model holds" in message
    assert n_bytes < 2**20


def test_a_large_header_is_refused_unread(path):
    rewrite_header(path, notes=[[]] * 2_000_000)
    n_bytes, message = peak(lambda: load(path))
    assert "header.json of more than 4194304 bytes" in message
    assert n_bytes < 2**20


def test_notes_that_could_not_be_read_are_not_written(classifier, path):
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"notes.* at most 4194304 bytes of JSON"):
        save(classifier, path, notes={"log": ["a line"] * 500_000})
    assert path.read_bytes() == before
    save(classifier, path, notes={"log": "a line" * 500_000})


def test_a_large_directory_is_refused_unread(path):
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(100_000):
            archive.writestr(zipfile.ZipInfo(f"{i}"), b"")
    n_bytes, message = peak(lambda: load(path))
    assert "directory of more than" in message
    assert n_bytes < 2**20


def test_a_comment_behind_the_archive_is_no_directory(path):
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"of the north" * 1000
    assert load(path).smoothing == 0.3


def test_reading_takes_memory_in_proportion_to_the_file(tmp_path):
    pooler = SpatialPooler((500,), random_state=0).initialize(2000)
    save(pooler, tmp_path / "model")
    tracemalloc.start()
    load(tmp_path / "model")
    assert tracemalloc.get_traced_memory()[1] < 3 * (tmp_path / "model").stat().st_size
    tracemalloc.stop()


def pipeline_header(**changes):
    """Return the header of a pipeline of one scaler, whose description is changed."""
    part = {"estimator": "StandardScaler", "parameters": {}, "attributes": {}} | changes
    steps = [{"tuple": ["one", {"estimator": part}]}]
    return {
        "estimator": "Pipeline",
        "parameters": {"steps": steps, "memory": None},
        "attributes": {},
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"estimator": "StandardScaler"}, "unknown estimator"),
        (pipeline_header(estimator="DecisionTreeClassifier"), "unknown estimator, 'Decision"),
        (pipeline_header(estimator="system"), "unknown estimator"),
        (pipeline_header() | {"parameters": {"steps": [], "memory": "folder"}}, "memory"),
        (pipeline_header(attributes={"fit": 1}), "no state, 'fit'"),
        (pipeline_header(attributes={"__class__": 1}), "no state"),
        (pipeline_header(parameters={"copies": 1}), "StandardScaler of scikit-learn .*copies"),
        (pipeline_header(parameters={"copy": {"type": "numpy.ufunc"}}), "damaged"),
        (pipeline_header(parameters={"copy": {"dtype": "i4,i4"}}), "unknown kind"),
        (pipeline_header(parameters={"copy": {"generator": {"state": 1}}}), "random generator"),
        (
            pipeline_header(
                parameters={
                    "copy": {"generator": {"state": -1, "inc": 1, "has_uint32": 0, "uinteger": 0}}
                }
            ),
            "random generator",
        ),
    ],
)
def test_wrong_descriptions_of_pipelines_are_refused(path, changes, message):
    rewrite_header(path, **changes)
    with pytest.raises(ModelFileError, match=f"{path.name}: .*{message}"):
        load(path)


def test_no_more_processes_are_asked_for_than_there_are_processors(path):
    header = pipeline_header()
    header["parameters"] = {
        "steps": [
            {
                "tuple": [
                    "one",
                    {
                        "estimator": {
                            "estimator": "FeatureUnion",
                            "parameters": {"transformer_list": [], "n_jobs": 10**6},
                            "attributes": {},
                        }
                    },
                ]
            }
        ]
    }
    rewrite_header(path, **header)
    assert load(path)[0].n_jobs <= os.cpu_count()


def test_images_are_as_large_as_an_augmenter_was_fitted_for(tmp_path):
    augmenter = ImageAugmenter(random_state=0).fit(np.ones((2, 9)))
    augmenter.image_shape_ = (300, 300)
    save(augmenter, tmp_path / "model")
    for use in (lambda: augmenter.augment(np.ones((2, 9))), lambda: load(tmp_path / "model")):
        with pytest.raises(ValueError, match="image_shape"):
            use()


def test_an_encoder_without_what_it_learned_is_refused(tmp_path):
    encoder = ScalarEncoder().fit([[0.0], [1.0]])
    encoder.minimum_ = np.zeros(3)
    save(encoder, tmp_path / "model")
    with pytest.raises(ModelFileError, match="minimum_ must hold a finite number for each feature"):
        load(tmp_path / "model")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("column_count_", np.full((3, 30), np.nan)),
        ("column_count_", np.full((3, 30), -1.0)),
        ("class_count_", np.zeros(3)),
        ("class_count_", np.full(3, 1e300)),
    ],
)
def test_counts_that_no_samples_lead_to_are_refused(classifier, tmp_path, name, value):
    setattr(classifier, name, value)
    save(classifier, tmp_path / "model")
    with pytest.raises(ModelFileError, match=name):
        load(tmp_path / "model")
