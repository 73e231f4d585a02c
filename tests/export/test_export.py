"""Exported models do what fastsp does: run with Node.js and compiled C, where there are any."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import fastsp
from fastsp import (
    BinaryImageEncoder,
    ImageAugmenter,
    MaximumLikelihoodClassifier,
    ScalarEncoder,
    SoftmaxClassifier,
    SpatialPooler,
    StreamingRidgeClassifier,
)
from fastsp.__main__ import main
from fastsp.datasets import load_mnist
from fastsp.experiments.digits import PUBLISHED
from fastsp.export import export, load_results
from fastsp.export.javascript import pack_rows
from tests.exported import run
from tests.tiny_experiments import TINY
from tests.tiny_mnist import make_digits

DATA = Path(__file__).parents[2] / "data"
POOLERS = {
    "global": {},
    "no boosting": {"boosting": None},
    "exponential": {"boosting": "exp", "boost_strength": 20.0},
    "strong but moderate": {"boosting": "exp", "boost_strength": 101.0, "density": 0.1},
    "shares": {"overlap": "share", "potential_fraction": 0.3},
    "thresholds": {"stimulus_threshold": 6, "boosting": None},
    "segments": {"segments": 3, "boosting": "exp"},
    "segments without boosting": {"segments": 2, "boosting": None, "stimulus_threshold": 5},
    "grouped": {"column_shape": (5, 4, 9), "inhibition": "grouped", "density": 0.3},
    "gaussian": {"inhibition": "gaussian", "inhibition_radius": 1.3},
    "gaussian, wide, of segments": {
        "inhibition": "gaussian",
        "inhibition_radius": 6.0,
        "segments": 2,
        "stimulus_threshold": 4,
    },
    "gaussian, wrapping, along a line": {
        "column_shape": (200,),
        "inhibition": "gaussian",
        "inhibition_radius": 9.0,
        "wrap": True,
        "boosting": "exp",
    },
}


def trained(**parameters):
    parameters = {"column_shape": (20, 16), "density": 0.05, "random_state": 3} | parameters
    X = np.random.default_rng(0).random((200, 90)) < np.random.default_rng(1).random((200, 1)) / 2
    pooler = SpatialPooler(duty_cycle_period=50, permanence_increment=0.03, **parameters).fit(X)
    n_columns = int(np.prod(pooler.column_shape_))
    return pooler.switch_off(columns=[3, n_columns - 1], inputs=[7, 8, 40])


@pytest.mark.parametrize("to", ["js", "c"])
@pytest.mark.parametrize("name", POOLERS)
def test_codes_and_stages_are_the_same(name, to, tmp_path):
    pooler = trained(**POOLERS[name])
    random = np.random.default_rng(5)
    X = (random.random((40, 90)) < random.random((40, 1))).astype(np.uint8)
    codes = pooler.transform(X)
    for x, code, found in zip(X, codes, run(to, pooler, X, tmp_path), strict=True):
        trace = pooler.trace(x)
        assert found["active"] == code.indices.tolist()
        assert_array_equal(found["overlaps"], trace.overlaps)
        if to == "js":
            for stage in ("boosted", "inhibited"):
                assert_array_equal(np.float32(found[stage]), getattr(trace, stage))


@pytest.fixture(scope="module")
def mnist():
    return load_mnist(DATA)


@pytest.fixture(scope="module")
def published(mnist):
    """The published pooler after a few cycles, and the codes of some training images."""
    images = mnist.train_images[:600]
    encoder = PUBLISHED.build_encoder(images)
    bits = encoder.transform(images)
    pooler = PUBLISHED.build_pooler(mnist.image_shape).partial_fit(bits)
    return encoder, pooler, pooler.transform(bits)


READOUTS = {
    "product": MaximumLikelihoodClassifier(smoothing=0.001),
    "bernoulli": MaximumLikelihoodClassifier("bernoulli"),
    "mean": MaximumLikelihoodClassifier("mean"),
    "softmax": SoftmaxClassifier(epochs=2, random_state=0),
    "mean weights": SoftmaxClassifier(epochs=2, average=True, random_state=0),
    "ridge": StreamingRidgeClassifier(),
}


@pytest.mark.slow
@pytest.mark.parametrize("to", ["js", "c"])
def test_a_thousand_digits_have_the_same_codes_and_labels(to, mnist, published, tmp_path):
    encoder, pooler, codes = published
    readout = READOUTS["product"].fit(codes, mnist.train_labels[:600])
    model = make_pipeline(encoder, pooler, readout)
    images = mnist.test_images[:1000]
    found = run(to, model, images, tmp_path, is_image=True)
    expected = pooler.transform(encoder.transform(images))
    assert [row["active"] for row in found] == [code.indices.tolist() for code in expected]
    assert [int(row["label"]) for row in found] == model.predict(images).tolist()
    probabilities = [row["probabilities"] for row in found]
    assert_allclose(probabilities, model.predict_proba(images), rtol=0, atol=1e-6)


@pytest.mark.parametrize("to", ["js", "c"])
@pytest.mark.parametrize("name", READOUTS)
def test_every_readout_gives_the_same_probabilities_or_scores(name, to, tmp_path):
    digits = make_digits()
    pooler = TINY.build_pooler(digits.image_shape)
    names = np.array(["|", 'a "—"\\', "/"])
    few = digits.train_labels < 3
    readout = READOUTS[name]
    model = make_pipeline(
        ImageAugmenter(image_shape=digits.image_shape), BinaryImageEncoder(), pooler, readout
    )
    model.fit(digits.train_images[few], names[digits.train_labels[few]])
    images = digits.test_images
    found = run(to, model, images, tmp_path, is_image=True)
    probabilities = [row["probabilities"] for row in found]
    expected = (model.decision_function if name == "ridge" else model.predict_proba)(images)
    assert_allclose(probabilities, expected, rtol=0, atol=1e-6)
    assert [row["label"] for row in found] == model.predict(images).tolist()


@pytest.mark.parametrize("to", ["js", "c"])
def test_ridge_regression_of_two_labels_or_one(to, tmp_path):
    pooler = trained()
    X = (np.random.default_rng(6).random((20, 90)) < 0.3).astype(np.uint8)
    for labels in (["a", "b"], ["only"]):
        model = make_pipeline(pooler, StreamingRidgeClassifier())
        model[-1].fit(pooler.transform(X), np.resize(labels, 20))
        found = run(to, model, X, tmp_path)
        assert [row["label"] for row in found] == model.predict(X).tolist()
        scores = [row["probabilities"][-1] for row in found]
        assert_allclose(scores, np.ravel(model.decision_function(X)), rtol=0, atol=1e-6)


@pytest.mark.parametrize("to", ["js", "c"])
def test_labels_that_were_never_seen_and_codes_without_columns(to, tmp_path):
    pooler = trained(stimulus_threshold=15, boosting=None)
    X = np.zeros((4, 90), np.uint8)
    X[2:] = 1
    codes = pooler.transform(X)
    assert codes.getnnz(axis=1).tolist() == [0, 0, *[pooler.n_active_] * 2]
    for combine in ("product", "mean"):
        readout = MaximumLikelihoodClassifier(combine)
        readout.partial_fit(codes, [1, 1, 2, 2], classes=[0, 1, 2])
        found = run(to, make_pipeline(pooler, readout), X, tmp_path)
        expected = readout.predict_proba(codes)
        assert_allclose([row["probabilities"] for row in found], expected, rtol=0, atol=1e-6)
        assert [int(row["label"]) for row in found] == readout.predict(codes).tolist()


def test_a_published_model_takes_less_than_two_megabytes(mnist, published, tmp_path):
    encoder, pooler, codes = published
    readout = MaximumLikelihoodClassifier().fit(codes, mnist.train_labels[:600])
    file, types = export(make_pipeline(encoder, pooler, readout), tmp_path / "digits.js")
    assert types == tmp_path / "digits.d.ts"
    assert file.stat().st_size < 2e6
    text = file.read_text("utf-8")
    assert "root.digits = model" in text
    assert "@" not in text


def test_positions_are_packed_as_differences():
    packed = pack_rows(np.array([0, 0, 3, 4]), np.array([5, 6, 300, 129]))
    assert packed.tolist() == [0, 3, 5, 1, 294 % 128 + 128, 294 // 128, 1, 1 + 128, 1]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"inhibition": "local", "inhibition_radius": 2.0}, "'local' is not exported; 'global'"),
        ({"boosting": "exp", "boost_strength": 1e5}, "too strong to be exported: boost factors"),
        (
            {"column_shape": (700,), "inhibition": "gaussian", "inhibition_radius": 3.0},
            "along an axis of 700 columns is not exported",
        ),
    ],
)
def test_what_would_not_be_exact_is_refused(parameters, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        export(trained(**parameters), tmp_path / "model.js")
    assert not list(tmp_path.iterdir())


def test_what_is_no_model_of_ours_is_refused(tmp_path):
    pooler = trained()
    readout = LogisticRegression()
    for model in (readout, make_pipeline(pooler, readout), make_pipeline(ScalarEncoder(), pooler)):
        with pytest.raises(TypeError, match="must be a SpatialPooler, or a pipeline"):
            export(model, tmp_path / "model.js")
    with pytest.raises(NotFittedError):
        export(SpatialPooler(), tmp_path / "model.js")
    encoder = BinaryImageEncoder().fit([[0, 1, 2, 3]])
    with pytest.raises(ValueError, match="gives 8 features, but the pooler wants 90"):
        export(make_pipeline(encoder, pooler), tmp_path / "model.js")
    encoder.fit(np.zeros((1, 45)))
    deaf = make_pipeline(encoder, trained().set_params(threshold=1.0))
    with pytest.raises(ValueError, match="threshold must be below 1"):
        export(deaf, tmp_path / "model.js")
    with pytest.raises(ValueError, match=r"to must be one of 'js', 'c'; got 'rust'"):
        export(pooler, tmp_path / "model.rs", "rust")
    with pytest.raises(ValueError, match="name must be an identifier"):
        export(pooler, tmp_path / "model.js", name="a b")
    with pytest.raises(ValueError, match=r"path must end in \.c, .*; got '.*model\.h'"):
        export(pooler, tmp_path / "model.h", "c")


def test_the_command_exports_files_and_folders(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    digits = make_digits()
    pooler = TINY.build_pooler(digits.image_shape)
    bits = TINY.build_encoder(digits.train_images).transform(digits.train_images)
    results = tmp_path / "my results"
    results.mkdir()
    codes = pooler.fit(bits).transform(bits)
    readout = MaximumLikelihoodClassifier().fit(codes, digits.train_labels)
    fastsp.save(pooler, results / "pooler.fastsp")
    fastsp.save(readout, results / "classifier.fastsp")
    model = load_results(results)
    assert_array_equal(
        model.predict(digits.test_images),
        readout.predict(
            pooler.transform(TINY.build_encoder(bits[:, ::2]).transform(digits.test_images))
        ),
    )
    assert main(["export", "my results"]) == 0
    assert "my results.js: " in capsys.readouterr().out
    assert "root.my_results = model" in (tmp_path / "my results.js").read_text("utf-8")
    assert main(["export", "my results/pooler.fastsp", "--to=c", "-o", ".", "--name=sp"]) == 0
    assert "sp_active_columns" in (tmp_path / "pooler.h").read_text("utf-8")
    assert '#include "pooler.h"' in (tmp_path / "pooler.c").read_text("utf-8")
    capsys.readouterr()
    assert main(["export", "my results/classifier.fastsp"]) == 2
    assert "must be a SpatialPooler" in capsys.readouterr().err
