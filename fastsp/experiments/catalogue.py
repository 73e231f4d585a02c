"""The experiments of `fastsp experiment`, by name."""

from typing import Any

from fastsp.experiments import (
    ablate,
    adaptation,
    classifiers,
    faults,
    properties,
    similarity,
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
    )
}
