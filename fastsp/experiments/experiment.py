"""What all experiments of `fastsp experiment` have in common: seeds, arms, results, sentences.

A trial is one run with one seed. It measures numbers and curves, by arm (a variant) and by name;
over several seeds each of them has a mean, a least and a greatest value.
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
Summary = Mapping[str, Mapping[str, Spread]]
"""The same over the seeds."""


@dataclass(frozen=True)
class Trial:
    """One run with one seed.

    Attributes
    ----------
    seed : int
    measures : dict of dict of array
        Numbers and curves by arm and measure; all that is said over several seeds.
    pictures : dict
        What is only drawn; kept of the first seed alone.
    details : dict of str
        What else is told in words, by name; kept of the first seed alone.
    """

    seed: int
    measures: Measures
    pictures: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment(Generic[Config]):
    """An experiment as it stands in the catalogue.

    Attributes
    ----------
    name, title, lead : str
        On the command line; of the page; what is done, in a sentence or two.
    full, quick : dataclass
        Its parameters in full size, and in a size that takes seconds and shows nothing.
    run : callable
        (config, seed, digits, progress) -> Trial.
    found : callable
        (config, summary) -> what was found, in whole sentences, and how that compares with what
        was expected or reported by others.
    needs_digits : bool
        Whether it works on MNIST; `run` is given None otherwise.
    """

    name: str
    title: str
    lead: str
    full: Config
    quick: Config
    run: Callable[[Config, int, Mnist | None, Progress], Trial]
    found: Callable[[Config, Summary], tuple[str, str]]
    needs_digits: bool = False


@dataclass(frozen=True)
class ExperimentResult(Generic[Config]):
    """Result of `run_experiment`; after an interruption, of the seeds that were finished.

    Attributes
    ----------
    experiment, config, environment
        What was run, with which parameters, and where.
    seeds : int
        How many were asked for.
    trials : tuple of Trial
        Those finished.
    seconds : float
        Of all of it.
    """

    experiment: Experiment[Config]
    config: Config
    environment: Environment
    seeds: int
    trials: tuple[Trial, ...]
    seconds: float

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
        """Return what was found, in two sentences; None where no seed was finished."""
        return self.experiment.found(self.config, self.summary()) if self.trials else None

    def metrics(self) -> dict[str, Any]:
        """Return the figures as JSON knows them."""
        return {
            "experiment": self.experiment.name,
            "found": self.found(),
            "summary": {
                arm: {measure: spread.as_json() for measure, spread in measures.items()}
                for arm, measures in self.summary().items()
            },
            "trials": [
                {
                    "seed": trial.seed,
                    "measures": {
                        arm: {measure: as_json(values) for measure, values in measures.items()}
                        for arm, measures in trial.measures.items()
                    },
                }
                for trial in self.trials
            ],
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
        At least one; not negative.
    digits : Mnist, optional
        Needed where `experiment.needs_digits`.
    progress : callable, optional
        Told (phase, done, total) between chunks.

    Raises
    ------
    ValueError
        If there are no seeds, a seed is negative, or digits are needed and missing.
    Interrupted
        On KeyboardInterrupt: its `result` holds the finished trials.
    """
    if not seeds:
        raise ValueError("seeds must hold at least one seed, got none")
    if min(seeds) < 0:
        raise ValueError(f"seed must be at least 0, got {min(seeds)}")
    if experiment.needs_digits and digits is None:
        raise ValueError(f"digits must be given for the experiment {experiment.name}, got None")
    started = time.perf_counter()
    trials: list[Trial] = []

    def result() -> ExperimentResult[Config]:
        return ExperimentResult(
            experiment,
            config,
            describe_environment(),
            len(seeds),
            tuple(trials),
            seconds=time.perf_counter() - started,
        )

    try:
        for seed in seeds:
            trial = experiment.run(config, seed, digits, with_seed(progress, seed, len(seeds)))
            trials.append(Trial(seed, trial.measures) if trials else trial)
    except KeyboardInterrupt as interrupt:
        raise Interrupted(result()) from interrupt
    return result()


def streams(seed: int, *purpose: int) -> np.random.Generator:
    """Return random numbers of their own for each purpose of a trial."""
    return np.random.default_rng(np.random.SeedSequence([seed, *purpose]))
