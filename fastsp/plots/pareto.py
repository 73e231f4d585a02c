"""Figure of the experiment `pareto`: accuracy against seconds."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

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
    for name, measures in summary.items():
        color, marker = (BLUE, "o") if name in ours else (ORANGE, "s")
        accuracy, cost = measures["accuracy"], measures["seconds"]
        x, y = float(cost.mean), float(accuracy.mean)
        axes.plot([x, x], [accuracy.least, accuracy.greatest], color=color, linewidth=1.5)
        axes.plot([cost.least, cost.greatest], [y, y], color=color, linewidth=1.5)
        axes.plot(x, y, marker, color=color, markersize=6)
    axes.plot([], [], "o", color=BLUE, label="pooler with a readout")
    axes.plot([], [], "s", color=ORANGE, label="others, on raw pixels")
    axes.plot([], [], color=GREY, linestyle=":", label="nothing is faster and more accurate")
    axes.set(
        xscale="log",
        xlabel="seconds to the fitted model, one core",
        ylabel="accuracy (share of test images; axis cut)",
    )
    axes.margins(x=0.15, y=0.12)
    axes.grid(color="#dddddd")
    axes.set_axisbelow(True)
    axes.legend(loc="center left", frameon=False)
    _write_names(axes, summary)
    return figure


_BESIDE = [(7, 5), (7, -5), (-7, 5), (-7, -5)]
_AROUND = _BESIDE + [(side, rise) for rise in (20, -20, 34, -34) for side in (7, -7)]
"""Where a name may be, in points from its mark, the best place first."""


def _write_names(axes: Axes, summary: Mapping[str, Mapping[str, Spread]]) -> None:
    """Write the name of each model where it covers neither another name nor a mark."""
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    places = {
        name: (float(measures["seconds"].mean), float(measures["accuracy"].mean))
        for name, measures in summary.items()
    }
    taken = [
        Bbox.from_bounds(x - 5, y - 5, 10, 10)
        for x, y in axes.transData.transform(list(places.values()))
    ]
    for name, place in places.items():
        for offset in _AROUND:
            align = "left" if offset[0] > 0 else "right"
            own: dict[str, Any] = {"xytext": offset, "textcoords": "offset points"}
            own.update(ha=align, va="center")
            note = axes.annotate(name, place, fontsize=8, **own)
            box = note.get_window_extent()
            inside = axes.bbox.containsx(box.x0) and axes.bbox.containsx(box.x1)
            if (inside and box.count_overlaps(taken) == 0) or offset == _AROUND[-1]:
                break
            note.remove()
        if offset not in _BESIDE:
            line = {"arrowstyle": "-", "color": GREY, "linewidth": 0.5}
            axes.annotate("", place, arrowprops=line, **own)
        taken.append(box)
