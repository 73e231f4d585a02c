"""Page and figure of the experiment `pareto`."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from fastsp.experiments.experiment import ExperimentResult, Summary
from fastsp.experiments.pareto import ParetoConfig, front_of
from fastsp.experiments.wording import number, percent
from fastsp.report.page import MEANS, Column, Drawing, Fact, Page, Table, finely
from fastsp.report.style import BLUE, GREY, ORANGE, grid_behind, panels


def page(result: ExperimentResult[ParetoConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary = result.summary()
    best = front_of(summary)
    return Page(
        headline=tuple(
            Fact(
                name.capitalize(),
                percent(summary[name]["accuracy"].mean),
                f"{float(summary[name]['seconds'].mean):.2g} s to the model",
            )
            for name in best
        ),
        tables=(
            Table.of(
                dict(sorted(summary.items(), key=lambda item: float(item[1]["seconds"].mean))),
                "Accuracy and seconds",
                "model",
                (
                    Column("accuracy", "accuracy", finely),
                    Column("s to the model", "seconds", partial(number, form="{:.3g}")),
                    Column("s to predict", "predict_seconds", partial(number, form="{:.2g}")),
                ),
                f"{MEANS[:-1]}; by the seconds to the model. "
                "In which one core computes for it, without compilation: of a pooler learning, "
                "coding the training images and fitting the readout; of the others `fit`. To "
                "predict: all test images. Others work on grey values, the Tsetlin machine on "
                "on-bits.",
            ),
        ),
        figures=(
            Drawing(
                accuracy_against_seconds(summary, result.config.poolers, best),
                "Accuracy against seconds",
                "A mark is the mean over the seeds, lines go from the least to the greatest.",
            ),
        ),
    )


def accuracy_against_seconds(
    summary: Summary, ours: Collection[str], front: Sequence[str]
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
    figure, axes = panels((9.5, 5.6))
    places = {
        name: (float(measures["seconds"].mean), float(measures["accuracy"].mean))
        for name, measures in summary.items()
    }
    on_front = zip(*(places[name] for name in front), strict=True)
    axes.plot(*on_front, color=GREY, linestyle=":", zorder=1)
    for name, measures in summary.items():
        color, marker = (BLUE, "o") if name in ours else (ORANGE, "s")
        accuracy, cost = measures["accuracy"], measures["seconds"]
        x, y = places[name]
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
    grid_behind(axes)
    axes.legend(loc="center left", frameon=False)
    _write_names(axes, places)
    return figure


_BESIDE = [(7, 5), (7, -5), (-7, 5), (-7, -5)]
_AROUND = _BESIDE + [(side, rise) for rise in (20, -20, 34, -34) for side in (7, -7)]
"""Where a name may be, in points from its mark, the best place first."""


def _write_names(axes: Axes, places: Mapping[str, tuple[float, float]]) -> None:
    """Write the name of each model where it covers neither another name nor a mark."""
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
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
