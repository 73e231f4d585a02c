"""The ablation: all arms, what is measured of them, and interruptions."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from fastsp.encoders import BinaryImageEncoder
from fastsp.experiments import EXPERIMENTS, AblateConfig, Interrupted, run_experiment
from fastsp.experiments.ablate import ARMS
from fastsp.experiments.areas import area_means, entropy_limit, share_on_image
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


def test_arms_are_those_of_both_inputs(digits):
    config = AblateConfig(replace(TINY, cycles=50))
    assert "gaussian inhibition, log boosting, on bits" in ARMS
    assert "global inhibition, log boosting, on and off bits" in ARMS
    for name in ARMS:
        own = config.of_arm(name, seed=3)
        assert own.channels == ("on_off" if name.endswith("on and off bits") else "on")
        assert own.n_potential == (24 if own.channels == "on_off" else 12)
        assert (own.seed, own.cycles) == (3, 50)


def test_columns_that_see_nothing_limit_entropy(digits):
    config = replace(TINY, channels="on", n_potential=12)
    pooler = config.build_pooler(digits.image_shape)
    blank = digits.test_images.copy().reshape(-1, 12, 12)
    blank[:, :6] = 0
    blank = blank.reshape(len(blank), -1)
    whole = entropy_limit(pooler, config.build_encoder, digits.test_images)
    half = entropy_limit(pooler, config.build_encoder, blank)
    assert 0.3 < half < whole <= 1
    both = replace(config, channels="on_off")
    assert entropy_limit(
        both.build_pooler(digits.image_shape), both.build_encoder, blank
    ) == pytest.approx(1)


def test_active_columns_on_the_image_are_counted(digits):
    shape = (24, 24)
    bits = BinaryImageEncoder(channels="on").fit_transform(digits.test_images)
    fine = bits.reshape(-1, 12, 12).repeat(2, axis=1).repeat(2, axis=2).reshape(len(bits), -1)
    assert share_on_image(csr_matrix(fine), shape, digits) == 1
    assert share_on_image(csr_matrix(1 - fine), shape, digits) == 0
    everywhere = csr_matrix(np.ones_like(fine))
    assert share_on_image(everywhere, shape, digits) == pytest.approx(bits.mean())


def test_means_of_areas():
    activity = np.arange(20.0 * 16).reshape(20, 16)
    means = area_means(activity)
    assert means.shape == (3, 2)
    assert means[2, 1] == activity[16:, 8:].mean()


def test_interrupted_ablation_keeps_finished_trials(digits):
    with pytest.raises(Interrupted) as caught:
        ablate(digits, stop_at(f"seed 1, 3/10 {list(ARMS)[2]}", 0))
    metrics = caught.value.result.metrics()
    assert [(trial["seed"], list(trial["measures"])) for trial in metrics["trials"]] == [
        (0, list(ARMS))
    ]
    unfinished = metrics["unfinished"]
    assert (unfinished["seed"], list(unfinished["measures"])) == (1, list(ARMS)[:2])
    assert list(metrics["summary"]) == list(ARMS)
    assert [trial.seed for trial in caught.value.result.trials] == [0]
