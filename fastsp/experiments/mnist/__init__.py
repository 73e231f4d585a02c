"""The published experiment: a Spatial Pooler learns MNIST digits, a classifier reads its codes."""

from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.mnist.presets import PRESETS
from fastsp.experiments.mnist.readout import Readout, read_out
from fastsp.experiments.mnist.run import MnistResult, run_mnist
from fastsp.experiments.mnist.seeds import MnistSeeds, run_mnist_seeds
from fastsp.experiments.mnist.snapshots import Snapshots, fingerprints
from fastsp.experiments.mnist.training import (
    Checkpoint,
    Training,
    column_duty_cycles,
    compile_for,
    hold_out,
)

__all__ = [
    "PRESETS",
    "Checkpoint",
    "MnistConfig",
    "MnistResult",
    "MnistSeeds",
    "Readout",
    "Snapshots",
    "Training",
    "column_duty_cycles",
    "compile_for",
    "fingerprints",
    "hold_out",
    "read_out",
    "run_mnist",
    "run_mnist_seeds",
]
