"""What the commands share: progress on the terminal, Ctrl-C, and files written whole."""

import json
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from fastsp.files import replacing

if TYPE_CHECKING:
    from fastsp.experiments import Progress

INTERRUPTED = 130


def writable(output: Path) -> Path:
    """Return the folder, made if need be, after a look whether anything can be written there."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=output):
        pass
    return output


@contextmanager
def progress_bars(quiet: bool) -> "Iterator[Progress]":
    """Show progress, and turn Ctrl-C into a KeyboardInterrupt between two chunks.

    A second Ctrl-C acts at once, in the middle of whatever is running.
    """
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=quiet,
    )
    tasks: dict[str, Task] = {}
    stopping = False
    told = ("", time.perf_counter())

    def stop(signal_number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def progress(phase: str, done: int, total: int) -> None:
        if stopping:
            raise KeyboardInterrupt
        nonlocal told
        if phase not in tasks:
            number = bars.add_task(phase, total=total, seconds=0.0)
            tasks[phase] = next(task for task in bars.tasks if task.id == number)
        now = time.perf_counter()
        if told[0] == phase:  # else the time belongs to another phase
            tasks[phase].fields["seconds"] += now - told[1]
        told = (phase, now)
        bars.update(tasks[phase].id, completed=done)

    before = signal.signal(signal.SIGINT, stop)
    try:
        with bars:
            yield progress
    finally:
        signal.signal(signal.SIGINT, before)


class _Rate(ProgressColumn):
    """Inputs per second of a phase, without the time spent in others meanwhile."""

    def render(self, task: Task) -> Text:
        seconds = task.fields["seconds"]
        return Text(f"{task.completed / seconds:,.0f}/s" if seconds else "")


def end_interrupted(what: str, output: Path) -> None:
    """Tell what was saved, and end with the exit code of an interruption."""
    print(f"fastsp: interrupted; {what} in {output}", file=sys.stderr)
    raise typer.Exit(INTERRUPTED)


def print_results(output: Path, figures: Mapping[str, str]) -> None:
    """Print figures as a table, and where the report is."""
    table = Table(show_header=False)
    for name, value in figures.items():
        table.add_row(name, value)
    console = Console()
    console.print(table)
    console.print(f"report: {output / 'report.html'}", soft_wrap=True, highlight=False)


def command() -> str:
    """Return what was typed to start this process."""
    return shlex.join(["fastsp", *sys.argv[1:]])


def remove(output: Path, *names: str) -> None:
    """Remove files of an earlier run that would not belong to those of this one."""
    for name in names:
        (output / name).unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file of JSON."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Replace a file as a whole or not at all."""
    with replacing(path) as file:
        file.write(text.encode())
