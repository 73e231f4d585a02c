"""One file for a whole model: every estimator, and scikit-learn's pipelines of them."""

import pickle

import numpy as np
import pandas as pd
import pytest
from joblib import Memory
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import fastsp
from fastsp import (
    BinaryImageEncoder,
    CategoryEncoder,
    CyclicEncoder,
    DateTimeEncoder,
    HomeostaticPooler,
    ImageAugmenter,
    MaximumLikelihoodClassifier,
    RandomDistributedEncoder,
    ScalarEncoder,
    SoftmaxClassifier,
    SpatialPooler,
    StreamingPipeline,
    StreamingRidgeClassifier,
    load,
    load_with_notes,
    save,
)

generator = np.random.default_rng(0)
BITS = (generator.random((40, 30)) < 0.2).astype(np.uint8)
NUMBERS = np.abs(generator.normal(size=(40, 3)))
GAPS = np.where(generator.random((40, 3)) < 0.2, np.nan, NUMBERS)
Y = np.arange(40) % 3
IMAGES = generator.integers(0, 256, (40, 36), dtype=np.uint8)
OWN = [
    (SpatialPooler((50,), density=0.1, random_state=0), BITS),
    (
        HomeostaticPooler(SpatialPooler((50,), random_state=0), period=15, n_probes=6),
        BITS,
    ),
    (MaximumLikelihoodClassifier("bernoulli"), BITS),
    (SoftmaxClassifier(average=True, random_state=0), BITS),
    (StreamingRidgeClassifier(), BITS),
    (
        StreamingPipeline(
            [
                ("pooler", SpatialPooler((50,), density=0.1, random_state=0)),
                ("classifier", SoftmaxClassifier(random_state=0)),
            ]
        ),
        BITS,
    ),
    (ScalarEncoder(n_bits=20, n_on=5), GAPS),
    (CyclicEncoder(period=[1, 2, 3]), GAPS),
    (RandomDistributedEncoder(random_state=np.random.RandomState(0)), GAPS),
    (CategoryEncoder(n_on=2), np.array([["a", 1.5], ["b", None], ["a", np.nan]], dtype=object)),
    (CategoryEncoder(), np.array([["a"], ["b"]])),
    (CategoryEncoder(handle_unknown="ignore"), NUMBERS.round()),
    (CategoryEncoder(), np.array([["2025-01-01"], ["2025-01-02"]], dtype="M8[D]")),
    (DateTimeEncoder(("day", "week")), [["2026-03-01T00:00"], ["2026-07-01T23:00"]]),
    (BinaryImageEncoder(), IMAGES),
    (ImageAugmenter(random_state=np.random.default_rng(5)), IMAGES),
]
OF_SCIKIT_LEARN = [
    (Binarizer(), NUMBERS),
    (FunctionTransformer(), NUMBERS),
    (KBinsDiscretizer(3, encode="onehot-dense", strategy="uniform"), NUMBERS),
    (MaxAbsScaler(), NUMBERS),
    (MinMaxScaler((1, 2)), NUMBERS),
    (MissingIndicator(), GAPS),
    (Normalizer(), NUMBERS),
    (OneHotEncoder(dtype=np.uint8, min_frequency=3), NUMBERS.round()),
    (OrdinalEncoder(), NUMBERS.round().astype(str).astype(object)),
    (PCA(2, random_state=0), NUMBERS),
    (PowerTransformer(), NUMBERS),
    (QuantileTransformer(n_quantiles=10), NUMBERS),
    (RobustScaler(), NUMBERS),
    (SimpleImputer(add_indicator=True), GAPS),
    (StandardScaler(), NUMBERS),
    (TruncatedSVD(2, random_state=0), NUMBERS),
    (VarianceThreshold(), NUMBERS),
    (BernoulliNB(), BITS),
    (ComplementNB(), BITS),
    (GaussianNB(), NUMBERS),
    (LinearRegression(), NUMBERS),
    (LinearSVC(), NUMBERS),
    (LogisticRegression(), NUMBERS),
    (MultinomialNB(), BITS),
    (Ridge(), NUMBERS),
    (RidgeClassifier(), NUMBERS),
]


def answers(estimator, X):
    """Return all that an estimator says about `X`, as an array."""
    if hasattr(estimator, "predict_proba"):
        return estimator.predict_proba(X)
    if hasattr(estimator, "decision_function"):
        return estimator.decision_function(X)
    out = estimator.transform(X) if hasattr(estimator, "transform") else estimator.predict(X)
    return out.toarray() if hasattr(out, "toarray") else np.asarray(out)


def names(cases):
    return [type(estimator).__name__ for estimator, _ in cases]


def same(saved, loaded, X):
    assert type(loaded) is type(saved)
    assert_array_equal(answers(loaded, X), answers(saved, X))
    assert loaded.n_features_in_ == saved.n_features_in_
    assert loaded.__sklearn_tags__() == saved.__sklearn_tags__()
    if hasattr(saved, "get_feature_names_out") and not isinstance(saved, Pipeline):
        assert_array_equal(loaded.get_feature_names_out(), saved.get_feature_names_out())


@pytest.mark.parametrize(("estimator", "X"), OWN, ids=names(OWN))
def test_every_estimator_comes_back_as_it_was(tmp_path, estimator, X):
    saved = clone(estimator).fit(X, Y[: len(X)])
    save(saved, tmp_path / "model.fastsp")
    loaded = load(tmp_path / "model.fastsp")
    same(saved, loaded, X)
    save(loaded, tmp_path / "again.fastsp")
    assert (tmp_path / "again.fastsp").read_bytes() == (tmp_path / "model.fastsp").read_bytes()


def test_that_was_every_estimator():
    public = {
        name
        for name in fastsp.__all__
        if isinstance(getattr(fastsp, name), type)
        and issubclass(getattr(fastsp, name), BaseEstimator)
    }
    assert public == set(names(OWN))


@pytest.mark.parametrize(("estimator", "X"), OF_SCIKIT_LEARN, ids=names(OF_SCIKIT_LEARN))
def test_parts_of_scikit_learn_come_back_as_they_were(tmp_path, estimator, X):
    saved = make_pipeline(clone(estimator)).fit(X, Y)
    save(saved, tmp_path / "model.fastsp")
    loaded = load(tmp_path / "model.fastsp")
    same(saved, loaded, X)
    same(saved[0], loaded[0], X)
    assert vars(loaded[0]).keys() == vars(saved[0]).keys()


def test_an_augmenter_goes_on_with_its_random_stream(tmp_path):
    saved = ImageAugmenter(random_state=1).fit(IMAGES)
    saved.augment(IMAGES)
    saved.generator_.integers(2**32, dtype=np.uint32)  # half of a word is kept
    save(saved, tmp_path / "model")
    loaded = load(tmp_path / "model")
    for _ in range(3):
        assert_array_equal(loaded.augment(IMAGES), saved.augment(IMAGES))
        assert loaded.generator_.integers(2**32, dtype=np.uint32) == saved.generator_.integers(
            2**32, dtype=np.uint32
        )


TABLE = pd.DataFrame(
    {
        "age": np.arange(60) % 7 + 0.5,
        "income": generator.random(60),
        "colour": ["red", "green", None] * 20,
        "wind": np.linspace(0, 300, 60),
        "at": pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(60), unit="h"),
    }
)
LABELS = np.where(TABLE["age"] < 3, "young", "old")


def whole_model():
    columns = ColumnTransformer(
        [
            ("a/b.c", ScalarEncoder(n_bits=30), ["age"]),
            ("a", CategoryEncoder(handle_unknown="ignore"), ["colour"]),
            ("cycles", CyclicEncoder(360), ["wind"]),
            ("dates", DateTimeEncoder(), ["at"]),
            ("named", RandomDistributedEncoder(random_state=0), TABLE.columns[:2]),
            ("chosen", MinMaxScaler(), make_column_selector(dtype_include=np.number)),
            ("cut", make_pipeline(StandardScaler(), Binarizer()), slice(0, 2)),
            ("masked", "drop", np.array([True, False, False, False, False])),
        ],
        n_jobs=1,
    )
    pooler = SpatialPooler((64,), density=0.1, threshold=0, random_state=0)
    codes = FeatureUnion([("one", pooler), ("two", make_pipeline(clone(pooler), clone(pooler)))])
    return make_pipeline(columns, codes, LogisticRegression())


def test_a_pipeline_from_table_to_label_is_one_file(tmp_path):
    saved = whole_model().fit(TABLE, LABELS)
    save(saved, tmp_path / "model.fastsp", notes={"table": "people"})
    loaded, notes = load_with_notes(tmp_path / "model.fastsp")
    assert notes == {"table": "people"}
    for _ in range(2):
        assert_array_equal(loaded.predict_proba(TABLE), saved.predict_proba(TABLE))
        assert loaded.predict(TABLE[:1]) in ("young", "old")
        assert list(loaded.feature_names_in_) == list(TABLE.columns)
        loaded.fit(TABLE[::-1], LABELS[::-1])  # a loaded model can be fitted again
        saved.fit(TABLE[::-1], LABELS[::-1])


def test_output_as_a_data_frame_stays_so(tmp_path):
    saved = ColumnTransformer(
        [("n", ScalarEncoder(n_bits=20), ["age"])], remainder="passthrough"
    ).set_output(transform="pandas")
    expected = saved.fit_transform(TABLE)
    save(saved, tmp_path / "model")
    pd.testing.assert_frame_equal(load(tmp_path / "model").transform(TABLE), expected)


def test_names_that_are_alike_do_not_mix_up_arrays(tmp_path):
    union = FeatureUnion(
        [
            ("a", make_pipeline(StandardScaler())),
            ("a.b", StandardScaler()),
            ("a_b", StandardScaler()),
        ]
    )
    saved = make_pipeline(union).fit(NUMBERS)
    classifier = MaximumLikelihoodClassifier().fit(BITS, Y)
    classifier.nested_ = {"a.b": np.arange(3), "a": {"b": np.arange(4)}, "a/b": np.arange(5)}
    save(saved, tmp_path / "union")
    same(saved, load(tmp_path / "union"), NUMBERS)
    save(classifier, tmp_path / "model")
    nested = load(tmp_path / "model").nested_
    assert (nested["a.b"].size, nested["a"]["b"].size, nested["a/b"].size) == (3, 4, 5)


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (DecisionTreeClassifier(), "DecisionTreeClassifier"),
        (KNeighborsClassifier(), "KNeighborsClassifier"),
        (make_union(SelectKBest(k=2)), "SelectKBest"),
        (FunctionTransformer(np.log1p), "func"),
        (make_pipeline(StandardScaler(), memory="cache"), "memory"),
        (make_pipeline(StandardScaler(), memory=Memory(None)), "memory"),
        (ImageAugmenter(random_state=np.random.Generator(np.random.MT19937(0))), "generator_"),
    ],
)
def test_what_is_more_than_arrays_and_parameters_is_refused_by_name(
    tmp_path, estimator, name, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    X = IMAGES[:, :9].astype(float)
    with pytest.raises(TypeError, match=name):
        save(make_pipeline(estimator).fit(X, Y), tmp_path / "models" / "model")
    assert not list((tmp_path / "models").iterdir())


def test_a_subclass_is_not_taken_for_what_it_came_from(tmp_path):
    class StandardScaler(Binarizer):
        pass

    with pytest.raises(TypeError, match=r"steps\.0\.1 .*StandardScaler"):
        save(make_pipeline(StandardScaler()).fit(NUMBERS), tmp_path / "model")


def test_tables_of_a_classifier_are_neither_kept_for_ever_nor_pickled():
    classifier = MaximumLikelihoodClassifier().fit(BITS, Y)
    size = len(pickle.dumps(classifier))
    for smoothing in np.linspace(0.1, 3, 50):
        classifier.set_params(smoothing=smoothing).predict(BITS)
    assert len(classifier._tables) == 1
    assert len(pickle.dumps(classifier)) == pytest.approx(size, abs=50)
    restored = pickle.loads(pickle.dumps(classifier))
    assert_array_equal(restored.predict_proba(BITS), classifier.predict_proba(BITS))
