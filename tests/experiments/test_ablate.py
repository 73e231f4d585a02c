"""The ablation: all arms, the rows that `fastsp ablate` writes, and interruptions."""

from dataclasses import replace

import pytest

from fastsp.experiments import EXPERIMENTS, AblateConfig, Interrupted, run_experiment
from fastsp.experiments.ablate import ARMS, flat_metrics
from tests.tiny_experiments import TINY, stop_at


def ablate(digits, progress):
    config = AblateConfig(replace(TINY, cycles=50))
    return run_experiment(EXPERIMENTS["ablate"], config, range(2), digits, progress)


def test_ablation_summarises_every_arm(digits):
    told = {}
    result = ablate(digits, lambda phase, *counts: told.update({phase: counts}))
    assert len(told) == 2 * (1 + len(ARMS))
    assert all(done == total for done, total in told.values())
    assert list(result.summary()) == list(ARMS)
    for measures in result.summary().values():
        for spread in measures.values():
            assert spread.least <= spread.mean <= spread.greatest
    for name, variant in ARMS.items():
        pooler = result.trials[0].pictures["poolers"][name]
        assert (pooler.inhibition, pooler.boosting) == (variant.inhibition, variant.boosting)
        assert pooler.n_cycles_ == (50 if variant.learns else 0)


def test_metrics_of_an_ablation_have_a_row_for_each_arm_and_seed(digits):
    result = ablate(digits, lambda *_: None)
    metrics = flat_metrics(result)
    assert list(metrics) == ["summary", "trials", "seconds", "config", "environment"]
    assert [(row["seed"], row["arm"]) for row in metrics["trials"]] == [
        (seed, name) for seed in range(2) for name in ARMS
    ]
    assert metrics["summary"] == result.metrics()["summary"]
    assert metrics["config"]["seeds"] == 2
    assert metrics["config"]["base"]["cycles"] == 50


def test_interrupted_ablation_keeps_finished_trials(digits):
    with pytest.raises(Interrupted) as caught:
        ablate(digits, stop_at(f"seed 1, 3/5 {list(ARMS)[2]}", 0))
    metrics = flat_metrics(caught.value.result)
    assert [(row["seed"], row["arm"]) for row in metrics["trials"]] == [
        *((0, name) for name in ARMS),
        *((1, name) for name in list(ARMS)[:2]),
    ]
    assert list(metrics["summary"]) == list(ARMS)
    assert [trial.seed for trial in caught.value.result.trials] == [0]
