"""Page and figure of the experiment `classifiers`."""

from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fastsp.experiments.classifiers import (
    CLASSIFIERS,
    CODES,
    NEIGHBOURS,
    SOFTMAX,
    ClassifiersConfig,
)
from fastsp.experiments.experiment import ExperimentResult, Summary, arm
from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import number, percent
from fastsp.report.page import MEANS, Column, Drawing, Fact, Page, Table, finely, megabytes
from fastsp.report.style import BLUE, ORANGE, grid_behind, legend_below, limit_share, panels

COSTS = {
    "fit_seconds": "seconds to fit",
    "predict_seconds": "seconds to predict\nall test images",
    "model_bytes": "bytes of the fitted model",
}


def page(result: ExperimentResult[ClassifiersConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, config = result.summary(), result.config
    return Page(
        headline=tuple(
            Fact(
                f"{classifier.capitalize()}, {code}",
                percent(summary[arm(classifier, code)]["accuracy"].mean),
                "test accuracy",
            )
            for classifier in (SOFTMAX, NEIGHBOURS)
            for code in CODES
        ),
        tables=(
            Table.of(
                summary,
                "Accuracy, time and memory",
                "classifier, code",
                (
                    Column("accuracy", "accuracy", finely),
                    Column("s to fit", "fit_seconds", partial(number, form="{:.3g}")),
                    Column("s to predict", "predict_seconds", partial(number, form="{:.2g}")),
                    Column("MB of model", "model_bytes", megabytes),
                    Column("MB to predict", "predict_bytes", megabytes),
                ),
                f"{MEANS} Accuracy on the test images; "
                "seconds for all training and all test images, on one core, without coding them. "
                "Model: bytes of the fitted classifier when pickled. To predict: the most memory "
                "that Python and NumPy hold on top of it meanwhile, of which distances may take "
                f"{config.working_memory} MiB. Linear softmax is "
                f"scikit-learn's LogisticRegression with C={config.softmax_strength:g}; the "
                f"{config.neighbours} nearest neighbours, its KNeighborsClassifier by brute force. "
                "Both were chosen on a validation split of the training images. Raw ON bits do "
                "not depend on the seed; without OFF bits they serve the likelihood badly, which "
                "counts active bits only (`fastsp mnist` gives it both).",
            ),
        ),
        figures=(
            Drawing(
                accuracy_and_costs(summary),
                "Accuracy and what it costs",
                "A mark is the mean over the seeds, a line goes from the least to the greatest. "
                "Time and memory on logarithmic axes.",
            ),
        ),
    )


def accuracy_and_costs(summary: Summary) -> Figure:
    """Draw accuracy, time and memory of every classifier, a colour for each kind of code."""
    figure, grid = panels((11, 3.3), 1, 1 + len(COSTS), sharey=True)
    for code, color, marker, lift in zip(CODES, (BLUE, ORANGE), "os", (-0.12, 0.12), strict=True):
        for row, classifier in enumerate(CLASSIFIERS):
            measures = summary[arm(classifier, code)]
            for axes, measure in zip(grid, ("accuracy", *COSTS), strict=True):
                _draw_range(axes, measures[measure], row + lift, color, marker, code)
    limit_share(grid[0], "x", [[*m["accuracy"]] for m in summary.values()])
    grid[0].set_xlabel("accuracy\n(share of test images)")
    for axes, label in zip(grid[1:], COSTS.values(), strict=True):
        axes.set(xscale="log", xlabel=label)
    for axes in grid:
        grid_behind(axes)
    grid[0].set_yticks(range(len(CLASSIFIERS)), [c.replace(", ", ",\n") for c in CLASSIFIERS])
    grid[0].set_ylim(len(CLASSIFIERS) - 0.5, -0.5)
    legend_below(figure, grid[0], ncols=2)
    return figure


def _draw_range(axes: Axes, spread: Spread, y: float, color: str, marker: str, label: str) -> None:
    axes.plot([spread.least, spread.greatest], [y, y], color=color, linewidth=1.5)
    axes.plot(spread.mean, y, marker, color=color, markersize=5, label=label, linestyle="none")
