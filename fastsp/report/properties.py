"""Page and figures of the experiment `properties`, and figures of other simulations."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fastsp.experiments.experiment import ExperimentResult, Summary, arm
from fastsp.experiments.properties import BOOSTING, INPUTS, PropertiesConfig
from fastsp.experiments.wording import number, percent
from fastsp.report.page import BANDS, MEANS, Column, Drawing, Fact, Page, Table, finely
from fastsp.report.style import (
    BLUE,
    GREY,
    ORANGE,
    draw_curves,
    draw_spread,
    legend_below,
    limit_share,
    panels,
)

CURVES = {
    "entropy": "entropy\n(share of its maximum)",
    "robustness": "noise robustness\n(mean overlap)",
    "stability": "stability\n(overlap with the\nepoch before)",
    "sparseness": "density\n(share of columns)",
}
"""Measures over epochs and what their axes say."""
STYLES = dict(zip(BOOSTING, ((BLUE, "-"), (ORANGE, "--")), strict=True))
MOMENTS: dict[str, tuple[str, str | None]] = {
    "overlap_before": ("before", GREY),
    "overlap_after": ("after", None),
}
"""Measures of overlap against noise, with their names and colours (None: that of the arm)."""


def page(result: ExperimentResult[PropertiesConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, config = result.summary(), result.config
    first, kind = summary[next(iter(summary))], next(iter(INPUTS))
    return Page(
        headline=(
            Fact(
                "Noise robustness",
                f"{first['robustness'].mean[-1]:.2f}",
                f"before learning {first['robustness'].mean[0]:.2f}; {kind}, boosting",
            ),
            Fact(
                "Entropy",
                percent(first["entropy"].mean[-1]),
                f"of its maximum; before learning {percent(first['entropy'].mean[0])}",
            ),
            Fact(
                "Stability",
                percent(first["stability"].mean[-1]),
                "of a code is as it was an epoch before",
            ),
        ),
        tables=(
            Table.of(
                summary,
                "Before and after learning",
                "inputs",
                (
                    Column("density", "sparseness", finely, -1),
                    Column("entropy before", "entropy", percent, 0),
                    Column("after", "entropy", percent, -1),
                    Column("robustness before", "robustness", number, 0),
                    Column("after", "robustness", number, -1),
                    Column("stability after", "stability", percent, -1),
                ),
                f"{MEANS} Density: share of active "
                "columns. Entropy of how often each column is active over the set of inputs, as a "
                "share of its maximum. Robustness: overlap with the code of the input without "
                f"noise, averaged over {config.noise_levels} shares of on-bits moved, from none to "
                "all. Stability: overlap of the codes with those of the epoch before. As in the "
                "paper, poolers differ in more than boosting: with it columns may see all inputs "
                "(pool fraction 1) and permanences move by 0.1 and 0.02, without it half of them "
                "and by 0.02 and 0.004.",
            ),
        ),
        figures=(
            Drawing(
                noise_overlaps(config.noise, summary, INPUTS),
                "Overlap with the codes of noisy inputs",
                f"A share of the on-bits of every input is moved elsewhere. {BANDS}",
            ),
            Drawing(
                properties_over_epochs(np.arange(config.epochs + 1), summary, INPUTS),
                "Properties of the codes, epoch by epoch",
                f"Measured with learning switched off. {BANDS[:-1]}; where none is seen they are "
                "narrower than the line.",
            ),
            Drawing(
                example_inputs(result.trials[0].pictures["inputs"]),
                "Some of the inputs",
                f"On-bits in black, {config.side} x {config.side} bits.",
            ),
        ),
    )


def noise_overlaps(
    noise: NDArray[np.float64],
    summary: Summary,
    kinds: Mapping[str, Any],
    moments: Mapping[str, tuple[str, str | None]] = MOMENTS,
) -> Figure:
    """Draw overlap with the codes of noisy inputs against noise, a panel for each kind of input.

    Parameters
    ----------
    noise : (n_levels,) float64
        Shares of on-bits moved.
    summary : dict of dict of Spread
        With an arm for each kind with boosting and without.
    kinds : dict
        Its keys are the kinds of input.
    moments : dict of (str, str or None)
        Measures to be drawn, as in `MOMENTS`.
    """
    figure, grid = panels((11, 3.2), 1, len(kinds), sharex=True, sharey=True)
    for axes, kind in zip(grid, kinds, strict=True):
        for boosting, (color, style) in STYLES.items():
            for measure, (moment, own) in moments.items():
                curve = summary[arm(kind, boosting)][measure]
                draw_spread(axes, noise, curve, own or color, style, f"{moment}, {boosting}")
        axes.set_title(kind, fontsize=10)
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="noise (share of on-bits moved)")
    grid[0].set_ylabel("overlap with the code\nwithout noise (share)")
    legend_below(figure, grid[0], ncols=4 if len(moments) == 2 else 3)
    return figure


def properties_over_epochs(
    epochs: NDArray[np.int64],
    summary: Summary,
    kinds: Mapping[str, Any],
    marks: Mapping[int, str] | None = None,
) -> Figure:
    """Draw entropy, robustness, stability and density over epochs, by kind of input.

    Parameters
    ----------
    epochs : (n_measurements,) int
        Epochs learned at each measurement.
    summary, kinds
        As for `noise_overlaps`.
    marks : dict of str, optional
        What happened at an epoch, by epoch.
    """
    figure, grid = panels(
        (11, 8), len(CURVES), len(kinds), sharex=True, sharey="row", squeeze=False
    )
    for column, kind in zip(grid.T, kinds, strict=True):
        column[0].set_title(kind, fontsize=10)
        column[-1].set_xlabel("epochs learned")
        for axes, measure in zip(column, CURVES, strict=True):
            curves = {boosting: summary[arm(kind, boosting)][measure] for boosting in STYLES}
            draw_curves(axes, epochs, curves, STYLES.values())
            for epoch in marks or {}:
                axes.axvline(epoch, color=GREY, linestyle=":")
    for axes, label in zip(grid[:, 0], CURVES.values(), strict=True):
        axes.set_ylabel(label, fontsize=9)
    for axes in grid[1:3, 0]:
        axes.set_ylim(0, 1.02)
    grid[3, 0].set_ylim(bottom=0)
    limit_share(grid[0, 0], "y", [[*m["entropy"]] for m in summary.values()])
    legend_below(figure, grid[0, 0], ncols=2)
    if marks:
        words = ", ".join(f"after epoch {epoch} {what}" for epoch, what in marks.items())
        figure.suptitle(f"dotted line: {words}", fontsize=9, color=GREY)
    return figure


def example_inputs(kinds: Mapping[str, Sequence[NDArray[np.uint8]]]) -> Figure:
    """Draw some inputs of each kind, (n, height, width) of 0 and 1, on-bits as black squares."""
    n = max(len(images) for images in kinds.values())
    figure, grid = panels((1.9 * len(kinds), 0.5 + 1.9 * n), n, len(kinds), squeeze=False)
    for column, (kind, images) in zip(grid.T, kinds.items(), strict=True):
        column[0].set_title(kind, fontsize=9)
        for axes, image in zip(column, images, strict=True):
            height, width = image.shape
            axes.imshow(image, cmap="gray_r", vmin=0, vmax=1, extent=(0, width, height, 0))
            axes.set(xticks=[0, width], yticks=[0, height])
            axes.tick_params(labelsize=7)
    return figure
