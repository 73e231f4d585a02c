import io
import json
import os
import struct
import zipfile

import numpy as np
import pytest
from model_files import members, rewrite, rewrite_header
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from fastsp import SpatialPooler
from fastsp.classifiers import MaximumLikelihoodClassifier
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


@pytest.mark.parametrize("labels", [Y, Y.astype(str), Y.astype(str).astype(object), Y > 1, Y - 0.5])
@pytest.mark.parametrize("combine", ["product", "mean"])
def test_a_loaded_classifier_is_the_saved_one_and_goes_on_as_it(tmp_path, labels, combine):
    if labels.dtype == np.float64:
        labels = labels * 2  # whole numbers, which scikit-learn takes for labels
    saved = MaximumLikelihoodClassifier(combine, smoothing=0.1).fit(X, labels)
    save(saved, tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert type(loaded) is MaximumLikelihoodClassifier
    assert loaded.get_params() == saved.get_params()
    assert loaded.classes_.dtype == saved.classes_.dtype
    for _ in range(2):
        assert_array_equal(loaded.classes_, saved.classes_)
        assert_array_equal(loaded.predict_proba(X), saved.predict_proba(X))
        assert_array_equal(loaded.predict(sparse.csr_array(X)), saved.predict(X))
        loaded.partial_fit(X[:7], labels[:7])
        saved.partial_fit(X[:7], labels[:7])


@pytest.mark.parametrize("random_state", [7, np.random.RandomState(7)])
def test_a_loaded_pooler_is_the_saved_one_and_goes_on_as_it(tmp_path, random_state):
    saved = SpatialPooler((50,), density=0.1, random_state=random_state).fit(X)
    save(saved, tmp_path / "model")
    loaded = load(tmp_path / "model")
    # A generator object is used up by then.
    assert loaded.random_state == (7 if random_state == 7 else None)
    for _ in range(2):
        assert_array_equal(loaded.permanences_, saved.permanences_)
        assert_array_equal(loaded.transform(X).indices, saved.transform(X).indices)
        loaded.partial_fit(X)
        saved.partial_fit(X)


def test_the_path_is_used_as_it_is(classifier, tmp_path):
    save(classifier, str(tmp_path / "no suffix"))
    assert [file.name for file in tmp_path.iterdir()] == ["no suffix"]


def test_equal_models_are_equal_files(classifier, path, tmp_path):
    save(load(path), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_the_header_says_what_the_file_is(path):
    header = json.loads(members(path)["header.json"])
    assert header["format"] == "fastsp"
    assert header["format_version"] == 1
    assert header["estimator"] == "MaximumLikelihoodClassifier"
    assert header["parameters"] == {"combine": "mean", "smoothing": 0.3, "threshold": 0.5}
    counts = np.load(io.BytesIO(members(path)["column_count_.npy"]), allow_pickle=False)
    assert counts.shape == (3, 30)


def test_every_kind_of_state_comes_back_as_it_was(classifier, tmp_path):
    state = {
        "tuple_": (1, (2.5, "three"), None, True),
        "list_": [0.1, [float("inf")], (np.int8(3),)],
        "dict_": {"array": np.arange(3), "big": 2**100},
        "scalar_": np.float32(0.1),
        "names_": np.array(["a", "b"], dtype=object),
        "matrix_": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "empty_": np.empty((0, 4), np.int32),
    }
    vars(classifier).update(state, _hidden_=1, other=2)
    save(classifier, tmp_path / "model")
    loaded = vars(load(tmp_path / "model"))
    assert loaded["tuple_"] == state["tuple_"]
    assert loaded["list_"] == state["list_"]
    assert loaded["dict_"]["big"] == 2**100
    assert_array_equal(loaded["dict_"]["array"], np.arange(3))
    assert loaded["scalar_"] == state["scalar_"]
    assert type(loaded["scalar_"]) is np.float32
    for name in ("names_", "matrix_", "empty_"):
        assert loaded[name].dtype == state[name].dtype
        assert_array_equal(loaded[name], state[name])
    assert "_hidden_" not in loaded
    assert "other" not in loaded


@pytest.mark.parametrize("value", [object(), {1: 2}, np.array([object()]), {1, 2}])
def test_state_that_cannot_be_saved_is_named_and_no_file_appears(classifier, tmp_path, value):
    classifier.strange_ = value
    with pytest.raises(TypeError, match="strange_"):
        save(classifier, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_other_estimators_are_refused(tmp_path):
    class MaximumLikelihoodClassifier(LogisticRegression):
        pass

    for other in (LogisticRegression(), MaximumLikelihoodClassifier()):
        with pytest.raises(TypeError, match="estimator must be one of SpatialPooler"):
            save(other, tmp_path / "model")


def test_what_is_not_fitted_is_not_saved(tmp_path):
    with pytest.raises(NotFittedError):
        save(MaximumLikelihoodClassifier(), tmp_path / "model")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_save_leaves_the_old_file_and_nothing_else(classifier, path, monkeypatch, step):
    def fail(*_):
        raise OSError("disk full")

    before = path.read_bytes()
    if step == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(classifier.partial_fit(X, Y), path)
    monkeypatch.undo()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_saving_replaces_the_file_and_keeps_the_usual_permissions(classifier, path, tmp_path):
    save(classifier.partial_fit(X, Y), path)
    assert load(path).class_count_.sum() == 80
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x04\x95", b"PK\x03\x04" * 30])
def test_foreign_files_are_refused(tmp_path, content):
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="model: not a fastsp model"):
        load(path)


def test_an_npz_file_is_not_a_model(tmp_path):
    np.savez(tmp_path / "model.npz", a=np.arange(3))
    with pytest.raises(ModelFileError, match=r"model\.npz: not a fastsp model"):
        load(tmp_path / "model.npz")


def test_truncated_files_are_refused(path):
    content = path.read_bytes()
    for n_bytes in np.linspace(0, len(content) - 1, 30, dtype=int):
        path.write_bytes(content[:n_bytes])
        with pytest.raises(ModelFileError, match=path.name):
            load(path)


def test_a_flipped_bit_in_an_array_is_noticed(path):
    content = bytearray(path.read_bytes())
    counts = members(path)["column_count_.npy"]
    content[content.find(counts) + len(counts) - 5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="CRC"):
        load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "does not say so"),
        ({"format_version": 2}, "has format version 2, this fastsp reads 1"),
        ({"estimator": "LogisticRegression"}, "unknown estimator"),
        ({"estimator": ["SpatialPooler"]}, "damaged"),
        ({"parameters": {"combination": 1}}, "combination"),
        ({"parameters": 3}, "damaged"),
        ({"attributes": {}}, "damaged"),
        ({"attributes": {"fit": 1}}, "no state, 'fit'"),
        ({"attributes": {"__class__": 1}}, "no state"),
        ({"attributes": {"classes_": {"array": "missing"}}}, "missing"),
        ({"attributes": {"classes_": {"pickle": "x"}}}, "unknown kind"),
        ({"attributes": {"classes_": {"a": 1, "b": 2}}}, "damaged"),
    ],
)
def test_wrong_headers_are_refused(path, changes, message):
    rewrite_header(path, **changes)
    with pytest.raises(ModelFileError, match=f"{path.name}: .*{message}"):
        load(path)


def npy(array, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **options)
    return file.getvalue()


def huge():
    """Return a member that declares far more than it holds."""
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (2**40, 2**20)}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + bytes(100)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "column_count_"),
        (b"", "damaged"),
        (huge(), "declares shape"),
        (npy(np.zeros((3, 30))) + b"\0", "declares shape"),
        (npy(np.zeros((3, 30)))[:-8], "declares shape"),
        (npy(np.zeros((3, 29))), r"column_count_ must be float64 of shape \(3, 30\)"),
        (npy(np.array([{}], dtype=object), allow_pickle=True), "damaged|declares"),
        (b"\x93NUMPY\x09\x00" + bytes(100), "damaged"),
    ],
)
def test_wrong_arrays_are_refused(path, content, message):
    rewrite(path, {"column_count_.npy": content})
    with pytest.raises(ModelFileError, match=f"{path.name}: .*({message})"):
        load(path)


def test_compressed_members_are_refused_unread(path):
    rewrite(path, {"bomb.npy": bytes(10**6)}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelFileError, match="compressed"):
        load(path)


def test_members_that_claim_more_than_the_file_are_refused(path):
    content = bytearray(path.read_bytes())
    entry = content.find(b"PK\x01\x02")  # the first in the central directory
    content[entry + 20 : entry + 28] = struct.pack("<II", 2**31, 2**31)
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="larger than its"):
        load(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("indices_", lambda pooler: pooler.indices_ + 1000),
        ("indptr_", lambda pooler: pooler.indptr_[::-1].copy()),
        ("permanences_", lambda pooler: pooler.permanences_[:-1]),
        ("boost_factors_", lambda pooler: pooler.boost_factors_[:3]),
        ("off_columns_", lambda pooler: np.array([10_000], np.int32)),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(tmp_path, name, value):
    # Otherwise kernels would read and write outside of them.
    pooler = SpatialPooler((20,), random_state=0).fit(np.eye(30))
    setattr(pooler, name, value(pooler))
    save(pooler, tmp_path / "model")
    with pytest.raises(ModelFileError, match=name):
        load(tmp_path / "model")
