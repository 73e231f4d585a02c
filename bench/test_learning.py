"""Learning, many cycles a call."""

import pytest

from bench.configurations import BY_NAME, CONFIGURATIONS
from bench.contest import LEARNING, TRAINING


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda one: one.name)
def test_learning(hold_contest, configuration):
    hold_contest(configuration, LEARNING)


def test_training_with_augmentation_and_encoding(hold_contest):
    hold_contest(BY_NAME["MNIST"], TRAINING)
