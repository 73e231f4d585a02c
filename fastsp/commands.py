"""Commands that run no experiment: functions for the command line, which registers them."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fastsp.console import say

Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")]


class Language(StrEnum):
    """Choices of `fastsp export --to`; those of `fastsp.export.export`."""

    JAVASCRIPT = "js"
    C = "c"


def export(
    model: Annotated[
        Path,
        typer.Argument(
            help="File that fastsp.save wrote, or folder of `fastsp mnist`.", show_default=False
        ),
    ],
    to: Annotated[Language, typer.Option(help="JavaScript, or C99.")] = Language.JAVASCRIPT,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write, or a folder for it; C has a header beside it.",
            show_default="named after the model",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Of the model in the code.", show_default="the file's")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write a trained model as plain JavaScript or C that does its inference."""
    from fastsp.export import export as write
    from fastsp.export import load_results

    own = Path(f"{model.resolve().stem}.{to.value}")
    path = own if output is None else output / own if output.is_dir() else output
    try:
        files = write(load_results(model), path, to.value, name=name)
    except TypeError as error:  # of a model that is none of ours, which is the user's
        raise ValueError(str(error)) from error
    if not quiet:
        for file in files:
            say(f"{file}: {file.stat().st_size:,} bytes")


def warmup() -> None:
    """Compile everything now, so that the first real call is fast."""
    from fastsp.experiments.warmup import warm_up

    started = time.perf_counter()
    warm_up()
    say(f"compiled in {time.perf_counter() - started:.1f} s")
