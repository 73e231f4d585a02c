"""The presets of the MNIST experiment, at a tiny size."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fastsp import MaximumLikelihoodClassifier, SoftmaxClassifier, StreamingRidgeClassifier
from fastsp.__main__ import main
from fastsp.arguments import Readout
from fastsp.cli import Preset
from fastsp.experiments import (
    PRESETS,
    MnistConfig,
    run_mnist,
    run_mnist_seeds,
    with_channels,
)
from fastsp.experiments.mnist import config
from fastsp.persistence import load
from fastsp.report import mnist_report

READOUTS = {
    "published": MaximumLikelihoodClassifier,
    "published-on": MaximumLikelihoodClassifier,
    "fast": SoftmaxClassifier,
    "best-likelihood": MaximumLikelihoodClassifier,
    "best-linear": SoftmaxClassifier,
}
# The shortest run that still goes through every step.
TINY = {"cycles": 200, "held_out": 40, "held_out_readout": 100, "potential_radius": 2}
SMALL_GROUPS = {"column_shape": (4, 4, 20), "n_potential": 20, "readout_copies": 2}


def test_the_command_line_knows_all_presets():
    assert [preset.value for preset in Preset] == list(PRESETS) == list(READOUTS)
    assert PRESETS["published"] == MnistConfig()
    assert tuple(readout.value for readout in Readout) == config.READOUTS


def test_the_published_input_has_on_bits_and_half_the_synapses():
    config = PRESETS["published-on"]
    assert (config.channels, config.n_potential) == ("on", 53)
    assert with_channels(config, "on") == config
    again = with_channels(config, "on_off")
    assert (again.channels, again.n_potential) == ("on_off", 106)


def test_channels_on_the_command_line(data, tmp_path):
    output = tmp_path / "out"
    arguments = ["mnist", "--channels=on", "--cycles=20", f"--data={data}", f"--output={output}"]
    assert main([*arguments, "--quiet"]) == 0
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["config"]["channels"] == "on"
    assert metrics["config"]["n_potential"] == 53
    assert load(output / "pooler.fastsp").n_features_in_ == 12 * 12


def test_seconds_to_the_model_are_those_of_learning_and_the_readout(digits):
    result = run_mnist(replace(PRESETS["fast"], **TINY, **SMALL_GROUPS, density=0.1), digits)
    seconds = result.metrics()["seconds_to_model"]
    assert seconds == result.training.seconds + result.readout.fit_seconds
    assert 0 < seconds < result.seconds


@pytest.mark.parametrize(
    ("name", "readout"),
    [("best-likelihood", None), ("best-linear", None), ("best-linear", "ridge")],
)
def test_a_preset_reports_the_accuracy_of_its_readout_beside_the_controls(digits, name, readout):
    config = replace(PRESETS[name], **TINY, **SMALL_GROUPS, density=0.1)
    config = replace(config, readout=readout or config.readout)
    seeds = run_mnist_seeds(config, 1, digits)
    result, metrics = seeds.first, seeds.metrics()
    kind = StreamingRidgeClassifier if readout else READOUTS[name]
    assert type(result.readout.classifier) is kind
    assert (metrics["accuracy_mean"] is None) == (name == "best-linear")
    assert (metrics["accuracy_bernoulli"] is None) == (name == "best-linear")
    assert metrics["accuracy"] > 0.9
    assert metrics["control_raw_pixels"] > 0.5
    assert metrics["control_untrained_pooler"] > 0.5
    assert result.with_local_inhibition is result.without_local_inhibition is None
    codes = result.readout.test_codes
    assert result.readout.classifier.score(codes, digits.test_labels) == metrics["accuracy"]
    page = mnist_report(seeds, digits, "fastsp mnist")
    assert ("softmax regression" in page) == (kind is SoftmaxClassifier)
    assert ("ridge regression" in page) == (kind is StreamingRidgeClassifier)


def test_the_linear_readout_takes_a_step_for_every_image_and_copy(digits):
    config = replace(PRESETS["best-linear"], **TINY, **SMALL_GROUPS, density=0.1)
    classifier = run_mnist(config, digits).readout.classifier
    n = len(digits.train_images)
    assert classifier.n_steps_ == classifier.decay_steps == n * 3
    again = run_mnist(replace(config, n_jobs=2), digits).readout.classifier
    np.testing.assert_array_equal(classifier.weights_, again.weights_)


@pytest.mark.parametrize("preset", ["published", "best-linear"])
def test_ridge_regression_is_chosen_on_the_command_line(
    preset, no_drawing, data, tmp_path, monkeypatch
):
    small = {"best-linear": {**SMALL_GROUPS, "density": 0.1}, "published": {"column_shape": (9, 9)}}
    config = replace(PRESETS[preset], **TINY | small[preset])
    monkeypatch.setitem(PRESETS, preset, config)
    output = tmp_path / "out"
    arguments = ["mnist", f"--preset={preset}", f"--data={data}", f"--output={output}"]
    assert main([*arguments, "--readout=ridge", "--quiet"]) == 0
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["config"]["readout"] == "ridge"
    assert metrics["accuracy_mean"] is None
    assert metrics["accuracy"] > 0.9
    classifier = load(output / "classifier.fastsp")
    assert type(classifier) is StreamingRidgeClassifier
    assert classifier.class_count_.sum() == 200 * (1 + config.readout_copies)


def test_too_many_columns_for_ridge_regression_are_told_before_learning(data, tmp_path, capsys):
    arguments = ["mnist", "--preset=best-likelihood", "--readout=ridge", f"--data={data}"]
    assert main([*arguments, f"--output={tmp_path / 'out'}"]) == 2
    assert "max_bytes must be at least" in capsys.readouterr().err
    assert not (tmp_path / "out" / "pooler.fastsp").exists()


def test_an_unknown_readout_is_refused():
    with pytest.raises(ValueError, match="readout"):
        MnistConfig(readout="nearest")


def test_a_preset_on_the_command_line(no_drawing, data, tmp_path, monkeypatch):
    small = replace(PRESETS["best-linear"], **SMALL_GROUPS, density=0.1, potential_radius=2)
    monkeypatch.setitem(PRESETS, "best-linear", small)
    output = tmp_path / "out"
    arguments = ["mnist", "--preset=best-linear", f"--data={data}", f"--output={output}"]
    assert main([*arguments, "--cycles=100", "--seed=3"]) == 0
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["config"]["readout"] == "linear"
    assert metrics["config"]["seed"] == 3
    assert metrics["train_cycles"] == 100
    assert type(load(output / "classifier.fastsp")) is SoftmaxClassifier


def test_inhibition_is_part_of_a_preset(tmp_path, capsys):
    arguments = ["mnist", "--preset=best-linear", "--inhibition=global", f"--output={tmp_path}"]
    assert main(arguments) == 2
    assert "--inhibition" in capsys.readouterr().err
