"""The published experiments, each a function from a configuration to a result.

Nothing here prints or draws: progress goes to a callback, results are plain data.
"""

from importlib import import_module
from typing import Any

from fastsp import catalogue
from fastsp.experiments.ablate import AblateConfig
from fastsp.experiments.environment import Environment, describe_environment
from fastsp.experiments.experiment import Experiment, ExperimentResult, run_experiment
from fastsp.experiments.mnist.config import MnistConfig, with_channels
from fastsp.experiments.mnist.presets import PRESETS
from fastsp.experiments.mnist.run import MnistResult, run_mnist
from fastsp.experiments.mnist.seeds import MnistSeeds, run_mnist_seeds
from fastsp.experiments.mnist.snapshots import Snapshots
from fastsp.experiments.mnist.training import hold_out
from fastsp.experiments.progress import Interrupted, Progress

EXPERIMENTS: dict[str, Experiment[Any]] = {
    name: import_module(f"fastsp.experiments.{name}").EXPERIMENT for name in catalogue.EXPERIMENTS
}
"""The experiments of `fastsp experiment`, by name."""

__all__ = [
    "EXPERIMENTS",
    "PRESETS",
    "AblateConfig",
    "Environment",
    "Experiment",
    "ExperimentResult",
    "Interrupted",
    "MnistConfig",
    "MnistResult",
    "MnistSeeds",
    "Progress",
    "Snapshots",
    "describe_environment",
    "hold_out",
    "run_experiment",
    "run_mnist",
    "run_mnist_seeds",
    "with_channels",
]
