"""Columns and inputs that fail."""

import numpy as np
import pytest

from fastsp.experiments import EXPERIMENTS
from fastsp.experiments.faults import connected_synapses, field_centres
from tests.tiny_experiments import run_quick


@pytest.fixture(scope="module")
def faults():
    return run_quick("faults", [0])


def test_faults_are_measured_before_and_after(faults):
    config = faults.config
    assert config.epochs_measured.tolist() == [0, 2, 2, 4, 5]
    assert config.epochs_measured[config.at_fault - 1] == config.epochs_measured[config.at_fault]
    assert config.patch_mask().sum() == 25
    for arm in config.patches:
        before, at = faults.summary()[arm]["coverage"].mean[[1, 2]]
        if "columns" in arm:
            assert at < before - 0.1  # no dead column counts
        else:
            assert at == before  # nothing is forgotten at once
    assert np.isnan(faults.summary()["half of the columns"]["coverage"].mean).all()


def test_centres_of_receptive_fields_are_means_over_connected_inputs():
    config = EXPERIMENTS["faults"].quick
    pooler = config.build_plane(2, 0)
    living = np.arange(config.n_bits) % 3 > 0
    side, half = config.side, config.side // 2
    synapses = np.zeros(config.n_bits)
    centres = field_centres(pooler)
    for column in range(config.n_bits):
        pool = slice(*pooler.indptr_[[column, column + 1]])
        inputs = pooler.indices_[pool][pooler.permanences_[pool] >= 0.5]
        if living[column]:
            synapses[inputs] += 1
        own = np.array(divmod(column, side))
        away = (np.stack(np.divmod(inputs, side), axis=1) - own + half) % side - half
        np.testing.assert_allclose(centres[column], own + away.mean(axis=0))
    np.testing.assert_array_equal(connected_synapses(pooler, living), synapses)
