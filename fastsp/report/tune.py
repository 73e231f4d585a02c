"""Page of the experiment `tune`."""

from fastsp.experiments.experiment import ExperimentResult
from fastsp.experiments.tune import BEST, TuneConfig
from fastsp.experiments.wording import percent
from fastsp.plots import tune as plots
from fastsp.report.page import Drawing, Fact, Page, Table


def page(result: ExperimentResult[TuneConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, first = result.summary(), result.trials[0]
    pictures = first.pictures
    return Page(
        headline=(
            Fact(
                "Best of the search",
                percent(summary[BEST]["accuracy"].mean),
                "of the held-out training images",
            ),
        ),
        tables=(
            Table(
                "On the held-out training images",
                ("parameters", "accuracy", "entropy"),
                tuple(
                    (arm, percent(measures["accuracy"], 2), percent(measures["entropy"]))
                    for arm, measures in summary.items()
                ),
                "Mean over the seeds, least to greatest in brackets. Columns combined by the "
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
            Drawing.of(
                plots.search(pictures["values"], pictures["importances"]),
                "The search",
                "Left: every trial in order. Right: how much of the variance of accuracy each "
                "parameter explains, by functional analysis of variance of a random forest over "
                "the trials.",
            ),
        ),
    )
