"""Figures of simulations: properties of codes over epochs, and overlap against noise."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fastsp.experiments.experiment import arm
from fastsp.experiments.spread import Spread
from fastsp.plots.style import BLUE, GREY, ORANGE, draw_spread, legend_below, limit_share

CURVES = {
    "entropy": "entropy\n(share of its maximum)",
    "robustness": "noise robustness\n(mean overlap)",
    "stability": "stability\n(overlap with the\nepoch before)",
    "sparseness": "density\n(share of columns)",
}
"""Measures over epochs and what their axes say."""

Arms = Mapping[str, Mapping[str, Spread]]
STYLES = {"boosting": (BLUE, "-"), "no boosting": (ORANGE, "--")}


MOMENTS = {"overlap_before": ("before", GREY), "overlap_after": ("after", None)}
"""Measures of overlap against noise, with their names and colours (None: that of the arm)."""


def noise_overlaps(
    noise: NDArray[np.float64],
    kinds: Mapping[str, Arms],
    moments: Mapping[str, tuple[str, str | None]] = MOMENTS,
) -> Figure:
    """Draw overlap with the codes of noisy inputs against noise, a panel for each kind of input.

    Parameters
    ----------
    noise : (n_levels,) float64
        Shares of on-bits moved.
    kinds : dict of arms
        By kind of input, then "boosting" and "no boosting".
    moments : dict of (str, str or None)
        Measures to be drawn, as in `MOMENTS`.
    """
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    grid = figure.subplots(1, len(kinds), sharex=True, sharey=True)
    for axes, (kind, arms) in zip(grid, kinds.items(), strict=True):
        for boosting, (color, style) in STYLES.items():
            for measure, (moment, own) in moments.items():
                label = f"{moment}, {boosting}"
                draw_spread(axes, noise, arms[boosting][measure], own or color, style, label)
        axes.set_title(kind, fontsize=10)
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="noise (share of on-bits moved)")
    grid[0].set_ylabel("overlap with the code\nwithout noise (share)")
    legend_below(figure, grid[0], ncols=4 if len(moments) == 2 else 3)
    return figure


def properties_over_epochs(
    epochs: NDArray[np.int64], kinds: Mapping[str, Arms], marks: Mapping[int, str] | None = None
) -> Figure:
    """Draw entropy, robustness, stability and density over epochs, by kind of input.

    Parameters
    ----------
    epochs : (n_measurements,) int
        Epochs learned at each measurement.
    kinds : dict of arms
        By kind of input, then "boosting" and "no boosting".
    marks : dict of str, optional
        What happened at an epoch, by epoch.
    """
    figure = Figure(figsize=(11, 8), layout="constrained")
    grid = figure.subplots(len(CURVES), len(kinds), sharex=True, sharey="row", squeeze=False)
    for place, (kind, arms) in enumerate(kinds.items()):
        grid[0, place].set_title(kind, fontsize=10)
        grid[-1, place].set_xlabel("epochs learned")
        for axes, measure in zip(grid[:, place], CURVES, strict=True):
            for boosting, (color, style) in STYLES.items():
                draw_spread(axes, epochs, arms[boosting][measure], color, style, boosting)
            for epoch in marks or {}:
                axes.axvline(epoch, color=GREY, linestyle=":")
    for axes, label in zip(grid[:, 0], CURVES.values(), strict=True):
        axes.set_ylabel(label, fontsize=9)
    for axes in grid[1:3, 0]:
        axes.set_ylim(0, 1.02)
    grid[3, 0].set_ylim(bottom=0)
    values = [
        float(value)
        for arms in kinds.values()
        for measures in arms.values()
        for curve in measures["entropy"]
        for value in curve
    ]
    limit_share(grid[0, 0], "y", values)
    legend_below(figure, grid[0, 0], ncols=2)
    if marks:
        words = ", ".join(f"after epoch {epoch} {what}" for epoch, what in marks.items())
        figure.suptitle(f"dotted line: {words}", fontsize=9, color=GREY)
    return figure


def example_inputs(kinds: Mapping[str, NDArray[np.uint8]]) -> Figure:
    """Draw some inputs of each kind, (n, height, width) of 0 and 1."""
    n = max(len(images) for images in kinds.values())
    figure = Figure(figsize=(1.9 * len(kinds), 0.5 + 1.9 * n), layout="constrained")
    grid = figure.subplots(n, len(kinds), squeeze=False)
    for column, (kind, images) in zip(grid.T, kinds.items(), strict=True):
        column[0].set_title(kind, fontsize=9)
        for axes, image in zip(column, images, strict=True):
            show_bits(axes, image)
    return figure


def show_bits(axes: Axes, image: NDArray[np.uint8]) -> None:
    """Draw on-bits as black squares."""
    height, width = image.shape
    axes.imshow(image, cmap="gray_r", vmin=0, vmax=1, extent=(0, width, height, 0))
    axes.set(xticks=[0, width], yticks=[0, height])
    axes.tick_params(labelsize=7)


def by_kind(summary: Arms, kinds: Sequence[str]) -> dict[str, Arms]:
    """Return the arms of a simulation by kind of input, then by boosting."""
    return {kind: {boosting: summary[arm(kind, boosting)] for boosting in STYLES} for kind in kinds}
