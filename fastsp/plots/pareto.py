"""Figure of the experiment `pareto`: accuracy against seconds."""

from collections.abc import Collection, Mapping, Sequence

from matplotlib.figure import Figure

from fastsp.experiments.spread import Spread
from fastsp.plots.style import BLUE, GREY, ORANGE


def accuracy_against_seconds(
    summary: Mapping[str, Mapping[str, Spread]], ours: Collection[str], front: Sequence[str]
) -> Figure:
    """Draw a mark with its name for each model, and a line through those on the front.

    Parameters
    ----------
    summary : dict of dict of Spread
        "accuracy" and "seconds" by model.
    ours : collection of str
        Models that are poolers.
    front : sequence of str
        Models that nothing is both faster and more accurate than, by rising seconds.
    """
    figure = Figure(figsize=(9.5, 5.6), layout="constrained")
    axes = figure.subplots()
    places = [
        (float(summary[n]["seconds"].mean), float(summary[n]["accuracy"].mean)) for n in front
    ]
    axes.plot(*zip(*places, strict=True), color=GREY, linestyle=":", zorder=1)
    ordered = sorted(summary.items(), key=lambda item: float(item[1]["seconds"].mean))
    slowest = float(ordered[-1][1]["seconds"].mean)
    for place, (name, measures) in enumerate(ordered):
        color, marker = (BLUE, "o") if name in ours else (ORANGE, "s")
        accuracy, cost = measures["accuracy"], measures["seconds"]
        x, y = float(cost.mean), float(accuracy.mean)
        axes.plot([x, x], [accuracy.least, accuracy.greatest], color=color, linewidth=1.5)
        axes.plot([cost.least, cost.greatest], [y, y], color=color, linewidth=1.5)
        axes.plot(x, y, marker, color=color, markersize=6)
        # Neighbours along the axis have their names above and below; the last is to its left.
        side, align = (6, "left") if x < 0.5 * slowest or place < 1 else (-6, "right")
        at = (side, -12 if place % 2 else 6)
        axes.annotate(name, (x, y), at, textcoords="offset points", fontsize=8, ha=align)
    axes.plot([], [], "o", color=BLUE, label="pooler with a readout")
    axes.plot([], [], "s", color=ORANGE, label="others, on raw pixels")
    axes.plot([], [], color=GREY, linestyle=":", label="nothing is faster and more accurate")
    axes.set(
        xscale="log",
        xlabel="seconds to the fitted model, one core",
        ylabel="accuracy (share of test images; axis cut)",
    )
    axes.margins(x=0.15, y=0.1)
    axes.grid(color="#dddddd")
    axes.set_axisbelow(True)
    axes.legend(loc="center left", frameon=False)
    return figure
