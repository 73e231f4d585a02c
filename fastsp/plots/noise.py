"""Figures of the experiment `noise`."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fastsp.experiments.experiment import arm
from fastsp.experiments.spread import Spread
from fastsp.plots.style import SERIES, draw_spread, legend_below, show_map


def accuracy_under_noise(
    noise: NDArray[np.float64],
    summary: Mapping[str, Mapping[str, Spread]],
    codes: Sequence[str],
    readouts: Sequence[str],
) -> Figure:
    """Draw accuracy over the share of pixels replaced, a panel for each readout."""
    figure = Figure(figsize=(4.6 * len(readouts), 3.9), layout="constrained")
    grid = figure.subplots(1, len(readouts), sharey=True, squeeze=False)[0]
    for axes, readout in zip(grid, readouts, strict=True):
        for code, (color, style) in zip(codes, SERIES, strict=False):
            curve = summary[arm(code, readout)]["accuracy"]
            draw_spread(axes, noise, curve, color, style, code)
        axes.set(title=f"read by {readout}", xlabel="share of pixels replaced", ylim=(0, 1.02))
        axes.grid(color="#dddddd")
    grid[0].set_ylabel("accuracy\n(share of test images)")
    legend_below(figure, grid[0], ncols=len(codes))
    return figure


def noisy_images(
    noise: NDArray[np.float64], images: Sequence[NDArray[np.uint8]], shape: tuple[int, int]
) -> Figure:
    """Draw some images, a row for each of them, a column for each share of noise.

    Parameters
    ----------
    noise : (n_levels,) float64
    images : n_levels arrays of uint8, (n, n_pixels)
    shape : (int, int)
        Height and width of an image.
    """
    n = len(images[0])
    figure = Figure(figsize=(1.1 * len(noise), 0.4 + 1.1 * n), layout="constrained")
    grid = figure.subplots(n, len(noise), squeeze=False)
    for column, share, noisy in zip(grid.T, noise, images, strict=True):
        column[0].set_title(f"{100 * share:.0f} %", fontsize=9)
        for axes, image in zip(column, noisy, strict=True):
            show_map(axes, image.reshape(shape), shape, cmap="gray_r", vmin=0, vmax=255)
            axes.set(xticks=[], yticks=[])
    return figure
