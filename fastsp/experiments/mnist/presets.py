"""Configurations of the MNIST experiment by name: the published one, and the most accurate ones.

Accuracy on the last 10,000 training images, after all was learned from the 50,000 others (seeds 0
and 1): best-likelihood 96.59 and 96.57 %, best-linear 98.86 and 98.81 %; published 93.05 % (seed
0). Of best-likelihood six neighbours were tried so, one thing changed at a time: increments of 0.02
and 0.1, radii of 3 and 5, groups of 200, and 40,000 cycles; they reach 96.3 to 96.5 % (seed 0).
"""

from dataclasses import replace
from typing import Any

from fastsp.experiments.mnist.config import MnistConfig, with_channels

ON_BITS: dict[str, Any] = {"permanence_decrement": 0.01}
"""Parameters of `published-on` that were chosen anew; the input bits are others, too."""


def on_bits(config: MnistConfig) -> MnistConfig:
    """Return a configuration for on and off bits with on-bits only, as in `published-on`."""
    return replace(with_channels(config, "on"), **ON_BITS)


PRESETS = {
    "published": MnistConfig(),
    "published-on": on_bits(MnistConfig()),
    "fast": MnistConfig(
        cycles=5_000,
        column_shape=(14, 14, 100),
        potential_radius=3,
        n_potential=100,
        density=3 / 100,
        inhibition="grouped",
        permanence_increment=0.05,
        permanence_decrement=0.025,
        readout="linear",
        learning_rate=0.0085,
        final_learning_rate=0.0004,
        readout_copies=3,
        readout_rotation=10.0,
        readout_shift=1.5,
        checkpoints=0,
    ),
    "best-likelihood": MnistConfig(
        cycles=20_000,
        column_shape=(14, 14, 400),
        potential_radius=4,
        n_potential=200,
        density=1 / 400,
        inhibition="grouped",
        permanence_increment=0.05,
        permanence_decrement=0.05,
        checkpoints=0,
    ),
    "best-linear": MnistConfig(
        cycles=20_000,
        column_shape=(14, 14, 200),
        potential_radius=4,
        n_potential=140,
        density=4 / 200,
        inhibition="grouped",
        permanence_increment=0.02,
        permanence_decrement=0.01,
        readout="linear",
        learning_rate=0.005,
        final_learning_rate=0.00025,
        readout_copies=8,
        readout_rotation=10.0,
        readout_shift=1.5,
        checkpoints=0,
    ),
}
