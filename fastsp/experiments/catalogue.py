"""The experiments of `fastsp experiment`, by name."""

from typing import Any

from fastsp.experiments import (
    ablate,
    adaptation,
    classifiers,
    continual,
    faults,
    noise,
    pareto,
    properties,
    similarity,
    stability,
    tune,
)
from fastsp.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment[Any]] = {
    experiment.name: experiment
    for experiment in (
        properties.EXPERIMENT,
        adaptation.EXPERIMENT,
        classifiers.EXPERIMENT,
        similarity.EXPERIMENT,
        faults.EXPERIMENT,
        tune.EXPERIMENT,
        ablate.EXPERIMENT,
        continual.EXPERIMENT,
        stability.EXPERIMENT,
        noise.EXPERIMENT,
        pareto.EXPERIMENT,
    )
}
