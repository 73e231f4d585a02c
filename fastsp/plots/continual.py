"""Figure of the experiment `continual`: accuracy over the classes seen so far."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fastsp.experiments.spread import Spread
from fastsp.plots.style import SERIES, draw_spread


def accuracy_seen(summary: Mapping[str, Mapping[str, Spread]]) -> Figure:
    """Draw the accuracy of every arm over all classes seen so far, after each pair of them."""
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots()
    for (arm, measures), (color, style) in zip(summary.items(), SERIES, strict=False):
        seen = measures["seen"]
        pairs = np.arange(1, seen.mean.size + 1)
        draw_spread(axes, 2 * pairs, seen, color, style, arm)
    axes.set(
        xlabel="classes seen so far",
        ylabel="accuracy over them\n(share of test images)",
        ylim=(0, 1.02),
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color="#dddddd")
    figure.legend(loc="outside right center", frameon=False, fontsize=9)
    return figure
