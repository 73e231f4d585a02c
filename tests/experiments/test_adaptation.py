"""Codes while the inputs change."""

import numpy as np
import pytest

from fastsp.experiments import EXPERIMENTS, run_experiment
from fastsp.experiments.adaptation import AdaptationConfig


@pytest.mark.slow
def test_entropy_falls_when_inputs_change_and_recovers():
    config = AdaptationConfig(n_inputs=30, n_columns=512, noise_levels=6, epochs=24, change=12)
    summary = run_experiment(EXPERIMENTS["adaptation"], config, [0]).summary()
    assert config.epochs_measured.tolist() == [*range(13), *range(12, 25)]
    for arm, measures in summary.items():
        before, at, after = measures["entropy"].mean[[12, 13, -1]]
        if ", boosting" in arm:
            assert before > at < after, arm
        assert np.isnan(measures["stability"].mean[[0, 13]]).all()  # nothing to compare with
        assert 0 < measures["kept"].mean < 1
