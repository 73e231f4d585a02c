"""Page and figure of the experiment `continual`."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fastsp.experiments.continual import FEATURES, POOLER, RIDGE, ContinualConfig
from fastsp.experiments.experiment import ExperimentResult, Summary
from fastsp.experiments.wording import percent, seconds
from fastsp.report.page import BANDS, Column, Drawing, Fact, Page, Table, megabytes
from fastsp.report.style import draw_curves, grid_behind, panels


def page(result: ExperimentResult[ContinualConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary = result.summary()
    n_pairs = summary[POOLER]["seen"].mean.size
    return Page(
        headline=tuple(
            Fact(
                name.capitalize(),
                percent(summary[name]["accuracy"].mean),
                "test accuracy over all classes at the end",
            )
            for name in (RIDGE, FEATURES, POOLER)
        ),
        tables=(
            Table.of(
                summary,
                "Accuracy over the classes seen so far",
                "arm",
                (
                    *(
                        Column(f"{2 * pair + 2} classes", "seen", percent, pair)
                        for pair in range(n_pairs)
                    ),
                    Column("first two at the end", "first_pair"),
                ),
                "Of the test images of these classes; mean over the seeds, least to greatest in "
                "brackets. Ridge regression keeps sums: of the codes of a pooler that learns from "
                "a share of the first two classes and stays as it is, of those of an untrained "
                "one, of as many random Fourier features of the grey values, and of these "
                "themselves. Pooler: learns from a share of the first two classes and stays as it "
                "is; its codes are counted by the maximum-likelihood classifier, as are those of "
                "the untrained pooler, the raw bits (on and off), and the poolers that learn from "
                "all images while they are counted; learning of the homeostatic one rests where "
                "columns are in use. Softmax on codes reads those of the first. "
                "The multilayer perceptron and logistic regression, both by stochastic gradient "
                "descent, learn from grey values.",
            ),
            Table.of(
                summary,
                "What it takes",
                "arm",
                (
                    Column("MB of model", "model_bytes", megabytes),
                    Column("seconds for the stream", "seconds", seconds),
                ),
                "Model: bytes of all that goes on learning, pickled: the pooler, or what makes the "
                "features, and the classifier. Seconds: of computing on one core, coding of the "
                "images and the solution of the sums at the end included.",
            ),
        ),
        figures=(Drawing(accuracy_seen(summary), "Accuracy over the classes seen so far", BANDS),),
    )


def accuracy_seen(summary: Summary) -> Figure:
    """Draw the accuracy of every arm over all classes seen so far, after each pair of them."""
    figure, (whole, top) = panels((11, 4.6), 1, 2)
    seen = {arm: measures["seen"] for arm, measures in summary.items()}
    n_pairs = next(iter(seen.values())).mean.size
    for axes, bounds in ((whole, (0, 1.02)), (top, (0.9, 1.002))):
        draw_curves(axes, 2 * np.arange(1, n_pairs + 1), seen)
        axes.set(xlabel="classes seen so far", ylim=bounds)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        grid_behind(axes)
    whole.set(ylabel="accuracy over them\n(share of test images)")
    top.set(title="the upper end")
    figure.legend(handles=whole.get_lines(), loc="outside right center", frameon=False, fontsize=9)
    return figure
