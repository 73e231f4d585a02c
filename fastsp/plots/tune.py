"""Figures of a search for parameters."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from fastsp.plots.style import BLUE, GREY, limit_share


def search(values: Sequence[float], importances: Mapping[str, float]) -> Figure:
    """Draw the accuracy of every trial and the importance of every parameter.

    Parameters
    ----------
    values : sequence of float
        Accuracy of each trial, in order.
    importances : dict of float
        Share of the variance of accuracy that each parameter explains, by name; may be empty.
    """
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    places = np.arange(1, len(values) + 1)
    left.plot(places, values, "o", color=GREY, markersize=3.5, label="trial")
    left.step(places, np.maximum.accumulate(values), where="post", color=BLUE, label="best so far")
    left.set(xlabel="trial", ylabel="accuracy (share of held-out images)")
    limit_share(left, "y", values)
    left.legend(frameon=False, loc="center right")
    names = sorted(importances, key=lambda name: importances[name])
    right.barh(
        [name.replace("_", " ") for name in names],
        [importances[name] for name in names],
        color=BLUE,
    )
    right.set(xlabel="importance (share of the variance of accuracy)", xlim=(0, 1))
    if not names:
        right.set_title("too few trials to tell", fontsize=9, color=GREY)
    return figure
