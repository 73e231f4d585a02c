"""Figure of classifiers compared: accuracy against time and memory."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fastsp.experiments.experiment import arm
from fastsp.experiments.spread import Spread
from fastsp.plots.style import BLUE, ORANGE, legend_below, limit_share

COSTS = {
    "fit_seconds": "seconds to fit",
    "predict_seconds": "seconds to predict\nall test images",
    "model_bytes": "bytes of the fitted model",
}


def accuracy_and_costs(
    summary: Mapping[str, Mapping[str, Spread]], classifiers: Sequence[str], codes: Sequence[str]
) -> Figure:
    """Draw accuracy, time and memory of every classifier, a colour for each kind of code."""
    figure = Figure(figsize=(11, 3.3), layout="constrained")
    grid = figure.subplots(1, 1 + len(COSTS), sharey=True)
    for code, color, marker, lift in zip(codes, (BLUE, ORANGE), "os", (-0.12, 0.12), strict=True):
        for row, classifier in enumerate(classifiers):
            measures = summary[arm(classifier, code)]
            for axes, measure in zip(grid, ("accuracy", *COSTS), strict=True):
                _draw_range(axes, measures[measure], row + lift, color, marker, code)
    values = [float(v) for m in summary.values() for v in m["accuracy"]]
    limit_share(grid[0], "x", values)
    grid[0].set_xlabel("accuracy\n(share of test images)")
    for axes, label in zip(grid[1:], COSTS.values(), strict=True):
        axes.set(xscale="log", xlabel=label)
    for axes in grid:
        axes.grid(axis="both", color="#dddddd")
        axes.set_axisbelow(True)
    grid[0].set_yticks(range(len(classifiers)), [c.replace(", ", ",\n") for c in classifiers])
    grid[0].set_ylim(len(classifiers) - 0.5, -0.5)
    legend_below(figure, grid[0], ncols=2)
    return figure


def _draw_range(axes: Axes, spread: Spread, y: float, color: str, marker: str, label: str) -> None:
    axes.plot([spread.least, spread.greatest], [y, y], color=color, linewidth=1.5)
    axes.plot(spread.mean, y, marker, color=color, markersize=5, label=label, linestyle="none")
