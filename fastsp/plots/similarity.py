"""Figures of the similarity of codes: pairs of images, and views of one image."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fastsp.experiments.spread import Spread
from fastsp.plots.style import BLUE, GREY, ORANGE, draw_spread, legend_below

Arms = Mapping[str, Mapping[str, Spread]]
STYLES = ((GREY, ":"), (ORANGE, "--"), (BLUE, "-"))


def pair_overlaps(arms: Arms, edges: NDArray[np.float64]) -> Figure:
    """Draw how often pairs of images overlap by how much, within and between categories.

    Parameters
    ----------
    arms : dict of dict of Spread
        By code; measures `shares_within`, `shares_between`, `within` and `between`.
    edges : (n_bins + 1,) float64
        Of the bins of overlap.
    """
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    grid = figure.subplots(1, len(arms), sharex=True, sharey=True)
    for axes, (arm, measures) in zip(grid, arms.items(), strict=True):
        for kind, color in (("between", ORANGE), ("within", BLUE)):
            shares = measures[f"shares_{kind}"].mean
            axes.stairs(shares, edges, color=color, fill=True, alpha=0.3)
            axes.stairs(shares, edges, color=color, label=f"{kind} categories")
            axes.axvline(float(measures[kind].mean), color=color, linestyle=":", label="its mean")
        axes.set_title(arm, fontsize=10)
        axes.set(xlim=(0, 1), xlabel="overlap of two images (share)")
    grid[0].set_ylabel("share of pairs")
    legend_below(figure, grid[0], ncols=4)
    return figure


def view_overlaps(
    arms: Arms,
    edges: NDArray[np.float64],
    rotations: NDArray[np.float64],
    shifts: NDArray[np.float64],
) -> Figure:
    """Draw overlap of codes against that of raw inputs, and between two views.

    Parameters
    ----------
    arms : dict of dict of Spread
        By code; measures `by_raw_overlap`, `rotation` and `shift`.
    edges : (n_bins + 1,) float64
        Of the bins of raw overlap.
    rotations, shifts : float64
        Degrees and pixels between two views.
    """
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3, sharey=True)
    middles = (edges[1:] + edges[:-1]) / 2
    for (arm, measures), (color, style) in zip(arms.items(), STYLES, strict=True):
        draw_spread(left, middles, measures["by_raw_overlap"], color, style, arm)
        draw_spread(middle, rotations, measures["rotation"], color, style)
        draw_spread(right, shifts, measures["shift"], color, style)
    left.set(xlabel="overlap of raw ON bits (share)", ylabel="overlap of codes (share)")
    left.set(xlim=(0, 1), ylim=(0, 1.02))
    middle.set(xlabel="rotation between two views (degrees)")
    right.set(xlabel="shift between two views (pixels)", xticks=shifts)
    legend_below(figure, left, ncols=3)
    return figure
