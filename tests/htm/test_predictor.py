"""Predictions of records ahead: which record teaches which classifier, and models that are kept."""

import copy
import json
import pickle

import numpy as np
import pytest

import fastsp
from fastsp.htm import SDR, Classifier, Predictor, SpatialPooler, from_htm_core


def sequence(n=4, size=100):
    return [SDR(size).randomize(0.1, seed) for seed in range(1, n + 1)]


def trained(steps=(3, 1), n=20):
    predictor, sdrs = Predictor(list(steps), 0.1), sequence(5)
    for record in range(n):
        predictor.learn(record, sdrs[record % 5], record % 5)
    return predictor


def test_each_number_of_steps_is_learned_from_the_record_so_far_before():
    predictor, sdrs = Predictor(steps=[0, 2, 1], alpha=0.5), sequence()
    alone = {step: Classifier(0.5) for step in (0, 1, 2)}
    for record in range(12):
        predictor.learn(recordNum=record, pattern=sdrs[record % 4], classification=record % 4)
        for step, classifier in alone.items():
            if record >= step:
                classifier.learn(sdrs[(record - step) % 4], record % 4)
    for sdr in sdrs:
        found = predictor.infer(pattern=sdr)
        assert list(found) == [0, 1, 2]
        assert found == {step: each.infer(sdr) for step, each in alone.items()}
        assert type(found[1]) is list


def test_nothing_is_inferred_before_the_first_pair_of_records():
    predictor, sdr = Predictor([1]), sequence()[0]
    assert predictor.infer(sdr) == {1: []}
    predictor.learn(0, sdr, 4)
    predictor.learn(2, sdr, 4)  # record 1 is missing
    assert predictor.infer(sdr) == {1: []}
    predictor.learn(3, sdr, [1, 4])
    found = predictor.infer(sdr)[1]
    assert found[1] == found[4] > found[0]


def test_a_reset_forgets_records_and_keeps_what_was_learned():
    predictor, sdr = trained(), sequence()[0]
    before = predictor.infer(sdr)
    predictor.reset()
    predictor.learn(0, sdr, 3)  # numbers may begin anew
    assert predictor.infer(sdr) == before


def test_a_record_given_again_has_another_label():
    predictor, (a, b, *_) = Predictor([0, 1], 0.5), sequence()
    predictor.learn(5, a, 0)
    predictor.learn(6, b, 1)
    predictor.learn(6, a, 2)  # what record 6 looks like is known
    alone = Classifier(0.5)
    for sdr, label in ((a, 0), (b, 1), (b, 2)):
        alone.learn(sdr, label)
    assert predictor.infer(a)[0] == alone.infer(a)
    alone = Classifier(0.5)
    for label in (1, 2):
        alone.learn(a, label)
    assert predictor.infer(a)[1] == alone.infer(a)


def test_patterns_are_remembered_as_they_were():
    predictor, sdr = Predictor([1], 0.5), SDR(100).randomize(0.1, 1)
    other, same = Predictor([1], 0.5), SDR(100).randomize(0.1, 1)
    for each, pattern in ((predictor, sdr), (other, same)):
        each.learn(0, pattern, 0)
    sdr.randomize(0.3, 9)
    for each in (predictor, other):
        each.learn(1, same, 1)
    assert predictor == other


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([],), ValueError, "steps must hold at least one number"),
        (([-1],), ValueError, "steps must be at least 0, got -1"),
        (([0.3],), TypeError, r"steps must be an integer, got 0\.3"),
        ((1,), TypeError, "steps must be a list of integers, got 1"),
        (([1], 0), ValueError, "alpha must be finite and above 0"),
        (([1], "fast"), TypeError, "alpha must be a number"),
    ],
)
def test_parameters_are_checked(arguments, error, message):
    with pytest.raises(error, match=message):
        Predictor(*arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((18, SDR(100), 1), RuntimeError, "recordNum must be at least 19, got 18"),
        ((-1, SDR(100), 1), ValueError, "recordNum must be at least 0"),
        ((20.0, SDR(100), 1), TypeError, "recordNum must be an integer"),
        ((20, SDR(99), 1), ValueError, "pattern must have 100 bits, got 99"),
        ((20, [1], 1), TypeError, "pattern must be an SDR, got list"),
        ((20, SDR(100), -1), ValueError, "classification must hold labels from 0"),
        ((20, SDR(100), True), TypeError, "classification must hold integers"),
    ],
)
def test_what_is_refused_is_not_learned(arguments, error, message):
    predictor = trained()
    with pytest.raises(error, match=message):
        predictor.learn(*arguments)
    assert predictor == trained()


def test_records_are_of_one_size_before_anything_is_learned():
    predictor = Predictor([5])
    predictor.learn(0, SDR(10), 0)
    with pytest.raises(ValueError, match="pattern must have 10 bits, got 11"):
        predictor.learn(1, SDR(11), 0)


MODELS = [trained, lambda: Predictor([2], 0.3), Classifier, lambda: trained()._classifiers[3]]


@pytest.mark.parametrize("made", MODELS)
def test_models_are_kept_in_every_way(tmp_path, made):
    model = made()
    path = tmp_path / "model"
    for fmt in ("BINARY", "PORTABLE", "JSON", "XML"):
        model.saveToFile(str(path), fmt)
        other = type(model)([9]) if isinstance(model, Predictor) else Classifier(0.9)
        assert other != model
        other.loadFromFile(file=path, fmt=fmt)
        assert other == model
    assert fastsp.load(path) == model
    fastsp.save(model, path, notes={"of": "a test"})
    assert fastsp.load(path) == model
    text = model.writeToString()
    assert isinstance(text, str)
    other.loadFromString(text)
    others = [other, pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    assert others == [model] * 3
    for each in [model, *others]:
        learn = each.learn if isinstance(each, Classifier) else lambda *a, p=each: p.learn(40, *a)
        learn(sequence(9)[8], 6)
    assert others == [model] * 3
    assert str(model) == str(other)


def test_another_kind_of_model_is_not_loaded(tmp_path):
    predictor, path = trained(), tmp_path / "model"
    for other in (Classifier(), SpatialPooler([9], [9])):
        other.saveToFile(path)
        with pytest.raises(fastsp.ModelFileError, match=r"no htm\.Predictor that fastsp saved"):
            predictor.loadFromFile(path)
    with pytest.raises(ValueError, match="fmt must be one of"):
        predictor.saveToFile(path, "binary")
    assert predictor == trained()


@pytest.mark.parametrize(
    "change",
    [
        {"weights": np.zeros(3)},
        {"weights": np.zeros((3, 2), np.float32)},
        {"weights": np.full((3, 2), np.nan)},
    ],
)
def test_weights_that_do_not_fit_are_refused(change):
    header, arrays = Classifier().describe()
    with pytest.raises(ValueError, match="weights must be"):
        Classifier.restored(header, arrays | change)


class Foreign:
    """What `from_htm_core` asks of a classifier: to write its state in JSON."""

    def __init__(self, state):
        self._state = state

    def infer(self, pattern): ...

    def saveToFile(self, file, fmt="BINARY"):  # noqa: N802
        assert fmt == "JSON"
        with open(file, "w", encoding="utf-8") as opened:
            json.dump(self._state, opened)


def state_of(classifier):
    weights = classifier.describe()[1]["weights"]
    return {
        "alpha": 0.1,
        "dimensions": len(weights),
        "numCategories": weights.shape[1],
        "weights": weights.tolist(),
    }


def test_classifiers_and_predictors_of_htm_core_are_taken_over_by_their_json():
    predictor = trained()
    assert from_htm_core(Foreign(state_of(Classifier(0.1)))) == Classifier(0.1)
    classifier = predictor._classifiers[1]
    assert from_htm_core(Foreign(state_of(classifier))) == classifier
    history = predictor._history
    state = {
        "steps": [1, 3],
        "patternHistory": [
            {"dimensions": s.dimensions, "sparse": s.sparse.tolist()} for _, s in history
        ],
        "recordNumHistory": [number for number, _ in history],
        "classifiers": [
            {"key": step, "value": state_of(each)} for step, each in predictor._classifiers.items()
        ],
    }
    assert from_htm_core(Foreign(state)) == predictor
    with pytest.raises(TypeError, match=r"model must be one of htm\.core, got list"):
        from_htm_core([0.5])


def test_text():
    assert str(trained()) == repr(trained()) == "Predictor(steps=[1, 3], alpha=0.1)"
    assert trained() != 3
    with pytest.raises(TypeError):
        hash(trained())
