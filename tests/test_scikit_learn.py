"""All estimators among those of scikit-learn: names, data frames, copies, searches, notebooks."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

import fastsp
import fastsp.encoders
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
    catalogue,
)

ESTIMATORS = [
    SpatialPooler((64,), random_state=0),
    SpatialPooler((30,), boosting="exp", density=0.1),
    HomeostaticPooler(SpatialPooler((64,), random_state=0), period=20, n_probes=5),
    MaximumLikelihoodClassifier(combine="product"),
    MaximumLikelihoodClassifier(combine="bernoulli"),
    MaximumLikelihoodClassifier(combine="mean"),
    SoftmaxClassifier(random_state=0),
    SoftmaxClassifier(average=True, random_state=0),
    StreamingRidgeClassifier(),
    StreamingRidgeClassifier(alpha="gcv"),
    BinaryImageEncoder(),
    BinaryImageEncoder(channels="on"),
    ImageAugmenter(image_shape=(1, -1)),
    ScalarEncoder(n_bits=20, n_on=5),
    CyclicEncoder(period=3.0, n_bits=20, n_on=5),
    RandomDistributedEncoder(n_bits=20, n_on=5, random_state=0),
    DateTimeEncoder(n_bits=20, n_on=5),
    CategoryEncoder(n_on=2, handle_unknown="ignore"),
    CategoryEncoder(n_on=2, handle_unknown="ignore", capacity=50),
]
PIPELINES = [
    StreamingPipeline(
        [
            ("encoder", RandomDistributedEncoder(random_state=0)),
            ("pooler", SpatialPooler((64,), random_state=0)),
        ]
    ),
    StreamingPipeline(
        [("encoder", ScalarEncoder()), ("classifier", SoftmaxClassifier(random_state=0))]
    ),
]
PUBLIC = [getattr(fastsp, name) for name in catalogue.ESTIMATORS]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(ESTIMATORS + [kind() for kind in PUBLIC if kind is not ImageAugmenter])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    PIPELINES,
    expected_failed_checks=lambda _: dict.fromkeys(
        ("check_estimators_overwrite_params", "check_dont_overwrite_parameters"),
        "the steps are fitted, as in scikit-learn's Pipeline",
    ),
)
def test_scikit_learn_contract_of_pipelines(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_images_are_square_unless_said_otherwise_and_tables_are_none():
    check_estimator(ImageAugmenter())  # which says that it is no case for tables of any width


GENERATOR = np.random.default_rng(0)
NUMBERS = pd.DataFrame(GENERATOR.random((60, 4)), columns=list("abcd"))
PIXELS = (255 * NUMBERS).astype(np.uint8)
TRANSFORMERS = [
    (SpatialPooler((32,), sparse_output=False, random_state=0), NUMBERS),
    (
        HomeostaticPooler(
            SpatialPooler((32,), sparse_output=False, random_state=0), period=25, n_probes=5
        ),
        NUMBERS,
    ),
    (ScalarEncoder(n_bits=20, n_on=3), NUMBERS),
    (CyclicEncoder(n_bits=20, n_on=3), NUMBERS),
    (RandomDistributedEncoder(resolution=0.1, n_bits=50, n_on=5, random_state=0), NUMBERS),
    (CategoryEncoder(n_on=2), (3 * NUMBERS).astype(int)),
    (DateTimeEncoder(), pd.DataFrame({"at": pd.date_range("2024-02-28", periods=60)})),
    (BinaryImageEncoder(), PIXELS),
    (ImageAugmenter(max_rotation=5, random_state=0), PIXELS),
]
CLASSIFIERS = [
    MaximumLikelihoodClassifier(),
    SoftmaxClassifier(random_state=0),
    StreamingRidgeClassifier(),
]
LABELS = np.where(NUMBERS["a"] > 0.5, "high", "low")


def name_of(value):
    return type(value).__name__ if isinstance(value, sklearn.base.BaseEstimator) else ""


def test_the_catalogue_names_all_estimators():
    public = {name: getattr(fastsp, name) for name in fastsp.__all__}
    assert {*catalogue.ESTIMATORS, "StreamingPipeline"} == {
        name
        for name, thing in public.items()
        if isinstance(thing, type) and issubclass(thing, sklearn.base.BaseEstimator)
    }
    assert set(catalogue.ENCODERS) == set(fastsp.encoders.__all__)
    for name, module in catalogue.ESTIMATORS.items():
        assert public[name].__module__.startswith(module)


def test_all_estimators_are_here():
    ours = {type(one) for one in [*(one for one, _ in TRANSFORMERS), *CLASSIFIERS]}
    assert ours == set(PUBLIC)


@pytest.mark.parametrize(("transformer", "X"), TRANSFORMERS, ids=name_of)
def test_names_and_data_frames(transformer, X):
    transformer = clone(transformer)
    plain = np.asarray(transformer.fit_transform(X))
    names = transformer.get_feature_names_out()
    assert len(names) == plain.shape[1] == len(set(names))
    clone_of_it = clone(transformer).set_output(transform="pandas")
    frame = clone_of_it.fit_transform(X)
    assert isinstance(frame, pd.DataFrame)
    assert_array_equal(frame.columns, names)
    assert_array_equal(frame.index, X.index)
    assert frame.to_numpy().dtype == plain.dtype
    assert_array_equal(frame, plain)


@pytest.mark.parametrize(("transformer", "X"), TRANSFORMERS, ids=name_of)
def test_a_clone_does_the_same_before_and_after_fitting(transformer, X):
    before = np.asarray(clone(transformer).fit_transform(X))
    fitted = clone(transformer).fit(X)
    again = clone(fitted)
    assert not [name for name in vars(again) if name.endswith("_")]
    assert_array_equal(np.asarray(again.fit_transform(X)), before)


@pytest.mark.parametrize(
    "estimator", [*(one for one, _ in TRANSFORMERS), *CLASSIFIERS], ids=name_of
)
def test_notebooks_show_a_diagram(estimator):
    for one in (estimator, make_pipeline(clone(estimator))):
        page = one._repr_html_()
        assert type(estimator).__name__ in page
        assert "text/html" in one._repr_mimebundle_()


def test_sparse_codes_and_data_frames_exclude_each_other():
    pooler = SpatialPooler((32,), random_state=0).fit(NUMBERS)
    codes = pooler.transform(NUMBERS)
    assert scipy.sparse.issparse(codes)
    dense = pooler.set_params(sparse_output=False).transform(NUMBERS)
    assert dense.dtype == codes.dtype == np.float32
    assert_array_equal(dense, codes.toarray())
    pooler.set_params(sparse_output=True).set_output(transform="pandas")
    for call in (pooler.transform, pooler.fit_transform):
        with pytest.raises(ValueError, match="sparse_output must be False for output to pandas"):
            call(NUMBERS)
    assert pooler.n_cycles_ == len(NUMBERS)
    pooler.set_output(transform="default")
    fresh = SpatialPooler((32,), random_state=0)
    with (
        sklearn.config_context(transform_output="pandas"),
        pytest.raises(ValueError, match="sparse_output must be False"),
    ):
        fresh.fit_transform(NUMBERS)
    assert not hasattr(fresh, "permanences_")
    with pytest.raises(TypeError, match="sparse_output"):
        pooler.set_params(sparse_output=1).transform(NUMBERS)


@pytest.mark.skipif(
    "sparse_interface" not in sklearn.get_config(), reason="scikit-learn knows matrices alone"
)
@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.csc_array, np.asarray])
def test_codes_are_sparse_arrays_where_those_are_wanted(make):
    X = NUMBERS.to_numpy()
    poolers = [SpatialPooler((32,), random_state=0)]
    poolers.append(HomeostaticPooler(poolers[0], period=25, n_probes=5))
    for pooler in poolers:
        expected = clone(pooler).fit_transform(X)
        assert isinstance(expected, scipy.sparse.csr_matrix)
        with sklearn.config_context(sparse_interface="sparray"):
            for codes in (clone(pooler).fit_transform(make(X)), clone(pooler).fit(X).transform(X)):
                assert isinstance(codes, scipy.sparse.csr_array)
                assert codes.dtype == np.float32
                assert_array_equal(codes.toarray(), expected.toarray())
            model = make_pipeline(clone(pooler), MaximumLikelihoodClassifier())
            found = model.fit(make(X), LABELS).predict_proba(make(X))
            again = make_pipeline(SpatialPooler((8,), random_state=0), SoftmaxClassifier())
            assert again.fit(codes, LABELS).score(codes, LABELS) > 0.5
            union = make_union(clone(pooler), clone(poolers[0]))
            assert isinstance(union.fit_transform(make(X)), scipy.sparse.sparray)
        model = make_pipeline(clone(pooler), MaximumLikelihoodClassifier())
        assert_array_equal(found, model.fit(X, LABELS).predict_proba(X))
    with sklearn.config_context(sparse_interface="sparray"):
        back = poolers[0].fit(X).inverse_transform(poolers[0].transform(X))
    assert_array_equal(back, poolers[0].inverse_transform(poolers[0].transform(X)))


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=name_of)
def test_a_pipeline_is_searched_and_scored(classifier):
    encode = make_column_transformer(
        (ScalarEncoder(n_bits=20, n_on=5), ["a", "b"]),
        (CyclicEncoder(n_bits=20, n_on=5), ["c"]),
    )
    model = make_pipeline(encode, SpatialPooler((64,), density=0.1, random_state=0), classifier)
    search = GridSearchCV(
        model,
        {"spatialpooler__density": [0.05, 0.2], "spatialpooler__boosting": ["log", None]},
        cv=3,
        error_score="raise",
    )
    search.fit(NUMBERS, LABELS)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_score_ > 0.7
    assert_array_equal(search.predict(NUMBERS), search.best_estimator_.predict(NUMBERS))
    assert search.best_estimator_.named_steps["spatialpooler"].n_cycles_ == len(NUMBERS)


def test_sample_weights_say_which_samples_count():
    classifier = MaximumLikelihoodClassifier()
    # The same code with either label: the heavier one wins.
    X, y = np.ones((20, 5)), np.arange(20) % 2
    for favoured in (0, 1):
        weights = np.where(y == favoured, 5.0, 1.0)
        assert (clone(classifier).fit(X, y, sample_weight=weights).predict(X) == favoured).all()
    pipeline = make_pipeline(SpatialPooler((16,), random_state=0), clone(classifier))
    pipeline.fit(X, y, maximumlikelihoodclassifier__sample_weight=weights)
    assert (pipeline.predict(X) == 1).all()
