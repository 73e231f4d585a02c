"""Properties of codes while they are learned."""

import pytest

from fastsp.experiments import EXPERIMENTS, run_experiment
from fastsp.experiments.properties import PropertiesConfig


@pytest.mark.slow
def test_learning_with_boosting_does_what_the_paper_says():
    experiment = EXPERIMENTS["properties"]
    config = PropertiesConfig(n_inputs=30, n_columns=512, noise_levels=6, epochs=12)
    summary = run_experiment(experiment, config, [0]).summary()
    for arm, measures in summary.items():
        assert measures["overlap_before"].mean[0] == 1, arm
        assert measures["robustness"].mean[-1] > measures["robustness"].mean[0], arm
        assert measures["sparseness"].mean == pytest.approx(10 / 512), arm
    for kind in ("random SDRs of 2 %", "crosses"):
        boosted, plain = (summary[f"{kind}, {b}"] for b in ("boosting", "no boosting"))
        assert boosted["entropy"].mean[-1] > plain["entropy"].mean[-1]
