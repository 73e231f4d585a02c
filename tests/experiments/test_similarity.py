"""Overlaps of codes within and between categories, and of views."""

import pytest

from fastsp.experiments import EXPERIMENTS, run_experiment
from fastsp.metrics import class_overlaps
from tests.tiny_mnist import make_digits


def test_similarity_of_raw_bits_is_known():
    digits = make_digits()
    experiment = EXPERIMENTS["similarity"]
    config = experiment.quick
    summary = run_experiment(experiment, config, [0], digits).summary()
    on = config.pooler.build_encoder(digits.test_images).transform(digits.test_images)[:, ::2]
    within, between = class_overlaps(on, digits.test_labels)
    raw = summary["raw ON bits"]
    assert raw["within"].mean == pytest.approx(within)
    assert raw["between"].mean == pytest.approx(between)
    assert raw["told_apart"].mean > 0.9  # four well separated classes
    for measures in summary.values():
        assert measures["rotation"].mean[0] == measures["shift"].mean[0] == 1  # the same view
        assert measures["shift"].mean[-1] < 1
        assert measures["shares_within"].mean.sum() == pytest.approx(1)
