"""Codes that settle."""

from dataclasses import replace

import numpy as np
import pytest

from fastsp.experiments import EXPERIMENTS, run_experiment
from fastsp.experiments.experiment import arm
from fastsp.experiments.stability import EVER, HOMEOSTATIC, NONE


@pytest.mark.slow
def test_boosting_that_rests_lets_codes_settle_and_uses_columns():
    experiment = EXPERIMENTS["stability"]
    config = replace(experiment.full, patterns=(10,), n_columns=512, n_bits=256, noise_levels=5)
    summary = run_experiment(experiment, config, [0]).summary()
    none, ever, homeostatic = (
        summary[arm("10 patterns", control)] for control in (NONE, EVER, HOMEOSTATIC)
    )
    assert ever["kept"].mean < 0.7 < 0.9 < homeostatic["kept"].mean
    assert homeostatic["kept_after"].mean > 0.9
    assert homeostatic["entropy"].mean > none["entropy"].mean
    assert np.ptp(homeostatic["acts"].mean) == 1
    assert not none["acts"].mean.any()
    assert ever["acts"].mean.all()
