"""The experiments of the catalogue, in their quick size, through the command line."""

import json
import re
from dataclasses import fields

import numpy as np
import pytest

from fastsp.__main__ import main
from fastsp.cli import ExperimentName
from fastsp.experiments import EXPERIMENTS, Interrupted, run_experiment
from fastsp.report.experiment import PAGES
from tests.tiny_experiments import digits_for, run_quick


@pytest.fixture(scope="module", params=list(EXPERIMENTS))
def output(request, data, tmp_path_factory):
    output = tmp_path_factory.mktemp(request.param) / "deep" / "folder"
    arguments = ["--quick", "--seeds=2", "--seed=3", f"--data={data}", f"--output={output}"]
    assert main(["experiment", request.param, *arguments, "--quiet"]) == 0
    return output


def test_the_command_line_and_the_pages_know_all_experiments():
    assert list(EXPERIMENTS) == list(PAGES) == [name.value for name in ExperimentName]
    assert all(experiment.name == name for name, experiment in EXPERIMENTS.items())


@pytest.mark.slow
def test_metrics_tell_every_seed_and_their_spread(output):
    metrics = json.loads((output / "metrics.json").read_text())
    assert [trial["seed"] for trial in metrics["trials"]] == [3, 4]
    assert len(metrics["found"]) == 2
    assert metrics["environment"]["cores"] >= 1
    assert metrics["config"].keys() == {
        field.name for field in fields(EXPERIMENTS[metrics["experiment"]].quick)
    }
    for arm, measures in metrics["summary"].items():
        for measure, spread in measures.items():
            values = [trial["measures"][arm][measure] for trial in metrics["trials"]]
            assert np.shape(spread["mean"]) == np.shape(values[0])
            both = np.array(values, dtype=float)
            np.testing.assert_allclose(np.array(spread["least"], float), both.min(axis=0))
            np.testing.assert_allclose(np.array(spread["greatest"], float), both.max(axis=0))


@pytest.mark.slow
def test_report_stands_alone_and_says_what_was_found(output):
    page = (output / "report.html").read_text("utf-8")
    metrics = json.loads((output / "metrics.json").read_text())
    links = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", page)
    assert links
    assert all(link.startswith(("data:image/", "#")) for link in links)
    assert all(sentence in page for sentence in metrics["found"])
    assert "Not in full size" in page
    assert page.count("<figure ") >= 1
    assert "nan" not in re.sub(r'src="[^"]*"', "", page)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_findings_are_whole_sentences_without_nested_brackets(name):
    found, compared = run_quick(name, [0, 1]).found()
    for words in (found, compared):
        assert re.match(r"[A-Z].*[a-z0-9%)]\.$", words)
        assert not re.search(r"\([^()]*\(|\.\.|  |\. [a-z]", words)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_an_interruption_keeps_finished_seeds(name):
    experiment = EXPERIMENTS[name]

    def stop_in_the_second(phase, done, total):
        if phase.startswith("seed 1"):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        run_experiment(
            experiment, experiment.quick, [0, 1], digits_for(experiment), stop_in_the_second
        )
    metrics = caught.value.result.metrics()
    assert [trial["seed"] for trial in metrics["trials"]] == [0]
    json.dumps(metrics, allow_nan=False)


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_phases_are_told_to_their_end(name):
    experiment = EXPERIMENTS[name]
    told = {}
    run_experiment(
        experiment,
        experiment.quick,
        [0],
        digits_for(experiment),
        lambda phase, *counts: told.setdefault(phase, []).append(counts),
    )
    assert told
    for counts in told.values():
        done, totals = zip(*counts, strict=True)
        assert list(done) == sorted(done)
        assert set(totals) == {done[-1]}


def test_same_seed_gives_the_same_codes():
    first, again, other = (run_quick("properties", [seed]).metrics() for seed in (0, 0, 1))
    assert first["summary"] == again["summary"]
    assert first["summary"] != other["summary"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "properties"),
        (["properties", "--seeds", "0"], "seeds must be at least 1"),
        (["properties", "--seed", "-1"], "seed must be at least 0"),
    ],
)
def test_impossible_arguments(arguments, words, tmp_path, capsys):
    assert main(["experiment", *arguments, "--quick", f"--output={tmp_path}"]) == 2
    assert words in capsys.readouterr().err


def test_an_experiment_needs_seeds():
    experiment = EXPERIMENTS["properties"]
    with pytest.raises(ValueError, match="at least one seed"):
        run_experiment(experiment, experiment.quick, [])
