"""What was computed outlives whatever fails afterwards: pages, pictures, files, terminals."""

import errno
import io
import os
import re
import sys

import matplotlib
import pytest

from fastsp.__main__ import main
from fastsp.persistence import load


@pytest.fixture
def train(data, monkeypatch):
    """Return what runs `fastsp mnist`, as if it had been typed, and its exit code."""

    def run(output, *more):
        arguments = ["mnist", "--cycles=10", f"--data={data}", f"--output={output}", *more]
        monkeypatch.setattr(sys, "argv", ["fastsp", *arguments])
        return main(arguments)

    return run


@pytest.fixture
def mnist(no_training, train):
    """Return what does the same where training and drawing are done."""
    return train


def names(folder):
    return {path.name for path in folder.iterdir()}


MODELS = {"metrics.json", "pooler.fastsp", "classifier.fastsp"}


@pytest.mark.parametrize("encoding", ["ascii", "cp932", "cp850", "utf-8"])
def test_any_encoding_of_the_terminal_will_do(tmp_path, monkeypatch, encoding):
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding))
    arguments = ["experiment", "adaptation", "--quick", "--seeds=2", f"--output={tmp_path}"]
    assert main(arguments) == 0
    words = printed.getvalue().decode(encoding)
    assert re.search(rf"\(\d[\d.]*{'–' if encoding == 'utf-8' else '-'}\d", words)
    assert names(tmp_path) == {"metrics.json", "report.html"}


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_a_folder_may_have_a_name_that_is_no_unicode(train, tmp_path, capsys):
    output = tmp_path / os.fsdecode(b"\xff\xfe")
    assert train(output, f"--checkpoint={output / 'kept'}") == 0
    assert names(output) == MODELS | {"report.html", "kept"}
    assert r"\udcff\udcfe" in (output / "report.html").read_text("utf-8")
    assert r"\udcff\udcfe" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_a_study_may_have_a_name_that_is_no_unicode(data, tmp_path):
    output = tmp_path / os.fsdecode(b"\xff?")
    arguments = ["experiment", "tune", "--quick", "--quiet", f"--data={data}"]
    assert main([*arguments, f"--output={output}"]) == 0
    assert names(output) == {"metrics.json", "report.html", "study.db"}


@pytest.mark.parametrize("name", ["o[/x]", "out[seed]", "[red]out", ":smile:", "$a_b$", "<b>"])
def test_no_name_is_markup(tmp_path, capsys, name):
    if sys.platform == "win32" and not re.fullmatch(r"[\w\[\]$]+", name):
        pytest.skip("no name there")
    assert main(["experiment", "properties", "--quick", f"--output={tmp_path / name}"]) == 0
    assert f"report: {tmp_path / name / 'report.html'}" in capsys.readouterr().out


def test_figures_have_a_style_of_their_own(tmp_path, data):
    arguments = ["experiment", "properties", "--quick", "--quiet"]
    settings = {
        "text.usetex": True,
        "font.family": ["No Such Font"],
        "svg.fonttype": "none",
        "figure.facecolor": "red",
    }
    assert main([*arguments, f"--output={tmp_path / 'plain'}"]) == 0
    with matplotlib.rc_context(settings):
        assert main([*arguments, f"--output={tmp_path / 'odd'}"]) == 0
        assert {name: matplotlib.rcParams[name] for name in settings} == settings
    plain, odd = (
        re.findall(r'src="data:image[^"]*"', (tmp_path / name / "report.html").read_text("utf-8"))
        for name in ("plain", "odd")
    )
    assert plain == odd != []


def fail(*_, **__):
    raise RuntimeError("latex is\nnot there")


def test_a_page_that_fails_costs_nothing_else(mnist, tmp_path, capsys, monkeypatch):
    import fastsp.report

    assert mnist(tmp_path) == 0
    monkeypatch.setattr(fastsp.report, "mnist_report", fail)
    capsys.readouterr()
    assert mnist(tmp_path, "--quiet") == 1
    told = capsys.readouterr()
    assert told.err == f"fastsp: report.html was not written to {tmp_path}: latex is not there\n"
    assert names(tmp_path) == MODELS  # and no page of the run before
    assert mnist(tmp_path) == 1
    told = capsys.readouterr()
    assert "test accuracy" in told.out
    assert f"results: {tmp_path}" in told.out
    assert "report:" not in told.out


@pytest.mark.parametrize("command", ["ablate", "experiment"])
def test_every_command_keeps_its_figures(data, tmp_path, capsys, monkeypatch, command):
    import fastsp.report

    arguments = {
        "ablate": ["ablate", "--seeds=1", "--cycles=10", f"--data={data}"],
        "experiment": ["experiment", "properties", "--quick"],
    }[command]
    monkeypatch.setattr(fastsp.report, "experiment_report", fail)
    assert main([*arguments, f"--output={tmp_path}", "--quiet"]) == 1
    assert capsys.readouterr().err.startswith("fastsp: report.html was not written")
    assert names(tmp_path) == {"metrics.json"}


def test_a_model_that_finds_no_room_costs_nothing_else(mnist, tmp_path, capsys, monkeypatch):
    def no_room(estimator, path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr("fastsp.persistence.save", no_room)
    assert mnist(tmp_path, "--quiet") == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == ["pooler.fastsp", "classifier.fastsp"]
    assert all("No space left" in line for line in lines)
    assert names(tmp_path) == {"metrics.json", "report.html"}


class Broken(io.TextIOWrapper):
    """A pipe whose reader is gone."""

    def __init__(self):
        super().__init__(io.BytesIO(), "utf-8")

    def write(self, text):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def test_results_outlive_a_broken_stdout(mnist, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Broken())
    assert mnist(tmp_path) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"fastsp: results were not printed, see {tmp_path}: Broken pipe"
    assert names(tmp_path) == MODELS | {"report.html"}


def test_a_version_that_nobody_can_read_is_told(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Broken())
    assert main(["--version"]) == 1
    assert capsys.readouterr().err == "fastsp: nothing could be printed: Broken pipe\n"


@pytest.mark.parametrize("stream", [Broken, lambda: None])
def test_results_outlive_a_broken_stderr(mnist, tmp_path, monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream())
    assert mnist(tmp_path) == 0
    assert load(tmp_path / "pooler.fastsp").n_cycles_ == 10
    assert names(tmp_path) == MODELS | {"report.html"}


def test_an_interrupted_run_does_not_claim_to_be_saved(train, tmp_path, capsys, monkeypatch):
    from fastsp.pooler import SpatialPooler

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(SpatialPooler, "partial_fit", interrupt)
    monkeypatch.setattr("fastsp.persistence.save", fail)
    assert train(tmp_path, "--quiet") == 130
    assert "but not all of it is saved" in capsys.readouterr().err
    assert names(tmp_path) == {"metrics.json"}
