"""Inference, many inputs a call, on one core."""

import pytest

from bench.configurations import CONFIGURATIONS
from bench.contest import INFERENCE


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda one: one.name)
def test_inference(hold_contest, configuration):
    hold_contest(configuration, INFERENCE)
