"""Configurations of the MNIST experiment by name: the published one, and the most accurate ones.

Parameters were chosen by the accuracy on the last 10,000 training images after everything was
learned from the 50,000 others.
"""

from fastsp.experiments.mnist import MnistConfig

PRESETS = {
    "published": MnistConfig(),
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
