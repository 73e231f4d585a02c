"""The published experiment itself, in full, on the real MNIST."""

import pytest

from fastsp.datasets import load_mnist
from fastsp.experiments import MnistConfig, run_mnist


@pytest.mark.slow
def test_the_published_figures_are_reached():
    metrics = run_mnist(MnistConfig(n_jobs=-1, checkpoints=1), load_mnist()).metrics()
    assert metrics["train_cycles"] == 60_000
    assert metrics["accuracy"] >= 0.905
    assert metrics["accuracy_mean"] >= 0.855
    assert metrics["entropy"] >= 0.97
    assert metrics["accuracy"] > metrics["control_untrained_pooler"] + 0.04
    assert metrics["accuracy"] > metrics["control_raw_pixels"] + 0.06
