"""What the commands share: progress on the terminal, Ctrl-C, and results that nothing can lose.

What was computed is written first. What fails then, be it a file, a picture or the terminal, is
told in a line of its own, and the rest goes on.
"""

import io
import json
import os
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

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

from fastsp.engine.events import LOGGER
from fastsp.files import replacing

if TYPE_CHECKING:
    from fastsp.experiments import Progress

INTERRUPTED = 130
FAILED = 1
"""Exit code where all was computed, and something of it could not be written or shown."""

_PLAIN = str.maketrans({"–": "-", "µ": "u"})


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
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=Console(file=Stream(sys.stderr), quiet=quiet),  # type: ignore[arg-type]
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


class Stream:
    """An output stream of this process that takes every text, and never raises.

    Signs that its encoding lacks are written in others. Where the stream fails, what it was is in
    `failure`, and nothing more is written.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = io.StringIO() if stream is None else stream
        self.failure: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write what can be written of it."""
        self._try(lambda: self._stream.write(self._encodable(text)))
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        self._try(self._stream.flush)

    def _try(self, act: Callable[[], object]) -> None:
        if self.failure is None:
            try:
                act()
            except (OSError, ValueError) as error:
                self.failure = error
                with suppress(OSError, ValueError):  # else Python fails at it again when it ends
                    os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def _encodable(self, text: str) -> str:
        encoding, errors = self._stream.encoding or "utf-8", self._stream.errors or "strict"
        try:
            text.encode(encoding, errors)
        except UnicodeEncodeError:
            text = text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
        return text


def say(line: str) -> None:
    """Print a line; end with the exit code of a failure where that cannot be done."""
    failure = _print(line, sys.stdout)
    if failure:
        complain(f"nothing could be printed: {reason(failure)}")
        raise typer.Exit(FAILED)


def complain(message: str) -> None:
    """Tell what is wrong, in one line on stderr, as far as that can be done."""
    _print("fastsp: " + " ".join(message.split()), sys.stderr)


def _print(line: str, to: TextIO | None) -> Exception | None:
    """Print a line and return what failed, None if nothing did."""
    stream = Stream(to)
    stream.write(f"{line}\n")
    stream.flush()
    return stream.failure


def reason(error: Exception) -> str:
    """Return what is wrong in words, the file included where there is one."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


class Results:
    """Results of a command, written into a folder file by file.

    What cannot be written or shown is told, and keeps nothing else from it; then the command ends
    with the exit code `FAILED`, or `INTERRUPTED` where it was interrupted.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._written: set[str] = set()
        self._failed = False

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """Give the path to write a file at, in a block that may fail."""
        try:
            yield self._output / name
        except Exception as error:  # of whatever is drawn, too, and of whatever draws
            LOGGER.debug("%s", name, exc_info=True)
            self._fail(f"{name} was not written to {self._output}: {reason(error)}")
        else:
            self._written.add(name)

    def keep(self, metrics: Callable[[], Mapping[str, Any]]) -> None:
        """Write metrics, and remove the report of an earlier run."""
        with self.file("metrics.json") as path:
            write_json(path, metrics())
        self.remove("report.html")

    def remove(self, name: str) -> None:
        """Remove a file of an earlier run that would not belong to those of this one."""
        try:
            (self._output / name).unlink(missing_ok=True)
        except OSError as error:
            self._fail(f"{name}, of an earlier run, is still there: {reason(error)}")

    def show(self, figures: Mapping[str, str]) -> None:
        """Print figures as a table, and where they are."""
        stream = Stream(sys.stdout)
        console = Console(file=stream, markup=False, emoji=False, highlight=False)  # type: ignore[arg-type]
        table = Table(show_header=False)
        for name, value in figures.items():
            table.add_row(Text(name), Text(value))
        console.print(table)
        place = self._output / "report.html"
        told = f"report: {place}" if place.name in self._written else f"results: {self._output}"
        console.print(Text(told), soft_wrap=True)
        stream.flush()
        if stream.failure:
            self._fail(f"results were not printed, see {self._output}: {reason(stream.failure)}")

    def end(self) -> None:
        """End with the exit code of a failure where there was any."""
        if self._failed:
            raise typer.Exit(FAILED)

    def end_interrupted(self, what: str) -> None:
        """Tell what there is, and end with the exit code of an interruption."""
        saved = "but not all of it is saved" if self._failed else "and are saved"
        complain(f"interrupted; {what} {saved} in {self._output}")
        raise typer.Exit(INTERRUPTED)

    def _fail(self, message: str) -> None:
        self._failed = True
        complain(message)


def command() -> str:
    """Return what was typed to start this process."""
    return shlex.join(["fastsp", *sys.argv[1:]])


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file of JSON."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Replace a file as a whole or not at all; what is no Unicode, as in names, is spelled out."""
    with replacing(path) as file:
        file.write(text.encode("utf-8", errors="backslashreplace"))
