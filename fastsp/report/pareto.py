"""Page of the experiment `pareto`."""

from fastsp.experiments.experiment import ExperimentResult
from fastsp.experiments.pareto import ParetoConfig, front_of
from fastsp.experiments.wording import number, percent
from fastsp.plots.pareto import accuracy_against_seconds
from fastsp.report.page import Drawing, Fact, Page, Table


def page(result: ExperimentResult[ParetoConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary = result.summary()
    cost = {name: float(measures["seconds"].mean) for name, measures in summary.items()}
    best = front_of(summary)
    return Page(
        headline=tuple(
            Fact(
                name.capitalize(),
                percent(summary[name]["accuracy"].mean),
                f"{cost[name]:.2g} s to the model",
            )
            for name in best
        ),
        tables=(
            Table(
                "Accuracy and seconds",
                ("model", "accuracy", "s to the model", "s to predict"),
                tuple(
                    (
                        name,
                        percent(measures["accuracy"], 2),
                        number(measures["seconds"], "{:.3g}"),
                        number(measures["predict_seconds"], "{:.2g}"),
                    )
                    for name, measures in sorted(summary.items(), key=lambda item: cost[item[0]])
                ),
                "Mean over the seeds, least to greatest in brackets; by the seconds to the model. "
                "In which one core computes for it, without compilation: of a pooler learning, "
                "coding the training images and fitting the readout; of the others `fit`. To "
                "predict: all test images. Others work on grey values, the Tsetlin machine on "
                "on-bits.",
            ),
        ),
        figures=(
            Drawing.of(
                accuracy_against_seconds(summary, result.config.poolers, best),
                "Accuracy against seconds",
                "A mark is the mean over the seeds, lines go from the least to the greatest.",
            ),
        ),
    )
