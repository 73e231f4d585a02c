"""`compute`, one input a call: how an embedding program uses a pooler."""

import pytest

from bench.configurations import CONFIGURATIONS
from bench.contest import INFERENCE_ONE, LEARNING_ONE


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda one: one.name)
@pytest.mark.parametrize("task", [LEARNING_ONE, INFERENCE_ONE], ids=["learn", "infer"])
def test_compute(hold_contest, configuration, task):
    hold_contest(configuration, task)
