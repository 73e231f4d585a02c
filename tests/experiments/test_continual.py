"""Learning class after class: what each arm learns from, and what is measured."""

from dataclasses import replace

import numpy as np
import pytest

from fastsp.experiments import EXPERIMENTS
from fastsp.experiments.continual import (
    ARMS,
    FEATURES,
    LEARNING,
    PIXELS,
    POOLER,
    RIDGE,
    SETTLING,
    UNTRAINED,
    UNTRAINED_RIDGE,
    build,
)
from tests.tiny_experiments import run_quick
from tests.tiny_mnist import SIDE, make_digits

QUICK = EXPERIMENTS["continual"].quick


def test_every_arm_has_its_accuracy_and_the_way_there():
    summary = run_quick("continual", [0, 1]).metrics()["summary"]
    assert list(summary) == list(ARMS)
    assert {
        "pooler, ridge",
        "untrained pooler, ridge",
        "random features, ridge",
        "raw pixels, ridge",
        "pooler",
        "untrained pooler",
        "raw bits",
        "pooler learning on",
        "multilayer perceptron",
        "logistic regression",
    } <= summary.keys()
    for measures in summary.values():
        accuracy, seen = measures["accuracy"], measures["seen"]
        assert accuracy["least"] <= accuracy["mean"] <= accuracy["greatest"]
        assert len(seen["mean"]) == 2  # of four classes
        assert seen["mean"][-1] == accuracy["mean"]
        assert measures["seconds"]["least"] > 0
        assert measures["model_bytes"]["least"] > 1_000
    for arm in (POOLER, RIDGE, UNTRAINED_RIDGE, FEATURES, PIXELS):
        assert summary[arm]["accuracy"]["mean"] > 0.8


@pytest.mark.parametrize(
    ("name", "n_learned"),
    [(POOLER, 30), (UNTRAINED, 0), (LEARNING, 90), (RIDGE, 30), (UNTRAINED_RIDGE, 0)],
)
def test_a_pooler_learns_from_what_its_arm_says(name, n_learned):
    digits = make_digits()
    config = replace(QUICK, pooler_share=0.5)
    learner = build(name, config, np.arange(4, dtype=np.uint8), 60, (SIDE, SIDE))
    for start in range(0, 90, 20):
        part = slice(start, min(start + 20, 90))
        learner.learn(digits.train_images[part], digits.train_labels[part])
    assert learner.pooler.n_cycles_ == n_learned
    counted = 60 if n_learned == 30 else 90  # nothing is both learned by the pooler and counted
    assert learner.classifier.class_count_.sum() == counted


def test_there_are_as_many_random_features_as_columns_and_grey_values_as_pixels():
    digits = make_digits()
    columns = []
    for name in (RIDGE, FEATURES, PIXELS):
        learner = build(name, QUICK, np.arange(4, dtype=np.uint8), 60, (SIDE, SIDE))
        learner.learn(digits.train_images[:40], digits.train_labels[:40])
        columns.append(learner.classifier.n_features_in_)
    assert columns == [256, 256, SIDE * SIDE]


def test_the_homeostatic_pooler_learns_from_every_image():
    digits = make_digits()
    learner = build(SETTLING, QUICK, np.arange(4, dtype=np.uint8), 60, (SIDE, SIDE))
    learner.learn(digits.train_images, digits.train_labels)
    assert learner.pooler.pooler_.n_cycles_ == len(digits.train_images)
