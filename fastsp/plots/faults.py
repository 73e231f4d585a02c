"""Figures of faults: curves through them, receptive fields, connected synapses by place."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from fastsp.experiments.spread import Spread
from fastsp.plots.style import BLUE, ORANGE, draw_spread, show_map

CURVES = {
    "robustness": "noise robustness\n(mean overlap)",
    "entropy": "entropy, living columns\n(share of its maximum)",
    "coverage": "connected synapses\nunder the patch\n(ratio to elsewhere)",
}
Maps = Mapping[str, Mapping[str, NDArray[np.float64]]]


def faults_over_epochs(
    epochs: NDArray[np.int64], fault: int, arms: Mapping[str, Mapping[str, Spread]]
) -> Figure:
    """Draw robustness, entropy and connected synapses over epochs, a column for each fault.

    Parameters
    ----------
    epochs : (n_measurements,) int
        Epochs learned at each measurement.
    fault : int
        Epochs learned before the fault.
    arms : dict of dict of Spread
        By fault; where `coverage` has no numbers its panel is left out.
    """
    figure = Figure(figsize=(11, 6.2), layout="constrained")
    grid = figure.subplots(len(CURVES), len(arms), sharex=True, sharey="row")
    for column, (arm, measures) in zip(grid.T, arms.items(), strict=True):
        column[0].set_title(arm, fontsize=10)
        for axes, measure in zip(column, CURVES, strict=True):
            if np.isnan(measures[measure].mean).all():
                axes.set_axis_off()
                continue
            draw_spread(axes, epochs, measures[measure], BLUE)
            axes.axvline(fault, color=ORANGE, linestyle=":")
            axes.set_xlabel("epochs learned")
            axes.tick_params(labelbottom=True)
    for axes in grid[:, -1]:
        axes.set_ylim(bottom=0)
    for row, label in zip(grid, CURVES.values(), strict=True):
        shown = next(axes for axes in row if axes.axison)
        shown.set_ylabel(label, fontsize=9)
        shown.tick_params(labelleft=True)
    return figure


def receptive_field_centres(maps: Maps, patch: NDArray[np.bool_]) -> Figure:
    """Draw the centre of the receptive field of every living column, before a fault and at the end.

    Parameters
    ----------
    maps : dict of dict of ndarray
        By fault: `centres before`, `centres at the end`, (C, 2) rows and columns, and `living`.
    patch : (side, side) bool
        What dies.
    """
    moments = {"before": "before", "at the end": "at the end"}
    figure = Figure(figsize=(3.4 * len(maps), 6.6), layout="compressed")
    grid = figure.subplots(len(moments), len(maps), sharex=True, sharey=True, squeeze=False)
    side = len(patch)
    for column, (arm, drawn) in zip(grid.T, maps.items(), strict=True):
        column[0].set_title(f"{arm}\nbefore the fault", fontsize=10)
        column[1].set_title("at the end", fontsize=10)
        for axes, moment in zip(column, moments, strict=True):
            alive = drawn["living"] if moment == "at the end" else np.ones(side * side, bool)
            centres = drawn[f"centres {moment}"][alive] + 0.5
            axes.plot(centres[:, 1], centres[:, 0], ".", color=BLUE, markersize=2.5)
            _outline(axes, patch)
            axes.set(xlim=(0, side), ylim=(side, 0), aspect="equal")
    for axes in grid[:, 0]:
        axes.set_ylabel("row (input bits)")
    for axes in grid[-1]:
        axes.set_xlabel("column (input bits)")
    return figure


def synapses_by_place(maps: Maps, patch: NDArray[np.bool_]) -> Figure:
    """Draw connected synapses of living columns at each input bit, before a fault and after it.

    Parameters
    ----------
    maps : dict of dict of ndarray
        By fault: `synapses before`, `synapses at the fault`, `synapses at the end`, (side, side).
    patch : (side, side) bool
        What dies.
    """
    moments = ("before", "at the fault", "at the end")
    figure = Figure(figsize=(9, 2.9 * len(maps)), layout="compressed")
    grid = figure.subplots(len(maps), len(moments), squeeze=False, sharex=True, sharey=True)
    for row, (arm, drawn) in zip(grid, maps.items(), strict=True):
        greatest = max(float(drawn[f"synapses {moment}"].max()) for moment in moments)
        for axes, moment in zip(row, moments, strict=True):
            shown = show_map(axes, drawn[f"synapses {moment}"], patch.shape, vmin=0, vmax=greatest)
            _outline(axes, patch)
        row[0].set_ylabel(f"{arm}\nrow (input bits)", fontsize=9)
        figure.colorbar(shown, ax=row, label="connected\nsynapses", shrink=0.9)
    for axes, moment in zip(grid[0], moments, strict=True):
        axes.set_title(moment, fontsize=10)
    for axes in grid[-1]:
        axes.set_xlabel("column (input bits)")
    return figure


def _outline(axes: Axes, patch: NDArray[np.bool_]) -> None:
    """Draw the edge of the patch."""
    rows, columns = np.nonzero(patch)
    corner = (columns.min(), rows.min())
    size = int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1
    axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=ORANGE, linewidth=1.2))
