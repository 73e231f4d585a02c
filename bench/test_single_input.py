"""`compute`, one input a call: how an embedding program uses a pooler."""

import pytest

from bench import above_kernel, machine
from bench.configurations import CONFIGURATIONS
from bench.contest import INFERENCE_ONE, LEARNING_ONE, prepare


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda one: one.name)
@pytest.mark.parametrize("task", [LEARNING_ONE, INFERENCE_ONE], ids=["learn", "infer"])
def test_compute(hold_contest, configuration, task):
    hold_contest(configuration, task)


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda one: one.name)
@pytest.mark.parametrize("learn", [True, False], ids=["learn", "infer"])
def test_above_kernel(benchmark, effort, configuration, learn):
    pair = prepare(configuration, effort.n_checked)
    benchmark.group = f"{'learning' if learn else 'inference'}, one input a call, above the kernel"
    record = benchmark.pedantic(above_kernel.measure, args=(pair, learn, effort), rounds=1)
    benchmark.extra_info.update(record | machine.environment())
