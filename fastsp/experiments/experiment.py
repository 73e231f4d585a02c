"""Experiments: trials with several seeds, what they measure, and the result of them all.

A trial is one run with one seed. It measures numbers and curves, by arm (a variant) and by name.
Over several seeds each of them has a mean, a least and a greatest value.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from fastsp.datasets import Mnist
from fastsp.experiments.environment import Environment, describe_environment
from fastsp.experiments.progress import Interrupted, Progress, silent, with_seed
from fastsp.experiments.spread import Spread, as_json

Config = TypeVar("Config", bound=Any)
Measures = Mapping[str, Mapping[str, ArrayLike]]
"""By arm and measure: a number, or a curve."""
SMALL_SIZE = (
    "Not in full size: it shows that all runs, and is too short for its numbers to mean anything."
)
"""What is said of a result for tests."""
Summary = Mapping[str, Mapping[str, Spread]]
"""The same over the seeds."""


@dataclass(frozen=True)
class Trial:
    """One run with one seed.

    Attributes
    ----------
    seed : int
    measures : dict of dict of array
        Numbers and curves by arm and measure.
    pictures : dict
        What figures need besides; kept for the first seed only.
    details : dict of str
        Further results as text, by name; kept for the first seed only.
    """

    seed: int
    measures: Measures
    pictures: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return seed and measures, ready for JSON."""
        measures = {
            arm: {measure: as_json(values) for measure, values in measures.items()}
            for arm, measures in self.measures.items()
        }
        return {"seed": self.seed, "measures": measures}


@dataclass(frozen=True)
class Trials:
    """What `run_seeds` returns.

    Attributes
    ----------
    trials : tuple of Trial
        The finished ones, a trial for each seed.
    unfinished : Trial or None
        After an interruption, what the interrupted trial had measured, if it says so.
    seconds : float
        Wall-clock time of all seeds.
    """

    trials: tuple[Trial, ...]
    unfinished: Trial | None
    seconds: float


def run_seeds(
    run: Callable[[int, Progress], Trial], seeds: Sequence[int], progress: Progress = silent
) -> Trials:
    """Run a trial with every seed, in order.

    Parameters
    ----------
    run : callable
        (seed, progress) -> Trial. Where KeyboardInterrupt stops it half way, it may raise
        `Interrupted` with a Trial of what it has measured.
    seeds : sequence of int
        At least one, none of them negative.
    progress : callable, optional
        Called with (phase, done, total) between chunks. With several seeds, phases name the seed.

    Raises
    ------
    ValueError
        If there are no seeds or one is negative.
    Interrupted
        On KeyboardInterrupt: its `result` are the Trials so far.
    """
    if not seeds:
        raise ValueError("seeds must hold at least one seed, got none")
    if min(seeds) < 0:
        raise ValueError(f"seed must be at least 0, got {min(seeds)}")
    started = time.perf_counter()
    trials: list[Trial] = []
    try:
        for seed in seeds:
            trial = run(seed, with_seed(progress, seed, len(seeds)))
            trials.append(Trial(seed, trial.measures) if trials else trial)
    except KeyboardInterrupt as interrupt:
        unfinished = interrupt.result if isinstance(interrupt, Interrupted) else None
        so_far = Trials(tuple(trials), unfinished, time.perf_counter() - started)
        raise Interrupted(so_far) from interrupt
    return Trials(tuple(trials), None, time.perf_counter() - started)


@dataclass(frozen=True)
class Experiment(Generic[Config]):
    """An experiment of the catalogue.

    Attributes
    ----------
    name : str
        On the command line.
    title, lead : str
        Of the report: a heading, and what is done in a sentence or two.
    full, quick : dataclass
        Parameters of the full size, and of a size for tests that takes seconds.
    run : callable
        (config, seed, digits, progress) -> Trial; digits are None where none are needed.
    found : callable
        (config, summary) -> two texts: the findings, and how they compare with expectations or
        with what others reported.
    needs_digits : bool
        Whether it works on MNIST; `run` is given None otherwise.
    """

    name: str
    title: str
    lead: str
    full: Config
    quick: Config
    run: Callable[[Config, int, Any, Progress], Trial]
    found: Callable[[Config, Summary], tuple[str, str]]
    needs_digits: bool = False


@dataclass(frozen=True)
class ExperimentResult(Trials, Generic[Config]):
    """Result of `run_experiment`; after an interruption, of the finished seeds.

    Attributes
    ----------
    experiment, config, environment
        What was run, with which parameters, and where.
    seeds : int
        Number of seeds asked for.
    trials, unfinished, seconds
        See `Trials`.
    """

    experiment: Experiment[Config]
    config: Config
    environment: Environment
    seeds: int

    @property
    def is_small(self) -> bool:
        """Whether it is in the size for tests, whose numbers are no findings."""
        return bool(self.config == self.experiment.quick)

    def summary(self) -> dict[str, dict[str, Spread]]:
        """Return each measure's spread over the seeds, by arm and measure."""
        return {
            arm: {
                measure: Spread.over([trial.measures[arm][measure] for trial in self.trials])
                for measure in measures
            }
            for arm, measures in (self.trials[0].measures if self.trials else {}).items()
        }

    def found(self) -> tuple[str, str] | None:
        """Return the findings as two texts; None where no seed was finished."""
        return self.experiment.found(self.config, self.summary()) if self.trials else None

    def metrics(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        return {
            "experiment": self.experiment.name,
            **({"size": SMALL_SIZE} if self.is_small else {}),
            "found": self.found(),
            "summary": {
                arm: {measure: spread.as_json() for measure, spread in measures.items()}
                for arm, measures in self.summary().items()
            },
            "trials": [trial.as_json() for trial in self.trials],
            **({"unfinished": self.unfinished.as_json()} if self.unfinished else {}),
            "details": dict(self.trials[0].details) if self.trials else {},
            "seconds": self.seconds,
            "config": asdict(self.config),
            "environment": asdict(self.environment),
        }


def run_experiment(
    experiment: Experiment[Config],
    config: Config,
    seeds: Sequence[int],
    digits: Mnist | None = None,
    progress: Progress = silent,
) -> ExperimentResult[Config]:
    """Run an experiment once with every seed.

    Parameters
    ----------
    experiment : Experiment
    config : dataclass
        `experiment.full`, `experiment.quick`, or another of their kind.
    seeds : sequence of int
        At least one, none of them negative.
    digits : Mnist, optional
        Required where `experiment.needs_digits`.
    progress : callable, optional
        Called with (phase, done, total) between chunks.

    Raises
    ------
    ValueError
        If there are no seeds, a seed is negative, or digits are required and missing.
    Interrupted
        On KeyboardInterrupt: its `result` is an ExperimentResult of the finished trials.
    """
    if experiment.needs_digits and digits is None:
        raise ValueError(f"digits must be given for the experiment {experiment.name}, got None")

    def trial(seed: int, told: Progress) -> Trial:
        return experiment.run(config, seed, digits, told)

    def result(trials: Trials) -> ExperimentResult[Config]:
        pooler = getattr(config, "pooler", None)
        environment = describe_environment(getattr(pooler, "n_jobs", None))
        return ExperimentResult(**vars(trials), **run, environment=environment)

    run: dict[str, Any] = {"experiment": experiment, "config": config, "seeds": len(seeds)}
    try:
        return result(run_seeds(trial, seeds, progress))
    except Interrupted as interrupt:
        raise Interrupted(result(interrupt.result)) from interrupt


def arm(*variants: str) -> str:
    """Return the name of an arm that combines several variants."""
    return ", ".join(variants)


def streams(seed: int, *purpose: int) -> np.random.Generator:
    """Return an independent random generator for each purpose of a trial."""
    return np.random.default_rng(np.random.SeedSequence([seed, *purpose]))
