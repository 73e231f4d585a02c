"""Figure of the experiment `continual`: accuracy over the classes seen so far."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fastsp.experiments.spread import Spread
from fastsp.plots.style import SERIES, draw_spread


def accuracy_seen(summary: Mapping[str, Mapping[str, Spread]]) -> Figure:
    """Draw the accuracy of every arm over all classes seen so far, after each pair of them."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    whole, top = figure.subplots(1, 2)
    for axes, bounds in ((whole, (0, 1.02)), (top, (0.9, 1.002))):
        for (arm, measures), (color, style) in zip(summary.items(), SERIES, strict=False):
            seen = measures["seen"]
            pairs = np.arange(1, seen.mean.size + 1)
            draw_spread(axes, 2 * pairs, seen, color, style, arm if axes is whole else None)
        axes.set(xlabel="classes seen so far", ylim=bounds)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(color="#dddddd")
    whole.set(ylabel="accuracy over them\n(share of test images)")
    top.set(title="the upper end")
    figure.legend(loc="outside right center", frameon=False, fontsize=9)
    return figure
