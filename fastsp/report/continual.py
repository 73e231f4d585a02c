"""Page of the experiment `continual`."""

from fastsp.experiments.continual import ARMS, FEATURES, POOLER, RIDGE, ContinualConfig
from fastsp.experiments.experiment import ExperimentResult
from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import number, percent, seconds
from fastsp.plots.continual import accuracy_seen
from fastsp.report.page import Drawing, Fact, Page, Table


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
            Table(
                "Accuracy over the classes seen so far",
                (
                    "arm",
                    *(f"{2 * place} classes" for place in range(1, n_pairs + 1)),
                    "first two at the end",
                ),
                tuple(
                    (
                        name,
                        *(percent(summary[name]["seen"][place]) for place in range(n_pairs)),
                        percent(summary[name]["first_pair"]),
                    )
                    for name in ARMS
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
            Table(
                "What it takes",
                ("arm", "MB of model", "seconds for the stream"),
                tuple(
                    (
                        name,
                        number(Spread(*(n / 1e6 for n in summary[name]["model_bytes"])), "{:.1f}"),
                        seconds(summary[name]["seconds"]),
                    )
                    for name in ARMS
                ),
                "Model: bytes of all that goes on learning, pickled: the pooler, or what makes the "
                "features, and the classifier. Seconds: of computing on one core, coding of the "
                "images and the solution of the sums at the end included.",
            ),
        ),
        figures=(
            Drawing.of(
                accuracy_seen(summary),
                "Accuracy over the classes seen so far",
                "Bands go from the least to the greatest seed.",
            ),
        ),
    )
