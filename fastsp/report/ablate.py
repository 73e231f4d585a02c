"""Page and figures of the experiment `ablate`."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fastsp.experiments.ablate import COMPARED, EVERYWHERE, LOCAL, ON, AblateConfig
from fastsp.experiments.areas import WINDOW
from fastsp.experiments.experiment import ExperimentResult, arm
from fastsp.experiments.wording import number, percent
from fastsp.report.page import MEANS, Column, Drawing, Fact, Page, Table
from fastsp.report.poolers import images_and_codes
from fastsp.report.style import (
    BLUE,
    grid_behind,
    limit_share,
    panels,
    show_map,
    without_ticks,
)


def page(result: ExperimentResult[AblateConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, pictures = result.summary(), result.trials[0].pictures
    height, width, *_ = result.config.pooler.column_shape
    drawn = {"with": arm(LOCAL, ON), "without": arm(EVERYWHERE, ON)}
    return Page(
        headline=tuple(
            Fact(
                name,
                percent(summary[name]["accuracy"].mean),
                f"test accuracy, {result.seeds} seeds; variance / mean "
                f"{float(summary[name]['clumping'].mean):.1f}",
            )
            for name in COMPARED
        ),
        tables=(
            Table.of(
                summary,
                "Accuracy and entropy",
                "arm",
                (
                    Column("accuracy", "accuracy"),
                    Column("accuracy, mean", "accuracy_mean"),
                    Column("entropy", "entropy"),
                    Column("its limit", "entropy_limit"),
                    Column("on the image", "on_image"),
                ),
                f"{MEANS} Accuracy on the test images, "
                "columns combined by the product and by the mean. Entropy of how often each column "
                "is active over the test images, as a share of its maximum. Its limit: what it "
                "could be if no column were active for images of which its potential pool sees "
                "nothing; inhibition that compares columns with their surroundings alone can "
                "exceed it. On the image: share of the active columns that lie at an on-bit.",
            ),
            Table.of(
                summary,
                "Where columns are active",
                "arm",
                (
                    Column("variance / mean", "clumping", number),
                    Column("busiest", "busiest_area", number),
                    Column("Clark-Evans", "clark_evans", number),
                ),
                f"Of areas of {WINDOW} by {WINDOW} columns. Variance / mean of the numbers of "
                "active columns in them, for one image, averaged over the test images: 1 where "
                "columns lie at random, more where they clump. Busiest: how often columns of the "
                "area are active that is active most often, as a multiple of the mean. Clark-Evans "
                "index of the active columns of one image: 1 where they lie at random, less where "
                "they clump. The configuration below is that with on and off bits; exponential "
                f"boosting has a strength of {result.config.pooler.boost_strength:g}.",
            ),
        ),
        figures=(
            Drawing(
                ablation(result),
                "Every arm and every seed",
                "A dot is one seed, a line the mean over the seeds.",
            ),
            *(
                Drawing(
                    images_and_codes(
                        {"active columns": pictures["poolers"][name]},
                        pictures["images"],
                        pictures["inputs"],
                    ),
                    f"Samples of inputs and outputs, {which} local inhibition",
                    "First seed, on-bits only. Active columns lie where they are centred in the "
                    "input.",
                )
                for which, name in drawn.items()
            ),
            Drawing(
                activity_maps(
                    {name: pictures["activity"][name] for name in COMPARED}, (height, width)
                ),
                "How often columns are active",
                "Over the test images, first seed. Areas that are brighter than others are "
                "systematically more active.",
            ),
        ),
    )


def ablation(result: ExperimentResult[AblateConfig]) -> Figure:
    """Draw every seed as a dot and the mean over the seeds as a line, a row for each arm."""
    summary = result.summary()
    measures = {
        "accuracy": "accuracy\n(share of test images)",
        "entropy": "entropy over test images\n(share of its maximum)",
        "clumping": "variance / mean of areas\n(1 random, more clumped)",
    }
    size = (10, 1.2 + 0.42 * len(summary))
    figure, grid = panels(size, 1, len(measures), sharey=True)
    for axes, (measure, label) in zip(grid, measures.items(), strict=True):
        drawn: list[float] = []
        for row, (name, spreads) in enumerate(summary.items()):
            values = [float(np.asarray(trial.measures[name][measure])) for trial in result.trials]
            axes.plot(values, [row] * len(values), "o", color=BLUE, markersize=5, alpha=0.7)
            axes.plot([spreads[measure].mean] * 2, [row - 0.3, row + 0.3], color="black")
            drawn += values
        axes.set(xlabel=label, ylim=(len(summary) - 0.5, -0.5))
        grid_behind(axes, "y")
        limit_share(axes, "x", drawn)
    labels = [name.replace(", ", ",\n", 1) for name in summary]
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
    size = (1.2 + 2.6 * len(activity), 3.5)
    figure, grid = panels(size, 1, len(activity), squeeze=False)
    highest = max(float(np.percentile(values, 99.5)) for values in activity.values())
    for axes, (name, values) in zip(grid[0], activity.items(), strict=True):
        shown = show_map(axes, values.reshape(shape), shape, vmin=0, vmax=highest)
        axes.set_title(name.replace(", ", ",\n"), fontsize=9)
    without_ticks(grid)
    figure.colorbar(shown, ax=grid, label="active (share of inputs)", extend="max", shrink=0.9)
    return figure
