"""The history of cycles per second: what is recorded is read again and drawn."""

import subprocess
from dataclasses import replace

import pytest

from bench import history
from bench.history import Line

RECORD = {
    "configuration": "A",
    "task": "learning",
    "cycles_per_second": 100_000.04,
    "ratio": 20.123,
    "cpu": "Some CPU",
    "n_jobs": 1,
    "fastsp": "0.1.0",
    "python": "3.11.7",
    "numpy": "2.4.6",
    "numba": "0.68.1",
    "scipy": "1.17.1",
    "load_average": 0.1,
}
LINE = Line.of(RECORD, "0123456789", "2026-11-25", {"row_words": 12.5678})


def test_what_is_appended_is_read_again(tmp_path):
    file = tmp_path / "history.jsonl"
    lines = [LINE, replace(LINE, task="inference", ratio=None)]
    history.append(lines[:1], file)
    history.append(lines[1:], file)
    assert history.read(file) == lines
    assert lines[0].cycles_per_second == 100_000.0
    assert lines[0].machine == {"row_words": 12.57}
    assert lines[0].versions["numba"] == "0.68.1"


@pytest.mark.parametrize("text", ["no JSON", '{"commit": "0123456789"}', "[1]"])
def test_a_line_that_is_no_record_is_named(tmp_path, text):
    file = tmp_path / "history.jsonl"
    history.append([LINE], file)
    with file.open("a") as out:
        out.write(text + "\n")
    with pytest.raises(ValueError, match=r"line 2 of .*history\.jsonl"):
        history.read(file)


def test_each_configuration_is_a_curve_over_commits():
    lines = [
        replace(LINE, commit=commit, cpu=cpu, configuration=name, task=task, ratio=ratio)
        for commit, cpu in (("aaa", "one"), ("bbb", "one"), ("ccc", "other"))
        for name, ratio in (("A", 20.0), ("D", None))
        for task in history.TASKS
    ]
    figure = history.draw(lines)
    rates, ratios = figure.axes[0], figure.axes[2]
    curves = {line.get_label(): line.get_xdata().tolist() for line in rates.lines[:2]}
    assert curves == {"A": [0, 1, 2], "D": [0, 1, 2]}
    # Without a baseline there is no ratio.
    assert [len(line.get_xdata()) for line in ratios.lines[:2]] == [3, 0]
    # The processor changed once.
    assert len(rates.lines) == 3
    assert [tick.get_text()[:3] for tick in ratios.get_xticklabels()] == ["aaa", "bbb", "ccc"]


def test_the_command_draws_a_file(tmp_path):
    file, picture = tmp_path / "history.jsonl", tmp_path / "history.png"
    history.append([LINE], file)
    history.main(["--history", str(file), "--output", str(picture)])
    assert picture.read_bytes().startswith(b"\x89PNG")


def git(folder, *arguments):
    identity = "-c", "user.name=a", "-c", "user.email=a@b"
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True)


def test_only_the_history_may_differ_from_the_last_commit(tmp_path):
    (tmp_path / "bench").mkdir()
    kernel, recorded = tmp_path / "kernel.py", tmp_path / "bench" / "history.jsonl"
    kernel.write_text("1")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    commit = history.clean_commit(tmp_path)
    assert len(commit) >= 7
    history.append([LINE], recorded)
    assert history.clean_commit(tmp_path) == commit
    kernel.write_text("2")
    with pytest.raises(RuntimeError, match=r"commit first.*\n.*kernel\.py"):
        history.clean_commit(tmp_path)
