"""Common parts of the commands: progress on the terminal, Ctrl-C, and safe writing of results.

Metrics are written first. If writing another file, drawing or printing then fails, a line on stderr
says so, and the rest goes on.
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
"""Exit code where something could not be written or printed after all was computed."""

RESULTS = "metrics.json", "report.html", "pooler.fastsp", "classifier.fastsp"
"""Files that commands leave in their folder."""

_PLAIN = str.maketrans({"–": "-", "µ": "u"})


def writable(output: Path) -> Path:
    """Create the folder if needed, check that files can be written there, and return it."""
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
        if told[0] == phase:  # otherwise the time belongs to another phase
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
    """Inputs per second of a phase, without the time of other phases in between."""

    def render(self, task: Task) -> Text:
        seconds = task.fields["seconds"]
        return Text(f"{task.completed / seconds:,.0f}/s" if seconds else "")


class Stream:
    """An output stream that accepts any text and never raises.

    Characters that its encoding lacks are replaced. After an error, which `failure` holds, nothing
    more is written.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = io.StringIO() if stream is None else stream
        self.failure: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text, as far as the encoding allows."""
        self._try(lambda: self._stream.write(self._encodable(text)))
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._try(self._stream.flush)

    def _try(self, act: Callable[[], object]) -> None:
        if self.failure is None:
            try:
                act()
            except (OSError, ValueError) as error:
                self.failure = error
                with suppress(OSError, ValueError):  # otherwise Python fails again at exit
                    os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def _encodable(self, text: str) -> str:
        encoding, errors = self._stream.encoding or "utf-8", self._stream.errors or "strict"
        try:
            text.encode(encoding, errors)
        except UnicodeEncodeError:
            text = text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
        return text


def say(line: str) -> None:
    """Print a line; if that fails, exit with the code of a failure."""
    failure = _print(line, sys.stdout)
    if failure:
        complain(f"nothing could be printed: {reason(failure)}")
        raise typer.Exit(FAILED)


def complain(message: str) -> None:
    """Print an error as one line on stderr, if possible."""
    _print("fastsp: " + " ".join(message.split()), sys.stderr)


def _print(line: str, to: TextIO | None) -> Exception | None:
    """Print a line; return the error, or None."""
    stream = Stream(to)
    stream.write(f"{line}\n")
    stream.flush()
    return stream.failure


def reason(error: Exception) -> str:
    """Return an error as text, with the file where there is one."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


class Results:
    """Results of a command, written into a folder file by file.

    A file that cannot be written is reported, and the others are written all the same. The command
    then ends with the exit code `FAILED`, or `INTERRUPTED` after an interruption.

    Where the folder holds results already, a line on stderr says at once that they will be
    replaced, unless it is to be quiet.
    """

    def __init__(self, output: Path, quiet: bool = False) -> None:
        self._output = output
        self._written: set[str] = set()
        self._failed = False
        if not quiet and any((output / name).exists() for name in RESULTS):
            complain(
                f"{output} holds results of an earlier run, which this one replaces; "
                "--output names another folder"
            )

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """Yield the path of a file; errors in the block are reported, not raised."""
        try:
            yield self._output / name
        except Exception as error:  # drawing may raise anything
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
        """Remove a file that an earlier run left."""
        try:
            (self._output / name).unlink(missing_ok=True)
        except OSError as error:
            self._fail(f"{name}, of an earlier run, is still there: {reason(error)}")

    def show(self, figures: Mapping[str, str]) -> None:
        """Print figures as a table, then the place of the results."""
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
        """Exit with the code of a failure if there was one."""
        if self._failed:
            raise typer.Exit(FAILED)

    def end_interrupted(self, what: str) -> None:
        """Print what was saved, and exit with the code of an interruption."""
        saved = "but not all of it is saved" if self._failed else "and are saved"
        complain(f"interrupted; {what} {saved} in {self._output}")
        raise typer.Exit(INTERRUPTED)

    def _fail(self, message: str) -> None:
        self._failed = True
        complain(message)


def command() -> str:
    """Return the command line of this process."""
    return shlex.join(["fastsp", *sys.argv[1:]])


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file of JSON."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Replace a file as a whole; characters that are not valid Unicode are written as escapes."""
    with replacing(path) as file:
        file.write(text.encode("utf-8", errors="backslashreplace"))
