"""Figure of the experiment `ablate`: every arm and every seed."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fastsp.experiments.experiment import ExperimentResult
from fastsp.plots.style import BLUE, limit_share


def ablation(result: ExperimentResult[Any]) -> Figure:
    """Draw every seed as a dot and the mean over the seeds as a line, a row for each arm."""
    summary = result.summary()
    measures = {
        "accuracy": "accuracy\n(share of test images)",
        "entropy": "entropy over test images\n(share of its maximum)",
        "clumping": "Clark-Evans index\n(1 random, less clumped)",
    }
    figure = Figure(figsize=(10, 1.2 + 0.55 * len(summary)), layout="constrained")
    grid = figure.subplots(1, len(measures), sharey=True)
    for axes, (measure, label) in zip(grid, measures.items(), strict=True):
        drawn: list[float] = []
        for row, (arm, spreads) in enumerate(summary.items()):
            values = [float(np.asarray(trial.measures[arm][measure])) for trial in result.trials]
            axes.plot(values, [row] * len(values), "o", color=BLUE, markersize=5, alpha=0.7)
            axes.plot([spreads[measure].mean] * 2, [row - 0.3, row + 0.3], color="black")
            drawn += values
        axes.set(xlabel=label, ylim=(len(summary) - 0.5, -0.5))
        axes.grid(axis="y", color="#dddddd")
        axes.set_axisbelow(True)
        limit_share(axes, "x", drawn)
    grid[0].set_yticks(range(len(summary)), [arm.replace(", ", ",\n") for arm in summary])
    return figure
