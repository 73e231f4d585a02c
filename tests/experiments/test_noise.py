"""Noise in pixels."""

import numpy as np

from fastsp.experiments import EXPERIMENTS
from fastsp.experiments.noise import replace_pixels
from tests.tiny_experiments import run_quick


def test_so_many_pixels_are_replaced_and_stay_so_under_more_noise():
    images = np.full((50, 100), 7, np.uint8)
    shares = np.array([0.0, 0.1, 0.5, 1.0])
    noisy = replace_pixels(images, shares, np.random.default_rng(0))
    changed = [(image != images).sum(axis=1) for image in noisy]
    for share, n in zip(shares, changed, strict=True):
        assert n.max() <= 100 * share
        assert n.mean() > 99 * share - 1  # a random value may be the old one
    np.testing.assert_array_equal(noisy[0], images)
    some = noisy[1] != images
    np.testing.assert_array_equal(noisy[2][some], noisy[1][some])


def test_noise_takes_accuracy_away():
    config = EXPERIMENTS["noise"].quick
    for measures in run_quick("noise", [0]).summary().values():
        accuracy = measures["accuracy"].mean
        assert accuracy.shape == config.noise.shape
        assert accuracy[0] > 0.9
        assert measures["kept"].mean[0] == 1
