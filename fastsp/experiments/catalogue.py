"""The experiments of `fastsp experiment`, by name."""

from typing import Any

from fastsp.experiments import adaptation, properties, readouts, similarity, trauma, tune
from fastsp.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment[Any]] = {
    experiment.name: experiment
    for experiment in (
        properties.EXPERIMENT,
        adaptation.EXPERIMENT,
        readouts.EXPERIMENT,
        similarity.EXPERIMENT,
        trauma.EXPERIMENT,
        tune.EXPERIMENT,
    )
}
