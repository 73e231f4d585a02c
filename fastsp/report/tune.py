"""Page and figure of the experiment `tune`."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from fastsp.experiments.experiment import ExperimentResult
from fastsp.experiments.tune import BEST, TuneConfig
from fastsp.experiments.wording import percent
from fastsp.report.page import MEANS, Column, Drawing, Fact, Page, Table, finely
from fastsp.report.style import BLUE, GREY, limit_share, panels


def page(result: ExperimentResult[TuneConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, first = result.summary(), result.trials[0]
    return Page(
        headline=(
            Fact(
                "Best of the search",
                percent(summary[BEST]["accuracy"].mean),
                "of the held-out training images",
            ),
        ),
        tables=(
            Table.of(
                summary,
                "On the held-out training images",
                "parameters",
                (Column("accuracy", "accuracy", finely), Column("entropy", "entropy")),
                f"{MEANS} Columns combined by the "
                "product; entropy of the active duty cycles at the end, as a share of its maximum. "
                "The search chose among those with at least "
                f"{percent(result.config.least_entropy)}.",
            ),
            Table(
                "What differs in the best, as a preset",
                ("parameter", "value"),
                tuple(
                    (name.strip(), value)
                    for line in first.details["preset"].splitlines()[1:-1]
                    for name, value in [line.strip().rstrip(",").split("=")]
                ),
                "Parameters of MnistConfig, of the search with the first seed.",
            ),
        ),
        figures=(
            Drawing(
                search(first.pictures["values"], first.pictures["importances"]),
                "The search",
                "Left: every trial in order. Right: how much of the variance of accuracy each "
                "parameter explains, by functional analysis of variance of a random forest over "
                "the trials.",
            ),
        ),
    )


def search(values: Sequence[float], importances: Mapping[str, float]) -> Figure:
    """Draw the accuracy of every trial and the importance of every parameter.

    Parameters
    ----------
    values : sequence of float
        Accuracy of each trial, in order.
    importances : dict of float
        Share of the variance of accuracy that each parameter explains, by name; may be empty.
    """
    figure, (left, right) = panels((9, 3.6), 1, 2)
    places = np.arange(1, len(values) + 1)
    left.plot(places, values, "o", color=GREY, markersize=3.5, label="trial")
    left.step(places, np.maximum.accumulate(values), where="post", color=BLUE, label="best so far")
    left.set(xlabel="trial", ylabel="accuracy (share of held-out images)")
    limit_share(left, "y", values)
    left.legend(frameon=False, loc="center right")
    ranked = dict(sorted(importances.items(), key=lambda item: item[1]))
    right.barh([name.replace("_", " ") for name in ranked], [*ranked.values()], color=BLUE)
    right.set(xlabel="importance (share of the variance of accuracy)", xlim=(0, 1))
    if not ranked:
        right.set_title("too few trials to tell", fontsize=9, color=GREY)
    return figure
