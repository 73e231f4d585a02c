"""The experiments in sizes for tests, and a way to interrupt them."""

from fastsp.experiments import EXPERIMENTS, MnistConfig, run_experiment
from tests.tiny_mnist import make_digits

TINY = MnistConfig(
    cycles=300,
    chunk=64,
    column_shape=(16, 16),
    n_potential=24,
    potential_radius=2,
    density=0.05,
    duty_cycle_period=100,
    held_out=40,
    held_out_readout=100,
    checkpoints=3,
)


def stop_at(wanted_phase, wanted_done):
    def progress(phase, done, total):
        if phase == wanted_phase and done >= wanted_done:
            raise KeyboardInterrupt

    return progress


def digits_for(experiment):
    return make_digits() if experiment.needs_digits else None


def run_quick(name, seeds):
    experiment = EXPERIMENTS[name]
    return run_experiment(experiment, experiment.quick, seeds, digits_for(experiment))
