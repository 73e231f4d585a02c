"""Cycles per second from commit to commit: `python -m bench.history` draws what was recorded.

`python -m bench.report --record` appends to `bench/history.jsonl`: a line of JSON for each
configuration and task.
"""

import argparse
import json
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

ROOT = Path(__file__).parents[1]
HISTORY = Path(__file__).with_name("history.jsonl")
PICTURE = ROOT / "docs" / "history.png"
TASKS = "learning", "inference"


@dataclass(frozen=True)
class Line:
    """One configuration at one task, at one commit.

    Attributes
    ----------
    commit : str, abbreviated
    date : str, of the measurement, YYYY-MM-DD
    configuration, task : str
    cycles_per_second : float
    ratio : float or None, to the baseline, with which it took turns
    machine : dict, the rates of small kernels in the same run, in 1e9 a second
    cpu : str
    threads : int
    versions : dict
    """

    commit: str
    date: str
    configuration: str
    task: str
    cycles_per_second: float
    ratio: float | None
    machine: dict[str, float]
    cpu: str
    threads: int
    versions: dict[str, str]

    @classmethod
    def of(cls, record: dict[str, Any], commit: str, date: str, units: dict[str, float]) -> Self:
        """Return the line for a record of a contest (`bench.contest.Contest.record`)."""
        names = "fastsp", "python", "numpy", "numba", "scipy"
        return cls(
            commit,
            date,
            record["configuration"],
            record["task"],
            round(record["cycles_per_second"], 1),
            round(record["ratio"], 2) if "ratio" in record else None,
            {name: round(rate, 2) for name, rate in units.items()},
            record["cpu"],
            record["n_jobs"],
            {name: record[name] for name in names},
        )


def append(lines: Iterable[Line], file: Path = HISTORY) -> None:
    """Append lines to a history."""
    with file.open("a", encoding="utf-8") as out:
        out.writelines(json.dumps(asdict(line)) + "\n" for line in lines)


def read(file: Path = HISTORY) -> list[Line]:
    """Return the lines of a history; ValueError where one is not as it should be."""
    lines = []
    for number, text in enumerate(file.read_text("utf-8").splitlines(), 1):
        try:
            lines.append(Line(**json.loads(text)))
        except (TypeError, ValueError) as error:
            raise ValueError(f"line {number} of {file} is no record: {error}") from error
    return lines


def clean_commit(folder: Path = ROOT) -> str:
    """Return the abbreviated commit of the work tree in `folder`.

    RuntimeError where a file differs from it: what is measured would belong to no commit. Only the
    history itself may.
    """
    changed = _git(
        folder, "status", "--porcelain", "--", ":/", f":(exclude,top)bench/{HISTORY.name}"
    )
    if changed:
        raise RuntimeError(f"commit first, these files differ from the last commit:\n{changed}")
    return _git(folder, "rev-parse", "--short=10", "HEAD")


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip()


def draw(lines: list[Line]) -> Figure:
    """Draw cycles per second, and ratios to the baseline, of each configuration over commits.

    Commits stand in the order of the history, which is that of the measurements; where the
    processor changes there is a dotted line.
    """
    commits = list(dict.fromkeys((line.commit, line.date, line.cpu) for line in lines))
    places = {commit: place for place, commit in enumerate(commits)}
    figure = Figure(figsize=(11, 7.5), layout="constrained")
    grid = figure.subplots(2, len(TASKS), sharex=True, squeeze=False)
    for column, task in enumerate(TASKS):
        for row, (name, label) in enumerate(
            (("cycles_per_second", "cycles per second"), ("ratio", "times NumPy and SciPy"))
        ):
            axes = grid[row, column]
            for configuration in sorted({line.configuration for line in lines}):
                own = {
                    places[line.commit, line.date, line.cpu]: getattr(line, name)
                    for line in lines
                    if line.configuration == configuration
                    and line.task == task
                    and getattr(line, name) is not None
                }
                axes.plot(list(own), list(own.values()), "o-", markersize=4, label=configuration)
            for place in range(1, len(commits)):
                if commits[place][2] != commits[place - 1][2]:
                    axes.axvline(place - 0.5, color="#777777", linestyle=":")
            axes.set(yscale="log", ylabel=label, title=task if row == 0 else "")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.grid(color="#dddddd")
            axes.set_axisbelow(True)
        names = [f"{commit}\n{date}" for commit, date, _ in commits]
        grid[-1, column].set_xticks(range(len(commits)), names, rotation=90, fontsize=7)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside right", frameon=False)
    return figure


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and draw the history."""
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--history", type=Path, default=HISTORY, metavar="FILE")
    parser.add_argument("--output", type=Path, default=PICTURE, metavar="FILE")
    chosen = parser.parse_args(arguments)
    draw(read(chosen.history)).savefig(chosen.output, dpi=100)


if __name__ == "__main__":
    main()
