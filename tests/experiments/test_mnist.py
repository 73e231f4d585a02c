"""The experiments on synthetic digits and tiny poolers."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fastsp.experiments import (
    Interrupted,
    MnistConfig,
    Snapshots,
    describe_environment,
    run_mnist,
    run_mnist_seeds,
)
from fastsp.experiments.mnist.config import with_channels
from fastsp.experiments.mnist.training import column_duty_cycles
from fastsp.metrics import duty_cycle_entropy
from tests.tiny_experiments import TINY, stop_at

METRICS = {
    "accuracy",
    "accuracy_mean",
    "accuracy_bernoulli",
    "control_raw_pixels",
    "control_untrained_pooler",
    "entropy",
    "density",
    "train_cycles",
    "train_cycles_per_second",
    "test_inputs_per_second",
    "seconds_to_model",
    "seconds",
    "config",
    "environment",
    "confusion",
    "curve",
}
TIMINGS = {"seconds", "seconds_to_model", "train_cycles_per_second", "test_inputs_per_second"}


def test_metrics_have_all_keys_and_plausible_values(result):
    metrics = result.metrics()
    assert metrics.keys() == METRICS
    assert metrics["accuracy"] > 0.5  # four well separated classes
    assert metrics["density"] == pytest.approx(round(0.05 * 256) / 256)
    assert metrics["train_cycles"] == 300
    assert metrics["entropy"] == duty_cycle_entropy(result.pooler.active_duty_cycles_)
    assert np.sum(metrics["confusion"]) == 60
    assert metrics["config"]["seed"] == 0
    assert metrics["environment"]["numpy"] == np.__version__


def test_same_seed_gives_same_metrics(digits, result):
    again = run_mnist(TINY, digits).metrics()
    for name in METRICS - TIMINGS:
        assert again[name] == result.metrics()[name], name


def test_result_does_not_depend_on_chunks_and_checkpoints(digits, result):
    other = run_mnist(replace(TINY, chunk=77, checkpoints=0), digits)
    assert_array_equal(other.pooler.permanences_, result.pooler.permanences_)
    assert other.readout.accuracy == result.readout.accuracy
    assert other.training.curve == []


def test_other_seed_gives_another_pooler(digits, result):
    other = run_mnist(replace(TINY, seed=1), digits)
    assert not np.array_equal(other.pooler.permanences_, result.pooler.permanences_)


def test_every_phase_is_told_to_its_end(digits):
    told = {}
    run_mnist(TINY, digits, lambda phase, *counts: told.setdefault(phase, []).append(counts))
    assert len(told) == 8
    for counts in told.values():
        done, totals = zip(*counts, strict=True)
        assert list(done) == sorted(done)
        assert set(totals) == {done[-1]}


def test_curve_begins_untrained_and_ends_with_the_last_cycle(result):
    curve = result.training.curve
    assert [point.cycles for point in curve] == [0, 100, 173, 300]
    assert curve[0].entropy == pytest.approx(1.0)
    assert all(0 <= point.accuracy <= 1 for point in curve)


def test_untrained_control_does_not_learn(digits, result):
    fresh = TINY.build_pooler(digits.image_shape)
    bits = TINY.build_encoder(digits.test_images).transform(digits.test_images)
    codes = result.control_untrained_pooler.test_codes
    assert_array_equal(codes.toarray(), fresh.transform(bits).toarray())
    assert fresh.n_cycles_ == 0


def test_contrast_is_trained_on_on_bits_with_and_without_local_inhibition(result):
    contrasts = result.with_local_inhibition, result.without_local_inhibition
    assert [pooler.inhibition for pooler in contrasts] == ["gaussian", "global"]
    assert result.pooler.input_shape_ == (12, 12, 2)
    for pooler in contrasts:
        assert pooler.input_shape_ == (12, 12)
        assert pooler.n_cycles_ == TINY.cycles


def test_a_pooler_over_on_bits_is_its_own_contrast(digits):
    result = run_mnist(with_channels(replace(TINY, cycles=10), "on"), digits)
    assert result.with_local_inhibition is result.pooler
    assert result.without_local_inhibition.inhibition == "global"


def test_global_inhibition_has_no_contrast(digits):
    config = replace(TINY, inhibition="global", cycles=10)
    result = run_mnist(config, digits)
    assert result.with_local_inhibition is result.without_local_inhibition is None


def test_copies_fit_the_classifier_too(digits):
    result = run_mnist(replace(TINY, cycles=10, readout_copies=2), digits)
    assert result.readout.classifier.class_count_.sum() == 3 * len(digits.train_images)


def test_interrupted_training_keeps_what_was_learned(digits):
    with pytest.raises(Interrupted) as caught:
        run_mnist(TINY, digits, stop_at("training", 128))
    result = caught.value.result
    metrics = result.metrics()
    assert metrics.keys() == METRICS
    assert metrics["train_cycles"] == result.pooler.n_cycles_ == 128
    assert metrics["accuracy"] is None
    assert 0 < metrics["entropy"] <= 1


def test_interrupted_control_keeps_the_accuracy(digits):
    with pytest.raises(Interrupted) as caught:
        run_mnist(TINY, digits, stop_at("control: raw pixels", 0))
    metrics = caught.value.result.metrics()
    assert metrics["accuracy"] is not None
    assert metrics["control_untrained_pooler"] is not None
    assert metrics["control_raw_pixels"] is None


def test_interrupted_at_once_has_metrics(digits):
    with pytest.raises(Interrupted) as caught:
        run_mnist(TINY, digits, stop_at("compiling", 0))
    assert caught.value.result.metrics()["train_cycles_per_second"] is None


@pytest.mark.parametrize(
    ("name", "value"), [("cycles", 0), ("seed", -1), ("chunk", 0), ("checkpoints", -1)]
)
def test_impossible_configuration(name, value):
    with pytest.raises(ValueError, match=f"{name} must be at least"):
        MnistConfig(**{name: value})


def test_impossible_pooler_is_told_before_training(digits):
    phases = []
    with pytest.raises(ValueError, match="density"):
        run_mnist(replace(TINY, density=2.0), digits, lambda *told: phases.append(told))
    assert phases == []


def test_seeds_have_a_spread_and_what_learning_adds(digits, result):
    told = {}
    seeds = run_mnist_seeds(TINY, 2, digits, lambda phase, *counts: told.update({phase: counts}))
    assert all(phase.startswith(("seed 0, ", "seed 1, ")) for phase in told)
    metrics = seeds.metrics()
    for name in METRICS - TIMINGS:
        assert metrics[name] == result.metrics()[name], name
    trials, summary = metrics["over_seeds"]["trials"], metrics["over_seeds"]["summary"]
    assert [trial["seed"] for trial in trials] == [0, 1]
    second = run_mnist(replace(TINY, seed=1), digits).metrics()
    assert trials[1]["accuracy"] == second["accuracy"]
    for trial in trials:
        assert trial["gain"] == trial["accuracy"] - trial["control_untrained_pooler"]
    for name in ("accuracy", "control_untrained_pooler", "control_raw_pixels", "gain"):
        values = [trial[name] for trial in trials]
        assert summary[name]["mean"] == pytest.approx(np.mean(values))
        assert [summary[name][end] for end in ("least", "greatest")] == [min(values), max(values)]


def test_interrupted_seeds_keep_those_that_were_finished(digits):
    with pytest.raises(Interrupted) as caught:
        run_mnist_seeds(TINY, 3, digits, stop_at("seed 1, training", 64))
    seeds = caught.value.result
    assert [trial["seed"] for trial in seeds.trials] == [0]
    assert seeds.first.readout is not None
    with pytest.raises(Interrupted) as caught:
        run_mnist_seeds(TINY, 3, digits, stop_at("seed 0, training", 64))
    assert caught.value.result.trials == ()
    assert caught.value.result.metrics()["train_cycles"] == 64
    assert caught.value.result.summary() == {}


def test_seeds_are_at_least_one_and_snapshots_are_of_one(digits, tmp_path):
    with pytest.raises(ValueError, match="seeds must be at least 1"):
        run_mnist_seeds(TINY, 0, digits)
    with pytest.raises(ValueError, match="seeds must be 1"):
        run_mnist_seeds(TINY, 2, digits, snapshots=Snapshots(tmp_path))


def test_columns_with_segments_are_as_active_as_others(digits):
    result = run_mnist(replace(TINY, segments=3), digits)
    frequencies = column_duty_cycles(result.pooler)
    assert frequencies.shape == (256,)
    assert frequencies.mean() == pytest.approx(result.pooler.n_active_ / 256)
    assert result.metrics()["entropy"] == duty_cycle_entropy(frequencies)
    assert result.metrics()["accuracy"] > 0.5


def test_environment_tells_a_forced_openblas(monkeypatch):
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert describe_environment().openblas_coretype is None
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    environment = describe_environment(n_jobs=2)
    assert environment.openblas_coretype == "Haswell"
    assert environment.n_jobs == 2
    assert environment.cores >= 1
    assert environment.cpu
