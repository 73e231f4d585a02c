"""Figures of the experiment `ablate`: every arm and seed, samples, and where columns are active."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fastsp.experiments.experiment import ExperimentResult
from fastsp.plots.mnist import show_active
from fastsp.plots.style import BLUE, limit_share, show_map
from fastsp.pooler import SpatialPooler


def ablation(result: ExperimentResult[Any]) -> Figure:
    """Draw every seed as a dot and the mean over the seeds as a line, a row for each arm."""
    summary = result.summary()
    measures = {
        "accuracy": "accuracy\n(share of test images)",
        "entropy": "entropy over test images\n(share of its maximum)",
        "clumping": "variance / mean of areas\n(1 random, more clumped)",
    }
    figure = Figure(figsize=(10, 1.2 + 0.42 * len(summary)), layout="constrained")
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
    labels = [arm.replace(", ", ",\n", 1) for arm in summary]
    grid[0].set_yticks(range(len(summary)), labels, fontsize=8)
    return figure


def activity_maps(activity: Mapping[str, NDArray[np.float64]], shape: tuple[int, int]) -> Figure:
    """Draw how often each column is active, a map for each arm, all on one scale.

    Parameters
    ----------
    activity : dict of (C,) float64
        Share of inputs for which each column is active, by the name of the arm.
    shape : (int, int)
        The grid of columns.
    """
    figure = Figure(figsize=(1.2 + 2.6 * len(activity), 3.5), layout="constrained")
    grid = figure.subplots(1, len(activity), squeeze=False)[0]
    highest = max(float(np.percentile(values, 99.5)) for values in activity.values())
    for axes, (name, values) in zip(grid, activity.items(), strict=True):
        shown = show_map(axes, values.reshape(shape), shape, vmin=0, vmax=highest)
        axes.set_title(name.replace(", ", ",\n"), fontsize=9)
        axes.set(xticks=[], yticks=[])
    figure.colorbar(shown, ax=grid, label="active (share of inputs)", extend="max", shrink=0.9)
    return figure


def samples(pooler: SpatialPooler, images: NDArray[np.uint8], inputs: NDArray[np.uint8]) -> Figure:
    """Draw inputs, and below each the columns that are active for it.

    Parameters
    ----------
    pooler : SpatialPooler
    images : ndarray of uint8, shape (n, height, width)
    inputs : ndarray of uint8, shape (n, n_features)
        The same images as input bits.
    """
    figure = Figure(figsize=(0.5 + 1.55 * len(images), 3.5), layout="constrained")
    grid = figure.subplots(2, len(images), squeeze=False)
    codes = pooler.transform(inputs)
    for (above, below), image, code in zip(grid.T, images, codes, strict=True):
        show_map(above, image, image.shape, cmap="gray_r", vmin=0, vmax=255)
        show_active(below, image, code.indices, pooler)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
    grid[0, 0].set_ylabel("input")
    grid[1, 0].set_ylabel("active columns")
    return figure
