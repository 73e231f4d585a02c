"""Pipelines that learn from a stream: batches, or one dictionary at a time."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import fastsp
from fastsp import (
    CategoryEncoder,
    CyclicEncoder,
    ImageAugmenter,
    MaximumLikelihoodClassifier,
    RandomDistributedEncoder,
    ScalarEncoder,
    SoftmaxClassifier,
    SpatialPooler,
    StreamingPipeline,
)

GENERATOR = np.random.default_rng(0)
X = GENERATOR.random((200, 3))
Y = np.where(X[:, 0] > 0.5, "high", "low")
TABLE = pd.DataFrame({"hour": 24 * X[:, 0], "kind": np.where(X[:, 1] > 0.5, "a", "b")})


def make_pooler():
    return SpatialPooler((128,), density=0.1, random_state=0)


def make_model(encoder=None, **parameters):
    encoder = ScalarEncoder(minimum=0, maximum=1) if encoder is None else encoder
    steps = [
        ("encoder", encoder),
        ("pooler", make_pooler()),
        ("last", SoftmaxClassifier(learning_rate=0.1)),
    ]
    return StreamingPipeline(steps, **parameters)


def test_each_step_learns_and_hands_on_what_it_makes_then():
    model = make_model(classes=["low", "high"])
    encoder = ScalarEncoder(minimum=0, maximum=1).fit(X)
    pooler, last = make_pooler(), SoftmaxClassifier(learning_rate=0.1)
    for batch, labels in zip(np.split(X, 10), np.split(Y, 10), strict=True):
        assert model.partial_fit(batch, labels) is model
        bits = encoder.transform(batch)
        last.partial_fit(pooler.partial_fit(bits).transform(bits), labels, ["high", "low"])
    assert_array_equal(model["pooler"].permanences_, pooler.permanences_)
    assert_array_equal(model["last"].weights_, last.weights_)
    assert model.score(X, Y) > 0.8


def test_labels_may_be_given_to_the_first_call():
    model = make_model().partial_fit(X, Y, classes=["low", "high"]).partial_fit(X, Y)
    assert model.classes_.tolist() == ["high", "low"]
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        make_model().partial_fit(X, Y)


def test_a_pooler_may_be_the_last_step():
    model = StreamingPipeline([("encoder", CyclicEncoder()), ("pooler", make_pooler())])
    assert model.partial_fit(X).partial_fit(X).transform(X).shape == (200, 128)
    assert model["pooler"].n_cycles_ == 400


def table_encoder(by_name):
    hour, kind = (["hour"], ["kind"]) if by_name else ([0], [1])
    return make_column_transformer(
        (CyclicEncoder(period=24, n_bits=30, n_on=5), hour),
        (CategoryEncoder(n_on=5, capacity=3), kind),
    )


@pytest.mark.parametrize("by_name", [True, False])
def test_encoders_side_by_side_learn(by_name):
    model = make_model(table_encoder(by_name), classes=["low", "high"])
    table = TABLE if by_name else TABLE.to_numpy()
    new = pd.DataFrame({"hour": [1.0], "kind": ["new"]})
    new = new if by_name else new.to_numpy()
    first = model.partial_fit(table[:100], Y[:100])[0].transform(table)
    with pytest.raises(ValueError, match="unknown categories"):
        model.predict(new)
    model.partial_fit(new, ["low"])
    assert_array_equal(model[0].transform(table), first)
    assert model.predict(new).shape == (1,)
    with pytest.raises(ValueError, match=r"feature"):
        model.partial_fit(table[["hour"]] if by_name else table[:, :1], Y)


def test_unions_pipelines_and_what_learns_nothing():
    union = make_union(
        RandomDistributedEncoder(resolution=0.1, random_state=0), ScalarEncoder(margin=1)
    )
    nested = make_pipeline(StandardScaler(), FunctionTransformer(np.abs), union)
    model = make_model(nested, classes=["low", "high"])
    for batch, labels in zip(np.split(X, 4), np.split(Y, 4), strict=True):
        model.partial_fit(batch, labels)
    assert nested["standardscaler"].n_samples_seen_ == 200
    assert model.predict(X).shape == (200,)
    through = StreamingPipeline([("nothing", "passthrough"), ("pooler", make_pooler())])
    assert through.partial_fit(X).transform(X).shape == (200, 128)


@pytest.mark.parametrize(
    "encoder",
    [
        PCA(2),
        ImageAugmenter(),
        make_pipeline(StandardScaler(), PCA(2)),
        make_union(StandardScaler(), PCA(2)),
        make_column_transformer((PCA(1), [0]), remainder="passthrough"),
    ],
    ids=lambda encoder: type(encoder).__name__,
)
def test_steps_that_cannot_learn_from_a_stream_are_refused_by_name(encoder):
    model = make_model(StandardScaler(), classes=["low", "high"])
    model.steps.insert(1, ("second", encoder))
    with pytest.raises(TypeError, match=r"(second|pca) must have partial_fit to learn .*; got"):
        model.partial_fit(X, Y)
    assert not hasattr(model["encoder"], "n_features_in_")


def test_dictionaries_are_batches_of_one():
    ones, batches = make_model(classes=["low", "high"]), make_model(classes=["low", "high"])
    for row, label in zip(X.tolist(), Y, strict=True):
        assert ones.learn_one(dict(zip("abc", row, strict=True)), label) is ones
        batches.partial_fit([row], [label])
    assert ones.names_ == ["a", "b", "c"]
    assert_array_equal(ones["last"].weights_, batches["last"].weights_)
    x = {"c": 0.5, "a": 0.9, "b": 0.1}  # in another order
    assert ones.predict_one(x) == batches.predict([[0.9, 0.1, 0.5]])[0]
    assert type(ones.predict_one(x)) is str
    chances = ones.predict_proba_one(x)
    assert list(chances) == ["high", "low"]
    assert list(chances.values()) == batches.predict_proba([[0.9, 0.1, 0.5]])[0].tolist()


def test_dictionaries_meet_columns_by_name():
    model = make_model(table_encoder(by_name=True), classes=[0, 1])
    for hour in range(24):
        model.learn_one({"kind": "a" if hour % 2 else "b", "hour": hour}, hour % 2)
    assert model.predict_one({"kind": "a", "hour": 3}) == 1
    assert type(model.predict_one({"kind": "a", "hour": 3})) is int


def test_before_anything_is_learned_there_is_no_prediction():
    model = make_model(classes=["low", "high"])
    assert model.predict_one({"a": 1.0}) is None
    assert model.predict_proba_one({"a": 1.0}) == {}
    model = StreamingPipeline(
        [("encoder", ScalarEncoder(minimum=0, maximum=1)), ("last", MaximumLikelihoodClassifier())]
    )
    with pytest.raises((ValueError, TypeError)):
        model.learn_one({"a": 1.0})
    assert model.predict_one({"a": 1.0}) is None


def test_a_feature_that_is_lacking_is_missing_and_a_new_one_refused():
    model = make_model(classes=[0, 1]).learn_one({"a": 0.1, "b": 0.2}, 0).learn_one({"a": 0.9}, 1)
    n_cycles = model["pooler"].n_cycles_
    assert model.predict_one({}) in (0, 1)
    for call in (lambda x: model.learn_one(x, 1), model.predict_one, model.predict_proba_one):
        with pytest.raises(
            ValueError, match=r"x must have the features \['a', 'b'\] only, got \['c'\]"
        ):
            call({"a": 0.1, "c": 1.0})
    assert model["pooler"].n_cycles_ == n_cycles


def test_a_saved_pipeline_goes_on_as_it_would_have(tmp_path):
    model = make_model(classes=["low", "high"])
    for row, label in zip(X[:20].tolist(), Y, strict=False):
        model.learn_one(dict(zip("abc", row, strict=True)), label)
    fastsp.save(model, tmp_path / "model")
    loaded = fastsp.load(tmp_path / "model")
    for one in (model, loaded):
        one.learn_one({"b": 0.5, "c": 0.5}, "low")
    assert type(loaded) is StreamingPipeline
    assert_array_equal(loaded["last"].weights_, model["last"].weights_)
    assert loaded.predict_one({"a": 0.5}) == model.predict_one({"a": 0.5})
