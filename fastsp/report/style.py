"""Colours, axes and legends common to all figures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike, NDArray

from fastsp.experiments.spread import Spread

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"
PURPLE, SKY, YELLOW = "#CC79A7", "#56B4E9", "#E69F00"
MAP = "cividis"
SERIES = (
    *((BLUE, "-"), (ORANGE, "-"), (GREEN, "-"), (PURPLE, "-")),
    *((SKY, "--"), (YELLOW, "--"), (GREY, "--"), ("black", ":")),
    *((BLUE, ":"), (ORANGE, ":"), (GREEN, ":"), (PURPLE, ":")),
)
"""Colours and line styles of many curves in one panel."""


@contextmanager
def own_style() -> Iterator[None]:
    """Use matplotlib's default settings instead of the user's."""
    with style.context(["default", {"svg.hashsalt": "fastsp"}]):  # else its ids are random
        yield


def panels(
    size: tuple[float, float],
    rows: int = 1,
    columns: int = 1,
    layout: Literal["constrained", "compressed"] = "constrained",
    **options: Any,
) -> tuple[Figure, Any]:
    """Return a figure of a size in inches and its axes, as `Figure.subplots` returns them."""
    figure = Figure(figsize=size, layout=layout)
    return figure, figure.subplots(rows, columns, **options)


def draw_curves(
    axes: Axes,
    x: NDArray[Any],
    curves: Mapping[str, Spread],
    styles: Iterable[tuple[str, str]] = SERIES,
) -> None:
    """Draw curves over the seeds by name, each in the next colour and line style."""
    for (name, curve), (color, line) in zip(curves.items(), styles, strict=False):
        draw_spread(axes, x, curve, color, line, name)


def draw_spread(
    axes: Axes,
    x: NDArray[Any],
    curve: Spread,
    color: str,
    style: str = "-",
    label: str | None = None,
) -> None:
    """Draw the mean of a curve over the seeds as a line, and from least to greatest a band."""
    axes.plot(x, curve.mean, color=color, linestyle=style, label=label, linewidth=1.4)
    axes.fill_between(x, curve.least, curve.greatest, color=color, alpha=0.25, linewidth=0)


def legend_below(figure: Figure, axes: Axes, ncols: int) -> None:
    """Put the legend of one panel below all of them, each label once."""
    handles, labels = axes.get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))
    figure.legend(
        named.values(),
        named.keys(),
        loc="outside lower center",
        ncols=ncols,
        frameon=False,
        fontsize=9,
    )


def grid_behind(axes: Axes, axis: Literal["both", "x", "y"] = "both") -> None:
    """Draw grid lines behind all else."""
    axes.grid(axis=axis, color="#dddddd")
    axes.set_axisbelow(True)


def show_images(row: Iterable[Axes], images: Iterable[NDArray[np.uint8]]) -> None:
    """Draw grey images (height, width), dark on white."""
    for axes, image in zip(row, images, strict=True):
        show_map(axes, image, image.shape, cmap="gray_r", vmin=0, vmax=255)


def without_ticks(grid: Any, labels: Sequence[str] = ()) -> None:
    """Take the ticks from all panels (rows, columns), and label rows at the left."""
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
    for axes, label in zip(grid[:, 0], labels, strict=False):
        axes.set_ylabel(label)


def limit_share(axes: Axes, direction: str, values: ArrayLike) -> None:
    """Start the axis at zero; where that hides the differences, cut it and mark it as cut."""
    low, high = float(np.min(values)), float(np.max(values))
    margin = max(0.08 * (high - low), 0.005)
    start = 0.0 if low - margin < high / 2 else low - margin
    axes.set(**{f"{direction}lim": (start, high + margin)})
    if start > 0:
        mark = "axis cut: does not start at 0"
        if direction == "y":
            axes.text(0.02, 0.03, mark, transform=axes.transAxes, fontsize=8, color=GREY)
        else:
            axes.set_title(mark, fontsize=8, color=GREY, loc="left")


def show_map(
    axes: Axes, values: NDArray[Any], frame: tuple[int, ...], cmap: str = MAP, **scale: Any
) -> AxesImage:
    """Draw a map of any resolution over a frame of (height, width)."""
    height, width = frame
    return axes.imshow(
        values, cmap=cmap, extent=(0, width, height, 0), interpolation="nearest", **scale
    )
