"""Commands that run no experiment: functions for the command line, which registers them."""

import os
import time
from dataclasses import replace
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from fastsp.arguments import Data, Preset, Quiet, ReadoutOption, Split
from fastsp.console import complain, say
from fastsp.extras import needs

NEEDED_BY_DEMO = ("starlette", "uvicorn", "websockets")


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
    to: Annotated[
        Language | None,
        typer.Option(help="JavaScript, or C.", show_default="as --output ends; js"),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write, or a folder for it, which ends in a slash where it is new. "
            "Types of JavaScript and the header of C lie beside it.",
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
    from fastsp.export.names import language_of, name_of

    path = Path(output or "")
    is_folder = output is None or path.is_dir() or os.path.basename(output) in ("", ".", "..")
    if to is None:
        to = Language(language_of(path) if not is_folder else "js")
    if is_folder:
        path /= f"{model.resolve().stem}.{to.value}"
    try:
        files = write(load_results(model), path, to.value, name=name)
    except TypeError as error:  # of a model that is none of ours, which is the user's
        raise ValueError(str(error)) from error
    if not quiet:
        for file in files:
            say(f"{file}: {file.stat().st_size:,} bytes")
        if name is None and name_of(path, to.value) != path.stem:
            say(f"called {name_of(path, to.value)} in the code")


def demo(
    preset: Annotated[Preset, typer.Option(help="The pooler, as for `mnist`.")] = Preset.PUBLISHED,
    readout: ReadoutOption = None,
    data: Data = None,
    split: Split = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than the default let others in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 8056,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            help="A name by which browsers may reach the page, such as laptop.local or that of a "
            "proxy; may be repeated.",
            show_default=False,
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open the page in a browser.")
    ] = False,
) -> None:
    """Draw digits in the browser and see what a pooler makes of them while it learns."""
    if not all(map(find_spec, NEEDED_BY_DEMO)):
        complain(needs("the demo needs more packages", "demo"))
        raise typer.Exit(2)

    from fastsp.datasets import load_mnist
    from fastsp.demo.guard import Names
    from fastsp.demo.serve import bind, is_open_to_others, serve
    from fastsp.experiments import PRESETS

    names = Names.of(host, allow_host or ())
    config = PRESETS[preset]
    if readout is not None and readout.value == "likelihood":
        raise typer.BadParameter(
            "the demo reads by 'linear' or 'ridge'; got 'likelihood'", param_hint="--readout"
        )
    if readout is not None:
        config = replace(config, readout=readout.value)
    with bind(host, port) as listening:
        if is_open_to_others(listening):
            complain(f"others can reach and use this demo at {host}; it asks nobody for a password")
        digits = load_mnist(data, split)
        serve(
            config,
            digits,
            preset.value,
            listening,
            names,
            ready=lambda url: say(f"fastsp demo: {url} (Ctrl-C ends it)"),
            open_browser=not no_browser,
        )


def warmup(
    what: Annotated[
        str,
        typer.Argument(
            help="A preset, a file that fastsp.save wrote, or 'all' kinds of poolers.",
            metavar="[PRESET|FILE|all]",
        ),
    ] = "all",
) -> None:
    """Compile now, so that the first real call is fast."""
    from fastsp.experiments import PRESETS
    from fastsp.experiments.warmup import warm_up
    from fastsp.persistence import load

    started = time.perf_counter()
    if what == "all":
        warm_up()
    elif what in PRESETS:
        warm_up(PRESETS[what].build_pooler((28, 28)))
    elif Path(what).exists():
        warm_up(load(what))
    else:
        choices = ", ".join((*PRESETS, "all"))
        raise ValueError(f"what to warm up must be one of {choices}, or a model file; got {what!r}")
    say(f"compiled in {time.perf_counter() - started:.1f} s")
