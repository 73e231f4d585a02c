"""Figures of the experiments: results and poolers in, matplotlib figures out.

Figures are drawn with matplotlib's objects only: no pyplot, no global state, no settings changed.
Colours are those of Okabe and Ito and the map cividis, which colour-blind readers can tell apart.
"""

from fastsp.plots.ablate import ablation, activity_maps, samples
from fastsp.plots.mnist import (
    boosting_functions,
    confusion_matrix,
    duty_cycles,
    inhibition_compared,
    inverse,
    learning_curve,
    pipeline,
    receptive_fields,
    segments,
)
from fastsp.plots.properties import example_inputs, noise_overlaps, properties_over_epochs

__all__ = [
    "ablation",
    "activity_maps",
    "boosting_functions",
    "confusion_matrix",
    "duty_cycles",
    "example_inputs",
    "inhibition_compared",
    "inverse",
    "learning_curve",
    "noise_overlaps",
    "pipeline",
    "properties_over_epochs",
    "receptive_fields",
    "samples",
    "segments",
]
