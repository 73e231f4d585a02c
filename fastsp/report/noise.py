"""Page and figures of the experiment `noise`."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fastsp.experiments.experiment import ExperimentResult, Summary, arm
from fastsp.experiments.noise import CODES, RAW, READOUTS, TRAINED, NoiseConfig
from fastsp.experiments.wording import percent
from fastsp.report.page import BANDS, Column, Drawing, Fact, Page, Table
from fastsp.report.style import (
    draw_curves,
    grid_behind,
    legend_below,
    panels,
    show_images,
    without_ticks,
)


def page(result: ExperimentResult[NoiseConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, noise = result.summary(), result.config.noise
    half = len(noise) // 2
    return Page(
        headline=tuple(
            Fact(
                f"{code.capitalize()}, {readout}",
                percent(summary[arm(code, readout)]["accuracy"][half].mean),
                f"of test images with {100 * noise[half]:.0f} % of the pixels replaced",
            )
            for readout in READOUTS
            for code in (TRAINED, RAW)
        ),
        tables=(
            Table.of(
                summary,
                "Accuracy by the share of pixels replaced",
                "code, readout",
                [  # as many as the page is wide
                    Column(f"{100 * noise[place]:.0f} %", "accuracy", percent, place)
                    for place in range(0, len(noise), 2)
                ],
                "Of the test images; mean over the seeds, least to greatest in brackets. All "
                "readouts are fitted on clean images. Raw bits are the on and off bits that the "
                "pooler sees; the untrained pooler has the same pools.",
            ),
        ),
        figures=(
            Drawing(accuracy_under_noise(noise, summary), "Accuracy under noise", BANDS),
            Drawing(
                noisy_images(noise, result.trials[0].pictures["images"]),
                "Some of the images",
                "By the share of pixels that got a random grey value.",
            ),
        ),
    )


def accuracy_under_noise(noise: NDArray[np.float64], summary: Summary) -> Figure:
    """Draw accuracy over the share of pixels replaced, a panel for each readout."""
    figure, grid = panels((4.6 * len(READOUTS), 3.9), 1, len(READOUTS), sharey=True)
    for axes, readout in zip(grid, READOUTS, strict=True):
        draw_curves(axes, noise, {code: summary[arm(code, readout)]["accuracy"] for code in CODES})
        axes.set(title=f"read by {readout}", xlabel="share of pixels replaced", ylim=(0, 1.02))
        grid_behind(axes)
    grid[0].set_ylabel("accuracy\n(share of test images)")
    legend_below(figure, grid[0], ncols=len(CODES))
    return figure


def noisy_images(noise: NDArray[np.float64], images: Sequence[NDArray[np.uint8]]) -> Figure:
    """Draw some images, a row for each of them, a column for each share of noise.

    Parameters
    ----------
    noise : (n_levels,) float64
    images : n_levels arrays of uint8, (n, n_pixels)
        Drawn as squares, or as lines where their pixels make no square.
    """
    n, n_pixels = images[0].shape
    side = math.isqrt(n_pixels)
    shape = (side, side) if side * side == n_pixels else (1, n_pixels)
    figure, grid = panels((1.1 * len(noise), 0.4 + 1.1 * n), n, len(noise), squeeze=False)
    for column, share, noisy in zip(grid.T, noise, images, strict=True):
        column[0].set_title(f"{100 * share:.0f} %", fontsize=9)
        show_images(column, noisy.reshape(n, *shape))
    without_ticks(grid)
    return figure
