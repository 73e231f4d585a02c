"""The command line: what it writes, what it says, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

import fastsp
from fastsp.__main__ import main
from fastsp.persistence import load
from fastsp.pooler import SpatialPooler
from tests.tiny_mnist import make_digits, write_digits


@pytest.fixture(scope="module")
def mnist_output(data, tmp_path_factory):
    output = tmp_path_factory.mktemp("mnist") / "deep" / "folder"
    assert main(["mnist", "--cycles", "200", f"--data={data}", f"--output={output}"]) == 0
    return output


def error_line(capsys):
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == 1, captured.err
    return lines[0]


def test_mnist_writes_metrics_models_and_report(mnist_output):
    assert {path.name for path in mnist_output.iterdir()} == {
        "metrics.json",
        "pooler.fastsp",
        "classifier.fastsp",
        "report.html",
    }
    metrics = json.loads((mnist_output / "metrics.json").read_text())
    assert metrics["train_cycles"] == 200
    assert metrics["config"]["column_shape"] == [56, 56]
    assert load(mnist_output / "pooler.fastsp").n_cycles_ == 200


def test_saved_models_classify_as_reported(mnist_output, digits):
    metrics = json.loads((mnist_output / "metrics.json").read_text())
    from fastsp.encoders import BinaryImageEncoder

    bits = BinaryImageEncoder().fit_transform(digits.test_images)
    codes = load(mnist_output / "pooler.fastsp").transform(bits)
    classifier = load(mnist_output / "classifier.fastsp")
    assert classifier.score(codes, digits.test_labels) == metrics["accuracy"]


@pytest.fixture(scope="module")
def ablate_output(data, tmp_path_factory):
    output = tmp_path_factory.mktemp("ablate")
    arguments = ["ablate", "--seeds=2", "--cycles=20", f"--data={data}", f"--output={output}"]
    assert main([*arguments, "--quiet"]) == 0
    return output


def test_ablate_writes_metrics_and_report(ablate_output):
    assert {path.name for path in ablate_output.iterdir()} == {"metrics.json", "report.html"}
    metrics = json.loads((ablate_output / "metrics.json").read_text())
    assert metrics["experiment"] == "ablate"
    assert metrics["config"]["pooler"]["cycles"] == 20
    assert [len(trial["measures"]) for trial in metrics["trials"]] == [10, 10]
    assert len(metrics["summary"]) == 10
    assert "Not in full size" not in (ablate_output / "report.html").read_text("utf-8")


@pytest.mark.parametrize("output", ["mnist_output", "ablate_output"])
def test_report_stands_alone(output, request):
    page = (request.getfixturevalue(output) / "report.html").read_text("utf-8")
    links = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", page)
    assert links
    assert all(link.startswith(("data:image/", "#")) for link in links)
    assert "<script" not in page
    assert "@import" not in page


def test_mnist_report_shows_controls_and_published_figures(mnist_output):
    page = (mnist_output / "report.html").read_text("utf-8")
    metrics = json.loads((mnist_output / "metrics.json").read_text())
    headline = page.split('class="headline"')[1].split("<h2>")[0]
    facts = re.findall(r"<div><small>(.*?)</small><strong>(.*?)</strong><small>(.*?)<", headline)
    # The published accuracy stands beside the one that is read in the same way, and no other.
    assert [fact for fact in facts if "77 %" in fact[2]] == [
        (
            "By the mean of class distributions",
            f"{metrics['accuracy_mean']:.1%}".replace("%", " %"),
            "published 77 %, by the same means with on-bits only, here off-bits besides",
        )
    ]
    assert "on-bits, the input as published" in page
    for words in ("77 %", "97 %", "raw pixels", "untrained pooler", "permanence_increment", "cpu"):
        assert words in page
    assert page.count("<figure ") == page.count('href="#figure-') == 8


def test_report_escapes_what_it_is_given():
    from fastsp.report.page import Origin, Page, Table, render

    page = render(
        Page(headline=(), tables=(Table("a", ("b",), (("<b>",),), ""),), figures=()),
        Origin("'&'", {}, fastsp.experiments.describe_environment()),
        title="<script>",
        lead="",
    )
    assert "<script>" not in page
    assert "<b>" not in page


def test_results_are_printed(no_training, data, tmp_path, capsys):
    output = tmp_path / "out"
    assert main(["mnist", "--cycles=10", f"--data={data}", f"--output={output}"]) == 0
    printed = capsys.readouterr().out
    assert "test accuracy" in printed
    assert "cycles/s" in printed
    assert "report.html" in printed


@pytest.mark.slow
def test_seeds_and_segments_on_the_command_line(no_drawing, data, tmp_path, capsys):
    output = tmp_path / "out"
    arguments = ["mnist", "--cycles=10", f"--data={data}", f"--output={output}"]
    assert main([*arguments, "--seeds=2", "--segments=2"]) == 0
    assert re.search(r"added by learning .*\d points", re.sub(r"\s+", " ", capsys.readouterr().out))
    metrics = json.loads((output / "metrics.json").read_text())
    assert len(metrics["over_seeds"]["trials"]) == 2
    assert metrics["config"]["segments"] == 2
    assert main([*arguments, "--seeds=2", f"--checkpoint={tmp_path / 'kept'}"]) == 2
    assert "one seed" in error_line(capsys)


@pytest.mark.slow
def test_validation_leaves_the_test_images_alone(data, tmp_path, capsys):
    blank = make_digits()
    blank.test_images[:] = 0
    accuracies = []
    for digits, output in ((make_digits(), tmp_path / "a"), (blank, tmp_path / "b")):
        folder = write_digits(tmp_path / f"{output.name}-data", digits)
        arguments = ["mnist", "--cycles=20", f"--data={folder}", f"--output={output}"]
        assert main([*arguments, "--validate"]) == 0
        metrics = json.loads((output / "metrics.json").read_text())
        assert "held out" in metrics["data"]
        assert sum(map(sum, metrics["confusion"])) == len(digits.train_images) // 4
        accuracies.append(metrics["accuracy"])
        assert "Validation accuracy" in (output / "report.html").read_text("utf-8")
    assert "validation accuracy" in capsys.readouterr().out
    assert accuracies[0] == accuracies[1]


def test_results_of_an_earlier_run_are_not_replaced_without_a_word(
    no_training, data, tmp_path, capsys
):
    arguments = ["mnist", "--cycles=10", f"--data={data}", f"--output={tmp_path}"]
    assert main(arguments) == 0
    assert "earlier run" not in capsys.readouterr().err
    for command in (arguments, ["experiment", "properties", "--quick", f"--output={tmp_path}"]):
        assert main(command) == 0
        told = capsys.readouterr().err
        assert f"fastsp: {tmp_path} holds results of an earlier run, which this one" in told
        assert main([*command, "--quiet"]) == 0
        assert capsys.readouterr().err == ""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "classifier.fastsp").touch()
    assert main([*arguments[:-1], f"--output={tmp_path / 'other'}"]) == 0
    assert "holds results of an earlier run" in capsys.readouterr().err


def test_a_quick_run_says_that_its_numbers_mean_nothing(tmp_path, capsys):
    arguments = ["experiment", "properties", "--quick", f"--output={tmp_path}"]
    assert main(arguments) == 0
    printed = re.sub(r"[^\w:,.]+", " ", capsys.readouterr().out)
    assert "too short for its numbers to mean anything" in printed
    assert "too short" in json.loads((tmp_path / "metrics.json").read_text())["size"]
    assert "too short" in (tmp_path / "report.html").read_text("utf-8")


def test_quiet_says_nothing(no_training, data, tmp_path, capsys):
    arguments = ["mnist", "--cycles=10", f"--data={data}", f"--output={tmp_path}", "--quiet"]
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cycles", "0"], "cycles"),
        (["--cycles", "many"], "--cycles"),
        (["--seed", "-1"], "seed"),
        (["--seeds", "0"], "seeds"),
        (["--segments", "0"], "segments"),
        (["--batch-size", "0"], "batch_size"),
        (["--inhibition", "nearby"], "nearby"),
        (["--boosting", "linear"], "linear"),
        (["--n-jobs", "0"], "n_jobs"),
        (["--colour"], "--colour"),
    ],
)
def test_impossible_parameters(data, tmp_path, capsys, arguments, words):
    assert main(["mnist", f"--data={data}", f"--output={tmp_path / 'out'}", *arguments]) == 2
    assert words in error_line(capsys)


def test_missing_data(tmp_path, capsys):
    missing = tmp_path / "nowhere"
    assert main(["mnist", f"--data={missing}", f"--output={tmp_path / 'out'}"]) == 2
    assert "nowhere" in error_line(capsys)


def test_broken_data(data, tmp_path, capsys):
    broken = write_digits(tmp_path / "broken", make_digits())
    (broken / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03\0\0")
    assert main(["ablate", f"--data={broken}", f"--output={tmp_path / 'out'}"]) == 2
    assert "train-images" in error_line(capsys)


@pytest.mark.parametrize("command", ["mnist", "ablate"])
def test_output_that_cannot_be_written(data, tmp_path, capsys, command, monkeypatch):
    def train(*_):
        raise AssertionError("trained before looking")

    monkeypatch.setattr(SpatialPooler, "partial_fit", train)
    (tmp_path / "file").touch()
    assert main([command, f"--data={data}", f"--output={tmp_path / 'file' / 'out'}"]) == 2
    assert str(tmp_path / "file") in error_line(capsys)


def test_unknown_command(capsys):
    assert main(["train"]) == 2
    assert "train" in error_line(capsys)


def test_ctrl_c_saves_what_was_learned(data, tmp_path, capsys, monkeypatch):
    learn = SpatialPooler.partial_fit

    def learn_then_interrupt(self, X, y=None):
        learn(self, X, y)
        if self.n_cycles_ >= 1000:
            os.kill(os.getpid(), signal.SIGINT)
        return self

    monkeypatch.setattr(SpatialPooler, "partial_fit", learn_then_interrupt)
    before = signal.getsignal(signal.SIGINT)
    (tmp_path / "report.html").write_text("of an earlier run")
    arguments = ["mnist", "--cycles=5000", f"--data={data}", f"--output={tmp_path}", "--quiet"]
    assert main(arguments) == 130
    line = error_line(capsys)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert f"{metrics['train_cycles']:,} of 5,000 cycles" in line
    assert load(tmp_path / "pooler.fastsp").n_cycles_ == metrics["train_cycles"] >= 1000
    assert not (tmp_path / "report.html").exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"fastsp {fastsp.__version__}\n"


@pytest.mark.slow
def test_warmup_tells_its_time(capsys):
    assert main(["warmup"]) == 0
    assert re.fullmatch(r"compiled in \d+\.\d s\n", capsys.readouterr().out)


@pytest.mark.parametrize("package", ["typer", "rich", "matplotlib", "jinja2"])
def test_missing_extra_is_told(package, capsys, monkeypatch):
    from importlib import util

    find = util.find_spec
    monkeypatch.setattr(
        "fastsp.__main__.find_spec", lambda name: None if name == package else find(name)
    )
    assert main(["--version"]) == 2
    assert error_line(capsys).endswith("in a checkout of fastsp, pip install -e '.[cli]'")


@pytest.mark.parametrize(
    ("module", "missing"),
    [
        ("fastsp.experiments", ["typer", "rich", "matplotlib", "jinja2"]),
        ("fastsp.cli", ["matplotlib", "jinja2", "starlette", "uvicorn", "websockets"]),
        ("fastsp.demo.actions", ["typer", "rich", "starlette", "uvicorn", "websockets"]),
    ],
)
def test_imports_without(module, missing):
    script = f"import sys; sys.modules.update(dict.fromkeys({missing})); import {module}"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_one_of_several_sets_is_taken_by_its_split(tmp_path, capsys):
    folder = write_digits(tmp_path / "data", make_digits(80, 20))
    for path in list(folder.iterdir()):
        (folder / f"emnist-letters-{path.name}").write_bytes(path.read_bytes())
        path.rename(folder / f"emnist-digits-{path.name}")
    arguments = ["mnist", "--cycles=20", "--inhibition=global", f"--data={folder}", "--quiet"]
    arguments.append(f"--output={tmp_path / 'out'}")
    assert main(arguments) == 2
    assert "'emnist-digits', 'emnist-letters'; choose one by its split" in error_line(capsys)
    assert main([*arguments, "--split=letters"]) == 0
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["data"] == f"{folder}, emnist-letters"


@pytest.mark.parametrize("command", [["mnist"], ["mnist", "--validate"], ["ablate"]])
def test_test_labels_that_training_lacks_are_told_before_the_run(
    tmp_path, capsys, monkeypatch, command
):
    digits = make_digits(80, 20)
    digits.test_labels[3] = 200
    digits.train_labels[-1] = 201
    folder = write_digits(tmp_path / "data", digits)
    monkeypatch.setattr("fastsp.experiments.mnist.training.Training.run", None)
    arguments = [*command, f"--data={folder}", f"--output={tmp_path / 'out'}", "--quiet"]
    assert main(arguments) == 2
    error = error_line(capsys)
    assert "images must have labels of training images" in error
    assert ("[201]" if "--validate" in command else "[200]") in error
