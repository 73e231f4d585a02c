"""The softmax classifier, against sums over all weights in plain loops."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsp.htm import SDR, Classifier


class Plain:
    """Softmax regression in loops over bits and labels, as the mathematics has it."""

    def __init__(self, alpha, size):
        self.alpha, self.weights = alpha, [[] for _ in range(size)]

    def infer(self, on):
        scores = [sum(self.weights[bit][label] for bit in on) for label in range(self.n_labels)]
        exponentials = [math.exp(score) for score in scores]
        return [each / sum(exponentials) for each in exponentials]

    @property
    def n_labels(self):
        return len(self.weights[0])

    def learn(self, on, labels):
        for row in self.weights:
            row.extend([0.0] * (max(labels) + 1 - len(row)))
        predicted = self.infer(on)
        for bit in on:
            for label in range(self.n_labels):
                target = 1 / len(labels) if label in labels else 0
                self.weights[bit][label] += self.alpha * (target - predicted[label])


@settings(deadline=None)
@given(
    st.floats(0.001, 1),
    st.lists(
        st.tuples(
            st.integers(1, 9), st.lists(st.integers(0, 6), min_size=1, max_size=3, unique=True)
        ),
        min_size=1,
        max_size=12,
    ),
)
def test_it_learns_as_plain_loops_do(alpha, samples):
    classifier, plain = Classifier(alpha), Plain(alpha, 20)
    for seed, labels in samples:
        sdr = SDR((4, 5)).randomize(0.3, seed)
        classifier.learn(sdr, labels if len(labels) > 1 else labels[0])
        plain.learn(sdr.sparse, labels)
        other = SDR(20).randomize(0.4, seed + 1)
        np.testing.assert_allclose(classifier.infer(other), plain.infer(other.sparse), rtol=1e-9)
        assert sum(classifier.infer(sdr)) == pytest.approx(1)


def test_what_was_seen_is_recognised():
    classifier = Classifier()
    patterns = [SDR(1000).randomize(0.02, seed) for seed in range(1, 5)]
    for _ in range(10):
        for label, pattern in enumerate(patterns):
            classifier.learn(pattern=pattern, classification=label)
    found = [np.argmax(classifier.infer(pattern=pattern)) for pattern in patterns]
    assert found == [0, 1, 2, 3]


def test_nothing_learned_is_nothing_inferred():
    assert Classifier().infer(SDR(10)) == []
    assert not Classifier(alpha=0.1).infer(SDR(20))


def test_probabilities_are_a_list_of_floats_over_all_labels_so_far():
    classifier, sdr = Classifier(0.1), SDR(10).randomize(0.5, 1)
    classifier.learn(sdr, 3)
    found = classifier.infer(sdr)
    assert [type(p) for p in found] == [float] * 4
    classifier.learn(sdr, np.array([0, 1]))
    assert len(classifier.infer(sdr)) == 4
    classifier.learn(sdr, np.uint8(5))
    assert len(classifier.infer(sdr)) == 6
    assert classifier.infer(SDR(10)) == [1 / 6] * 6  # nothing is on


def test_labels_given_twice_count_once():
    once, twice, sdr = Classifier(0.5), Classifier(0.5), SDR(10).randomize(0.5, 1)
    once.learn(sdr, [0, 1])
    twice.learn(sdr, [1, 1])
    assert twice.infer(sdr)[1] > twice.infer(sdr)[0]
    assert once.infer(sdr) == [0.5, 0.5]


def test_great_weights_do_not_overflow():
    classifier, sdr = Classifier(1e6), SDR(10).randomize(1)
    for label in (0, 1, 0):
        classifier.learn(sdr, label)
        assert np.isfinite(classifier.infer(sdr)).all()


@pytest.mark.parametrize(
    ("alpha", "kind"),
    [
        (0, ValueError),
        (-1, ValueError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        ("0.1", TypeError),
        (None, TypeError),
        (True, TypeError),
    ],
)
def test_alpha_is_checked(alpha, kind):
    with pytest.raises(kind, match="alpha must be"):
        Classifier(alpha=alpha)


@pytest.mark.parametrize(
    ("labels", "kind", "message"),
    [
        (-1, ValueError, "labels from 0 to 2147483647, got -1"),
        ([0, 2**31], ValueError, "labels from 0 to 2147483647"),
        ([], ValueError, "must be a label or a list of labels"),
        ([[1]], ValueError, "must be a label or a list of labels"),
        ([[1], [1, 2]], ValueError, "lists of different lengths"),
        (1.0, TypeError, r"must hold integers, got 1\.0"),
        (True, TypeError, "must hold integers, got True"),
        ("A", TypeError, "must hold integers, got 'A'"),
        (None, TypeError, "must hold integers, got None"),
    ],
)
def test_labels_are_checked_first(labels, kind, message):
    classifier, sdr = Classifier(), SDR(10).randomize(0.5, 1)
    for _ in range(2):
        before = copy.copy(classifier)
        with pytest.raises(kind, match="classification.*" + message):
            classifier.learn(sdr, labels)
        assert classifier == before
        classifier.learn(sdr, 1)


def test_patterns_are_checked_first():
    classifier = Classifier()
    with pytest.raises(TypeError, match="pattern must be an SDR, got list"):
        classifier.learn([1, 2], 0)
    classifier.learn(SDR((2, 5)).randomize(0.5, 1), 1)
    classifier.learn(SDR(10).randomize(0.5, 1), 1)  # of the size
    before = copy.deepcopy(classifier)
    for call in (classifier.infer, lambda pattern: classifier.learn(pattern, 5)):
        with pytest.raises(ValueError, match="pattern must have 10 bits, got 11"):
            call(SDR(11))
    assert classifier == before


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_are_equal_and_go_on_alike(copied):
    classifier, sdr = Classifier(0.1), SDR(30).randomize(0.3, 1)
    assert copied(classifier) == classifier
    for label in (0, 4, 2, 5):
        classifier.learn(sdr, label)
    other = copied(classifier)
    assert other == classifier
    before = classifier.infer(sdr)
    other.learn(sdr, 9)
    assert other != classifier
    assert classifier.infer(sdr) == before
    classifier.learn(sdr, 9)
    assert other == classifier


def test_equality_and_text():
    classifier = Classifier(0.25)
    assert classifier == Classifier(0.25)
    assert classifier != Classifier(0.5)
    assert classifier != 3
    assert str(classifier) == "Classifier(alpha=0.25): nothing learned"
    classifier.learn(SDR(8), 2)
    assert str(classifier) == repr(classifier) == "Classifier(alpha=0.25): 8 bits, 3 labels"
    with pytest.raises(TypeError):
        hash(classifier)
