"""The published experiment over several seeds: its spread, and what learning adds.

What learning adds is measured against the same pooler untrained, seed by seed: its columns, pools
and readout are the same, only permanences and boost factors are not learned.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastsp.datasets import Mnist
from fastsp.experiments.experiment import Trial, Trials, run_seeds
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.mnist.run import MnistResult, run_mnist
from fastsp.experiments.mnist.snapshots import Snapshots
from fastsp.experiments.progress import Interrupted, Progress, silent
from fastsp.experiments.spread import Spread

FIGURES = (
    "accuracy",
    "accuracy_mean",
    "accuracy_bernoulli",
    "control_untrained_pooler",
    "control_raw_pixels",
    "entropy",
    "train_cycles_per_second",
    "test_inputs_per_second",
    "seconds_to_model",
    "seconds",
)
"""Entries of `MnistResult.metrics` that are compared over seeds."""


@dataclass(frozen=True)
class MnistSeeds:
    """Result of `run_mnist_seeds`.

    Attributes
    ----------
    first : MnistResult
        Of the first seed, in full.
    trials : tuple of dict
        Figures of each seed that was finished: its seed, `FIGURES`, and what learning adds
        ("gain", a difference of accuracies, and "errors_removed", the share of the untrained
        pooler's errors that are gone).
    seconds : float
        Of all seeds.
    """

    first: MnistResult
    trials: tuple[Mapping[str, Any], ...]
    seconds: float

    def summary(self) -> dict[str, Spread]:
        """Return the spread over the seeds of each figure that all of them have."""
        names = [name for name in (self.trials[0] if self.trials else {}) if name != "seed"]
        return {
            name: Spread.over([trial[name] for trial in self.trials])
            for name in names
            if all(trial[name] is not None for trial in self.trials)
        }

    def metrics(self) -> dict[str, Any]:
        """Return the figures of the first seed and those over all seeds, ready for JSON."""
        return self.first.metrics() | {
            "over_seeds": {
                "summary": {name: spread.as_json() for name, spread in self.summary().items()},
                "trials": [dict(trial) for trial in self.trials],
                "seconds": self.seconds,
            }
        }


def run_mnist_seeds(
    config: MnistConfig,
    seeds: int,
    data: Mnist,
    progress: Progress = silent,
    snapshots: Snapshots | None = None,
) -> MnistSeeds:
    """Run the experiment with `seeds` seeds, from that of `config` upwards.

    Parameters
    ----------
    config, data, progress
        As in `run_mnist`.
    seeds : int
        At least 1.
    snapshots : Snapshots, optional
        Of one seed only.

    Raises
    ------
    ValueError
        As `run_mnist`, or if `seeds` is below 1, or above 1 with snapshots.
    Interrupted
        On KeyboardInterrupt: its `result` holds the seeds that were finished, and of the first
        what there was by then.
    """
    if seeds < 1:
        raise ValueError(f"seeds must be at least 1, got {seeds}")
    if snapshots and seeds > 1:
        raise ValueError(f"seeds must be 1 where training is kept on disk, got {seeds}")

    def run(seed: int, told: Progress) -> Trial:
        try:
            result = run_mnist(replace(config, seed=seed), data, told, snapshots)
        except Interrupted as interrupt:
            raise Interrupted(Trial(seed, {}, {"result": interrupt.result})) from interrupt
        return Trial(seed, {"mnist": _figures(result)}, {"result": result})

    try:
        return _of(run_seeds(run, range(config.seed, config.seed + seeds), progress))
    except Interrupted as interrupt:
        if not (interrupt.result.trials or interrupt.result.unfinished):
            raise KeyboardInterrupt from interrupt  # before the first cycle
        raise Interrupted(_of(interrupt.result)) from interrupt


def _of(trials: Trials) -> MnistSeeds:
    first = trials.trials[0] if trials.trials else trials.unfinished
    assert first is not None
    rows = [{"seed": trial.seed, **trial.measures["mnist"]} for trial in trials.trials]
    return MnistSeeds(first.pictures["result"], tuple(rows), trials.seconds)


def _figures(result: MnistResult) -> dict[str, Any]:
    metrics = result.metrics()
    learned, untrained = metrics["accuracy"], metrics["control_untrained_pooler"]
    gain = learned - untrained
    return {name: metrics[name] for name in FIGURES} | {
        "gain": gain,
        "errors_removed": gain / (1.0 - untrained) if untrained < 1.0 else None,
    }
