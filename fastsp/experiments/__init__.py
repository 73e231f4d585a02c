"""The published experiments, each a function from a configuration to a result.

Nothing here prints or draws: progress goes to a callback, results are plain data.
"""

from fastsp.experiments.ablation import AblationConfig, AblationResult, run_ablation
from fastsp.experiments.catalogue import EXPERIMENTS
from fastsp.experiments.environment import Environment, describe_environment
from fastsp.experiments.experiment import Experiment, ExperimentResult, run_experiment
from fastsp.experiments.mnist import MnistConfig, MnistResult, hold_out, run_mnist
from fastsp.experiments.mnist_seeds import MnistSeeds, run_mnist_seeds
from fastsp.experiments.presets import PRESETS
from fastsp.experiments.progress import Interrupted, Progress
from fastsp.experiments.snapshots import Snapshots

__all__ = [
    "EXPERIMENTS",
    "PRESETS",
    "AblationConfig",
    "AblationResult",
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
    "run_ablation",
    "run_experiment",
    "run_mnist",
    "run_mnist_seeds",
]
