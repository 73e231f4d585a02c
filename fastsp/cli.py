"""The command line: runs the experiments and writes their results into a folder.

Modules that draw, train or compile are imported where they are first needed, so that help appears
at once and training does not wait for matplotlib.
"""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from fastsp import catalogue, commands
from fastsp.arguments import Data, Preset, Quiet, ReadoutOption, Split
from fastsp.console import (
    INTERRUPTED,
    Results,
    command,
    complain,
    progress_bars,
    reason,
    say,
    writable,
    write_text,
)
from fastsp.engine import choices
from fastsp.engine.inhibition import INHIBITIONS
from fastsp.version import __version__

if TYPE_CHECKING:
    from fastsp.datasets import Mnist

BAD_INPUT = 2

UsageError: Any = typer.BadParameter.__base__
"""Typer's error for wrong usage, which has no public name."""

app = typer.Typer(
    name="fastsp",
    help="A Spatial Pooler for CPUs: experiments, a live demo, export, and compilation ahead.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class Inhibition(StrEnum):
    """Choices of `--inhibition`."""

    GAUSSIAN = "gaussian"
    GLOBAL = "global"


class Channels(StrEnum):
    """Choices of `--channels`."""

    ON = "on"
    ON_OFF = "on_off"


class Boosting(StrEnum):
    """Choices of `--boosting`."""

    LOG = "log"
    EXP = "exp"
    NONE = "none"


if TYPE_CHECKING:
    ExperimentName = str
else:
    ExperimentName = StrEnum("ExperimentName", {name: name for name in catalogue.EXPERIMENTS})
Jobs = Annotated[
    int | None,
    typer.Option("--n-jobs", help="Threads; -1 for all cores.", show_default="one"),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"fastsp {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def mnist(
    preset: Annotated[
        Preset,
        typer.Option(help="All parameters: as published, or the most accurate with a readout."),
    ] = Preset.PUBLISHED,
    readout: ReadoutOption = None,
    cycles: Annotated[
        int | None, typer.Option(help="Learning cycles.", show_default="the preset's; 60,000")
    ] = None,
    seed: Annotated[int, typer.Option(help="The first, of everything random.")] = 0,
    seeds: Annotated[int, typer.Option(help="How many, counting up from the first.")] = 1,
    data: Data = None,
    split: Split = None,
    output: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("fastsp-mnist"),
    inhibition: Annotated[
        Inhibition | None,
        typer.Option(
            help="How columns compete; with the published presets only.", show_default="gaussian"
        ),
    ] = None,
    channels: Annotated[
        Channels | None,
        typer.Option(help="Input bits of a pixel: on, or on and off.", show_default="the preset's"),
    ] = None,
    boosting: Annotated[Boosting, typer.Option(help="How rare columns are helped.")] = (
        Boosting.LOG
    ),
    segments: Annotated[int, typer.Option(help="Dendritic segments of each column.")] = 1,
    batch_size: Annotated[int, typer.Option(help="Inputs that learn at once.")] = 1,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="Folder to keep training in, so that it outlives the process."),
    ] = None,
    every: Annotated[
        int, typer.Option(help="Cycles between checkpoints, at the end of a chunk of 1,000.")
    ] = 10_000,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on from what is in the checkpoint folder, if anything."),
    ] = False,
    validate: Annotated[
        bool,
        typer.Option(
            "--validate",
            help="Leave the test images alone: the last 10,000 training images stand for them.",
        ),
    ] = False,
    n_jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Train on MNIST digits, classify them, and write metrics, models and a report."""
    from fastsp.experiments import (
        PRESETS,
        Interrupted,
        MnistSeeds,
        Snapshots,
        hold_out,
        run_mnist_seeds,
        with_channels,
    )
    from fastsp.experiments.wording import number, percent, points
    from fastsp.persistence import save

    _seeds(seed, seeds)
    base = PRESETS[preset.value]
    if inhibition is not None and not INHIBITIONS[base.inhibition].needs_radius:
        raise typer.BadParameter(
            f"{inhibition.value!r} does not go with the preset {preset.value!r}",
            param_hint="--inhibition",
        )
    cycles = base.cycles if cycles is None else cycles
    config = replace(
        base,
        readout=base.readout if readout is None else readout.value,
        cycles=cycles,
        seed=seed,
        inhibition=base.inhibition if inhibition is None else inhibition.value,
        boosting=cast(choices.Boosting, None if boosting is Boosting.NONE else boosting.value),
        segments=segments,
        batch_size=batch_size,
        n_jobs=n_jobs,
    )
    if channels is not None:
        config = with_channels(config, channels.value)
    if resume and checkpoint is None:
        raise typer.BadParameter("needs --checkpoint", param_hint="--resume")
    if checkpoint is not None and seeds > 1:
        raise typer.BadParameter("goes with one seed only", param_hint="--checkpoint")
    snapshots = None if checkpoint is None else Snapshots(checkpoint, every, resume)
    goes_on = resume and snapshots is not None and bool(snapshots.kept())
    if resume and not goes_on and not quiet:
        complain(f"{checkpoint} holds no checkpoint: training begins anew")
    digits = _prepare(data, split, output)
    if validate:
        digits = hold_out(digits)

    results = Results(output, quiet or goes_on)

    def keep(result: MnistSeeds) -> None:
        results.keep(lambda: result.metrics() | {"data": digits.source})
        with results.file("pooler.fastsp") as path:
            save(result.first.pooler, path)
        if result.first.readout:
            with results.file("classifier.fastsp") as path:
                save(result.first.readout.classifier, path)
        else:
            results.remove("classifier.fastsp")

    try:
        with progress_bars(quiet) as progress:
            result = run_mnist_seeds(config, seeds, digits, progress, snapshots)
    except Interrupted as interrupted:
        keep(interrupted.result)
        finished, learned = len(interrupted.result.trials), interrupted.result.first.training.cycles
        saved = f"{finished} of {seeds} seeds" if finished else f"{learned:,} of {cycles:,} cycles"
        results.end_interrupted(f"{saved} were {'finished' if finished else 'learned'}")
    keep(result)
    with results.file("report.html") as path:
        from fastsp.report import mnist_report

        write_text(path, mnist_report(result, digits, command()))
    if not quiet:
        summary = result.summary()
        shares = {
            f"{digits.tried_on} accuracy": "accuracy",
            f"{digits.tried_on} accuracy, mean": "accuracy_mean",
            f"{digits.tried_on} accuracy, Bernoulli": "accuracy_bernoulli",
            "control: untrained pooler": "control_untrained_pooler",
            "control: raw pixels": "control_raw_pixels",
            "entropy, of its maximum": "entropy",
        }
        speeds = {
            "learning": ("train_cycles_per_second", "cycles/s"),
            "test": ("test_inputs_per_second", "inputs/s"),
            "images to fitted model": ("seconds_to_model", "s"),
        }
        results.show(
            {label: percent(summary[name], 2) for label, name in shares.items() if name in summary}
            | {"added by learning": points(summary["gain"])}
            | {
                label: f"{number(summary[name], '{:,.0f}')} {unit}"
                for label, (name, unit) in speeds.items()
            },
        )
    results.end()


@app.command()
def ablate(
    seeds: Annotated[int, typer.Option(help="Seeds per variant, from 0.")] = 3,
    cycles: Annotated[int, typer.Option(help="Learning cycles of each trial.")] = 60_000,
    data: Data = None,
    split: Split = None,
    output: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("fastsp-ablate"),
    n_jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Repeat the MNIST experiment without local inhibition, and with other boosting."""
    from fastsp.experiments import AblateConfig, MnistConfig

    config = AblateConfig(MnistConfig(cycles=cycles, n_jobs=n_jobs))
    trials, digits = _seeds(0, seeds), _prepare(data, split, output)
    _run("ablate", config, trials, digits, output, quiet)


@app.command()
def experiment(
    name: Annotated[ExperimentName, typer.Argument(show_default=False)],
    seed: Annotated[int, typer.Option(help="The first, of everything random.")] = 0,
    seeds: Annotated[int, typer.Option(help="How many, counting up from the first.")] = 1,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="In a small size, which shows only that all runs: its numbers mean nothing.",
        ),
    ] = False,
    data: Data = None,
    split: Split = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder of the results.", show_default="fastsp-NAME")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Run an experiment by name, and write its metrics and a report."""
    from fastsp.experiments import EXPERIMENTS

    chosen, trials = EXPERIMENTS[name], _seeds(seed, seeds)
    config = chosen.quick if quick else chosen.full
    output = writable(output or Path(f"fastsp-{name}"))
    if name == "tune":  # a study that is in the folder already is continued
        config = replace(config, study=str(output / "study.db"))
    digits = _prepare(data, split, output) if chosen.needs_digits else None
    _run(name, config, trials, digits, output, quiet)


def _run(
    name: str, config: Any, seeds: range, digits: "Mnist | None", output: Path, quiet: bool
) -> None:
    """Run an experiment, write its results, and print what was found."""
    from fastsp.experiments import EXPERIMENTS, Interrupted, run_experiment
    from fastsp.experiments.experiment import SMALL_SIZE

    results = Results(output, quiet)
    try:
        with progress_bars(quiet) as progress:
            result = run_experiment(EXPERIMENTS[name], config, seeds, digits, progress)
    except Interrupted as interrupted:
        results.keep(interrupted.result.metrics)
        finished = len(interrupted.result.trials)
        results.end_interrupted(f"{finished} of {len(seeds)} seeds were finished")
    results.keep(result.metrics)
    with results.file("report.html") as path:
        from fastsp.report import experiment_report

        write_text(path, experiment_report(result, command(), digits.source if digits else ""))
    if not quiet:
        small = {"size": SMALL_SIZE} if result.is_small else {}
        found = {"found": " ".join(result.found() or ())}
        results.show(small | found | dict(result.trials[0].details))
    results.end()


app.command()(commands.demo)
app.command()(commands.export)
app.command()(commands.warmup)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Errors of the user are one line on stderr, with exit code 2.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the process.
    """
    try:
        return app(arguments, standalone_mode=False) or 0
    except UsageError as error:
        message = error.format_message()
    except (OSError, ValueError) as error:
        message = reason(error)
    except KeyboardInterrupt:
        message = "interrupted"
    if message:  # empty where help was shown
        complain(message)
    return INTERRUPTED if message == "interrupted" else BAD_INPUT


def _seeds(first: int, n: int) -> range:
    if n < 1:
        raise ValueError(f"seeds must be at least 1, got {n}")
    return range(first, first + n)


def _prepare(data: Path | None, split: str | None, output: Path) -> "Mnist":
    """Return the images, after a check that results can be written at all."""
    from fastsp.datasets import load_mnist

    writable(output)
    return load_mnist(data, split)
