"""Page of the experiment `classifiers`."""

from fastsp.experiments.classifiers import (
    CLASSIFIERS,
    CODES,
    NEIGHBOURS,
    SOFTMAX,
    ClassifiersConfig,
)
from fastsp.experiments.experiment import ExperimentResult, arm
from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import number, percent
from fastsp.plots import classifiers as plots
from fastsp.report.page import Drawing, Fact, Page, Table


def page(result: ExperimentResult[ClassifiersConfig]) -> Page:
    """Return what is special on the page of a complete result."""
    summary, config = result.summary(), result.config
    rows = tuple(
        (
            arm,
            percent(measures["accuracy"], 2),
            number(measures["fit_seconds"], "{:.3g}"),
            number(measures["predict_seconds"], "{:.2g}"),
            _megabytes(measures["model_bytes"]),
            _megabytes(measures["predict_bytes"]),
        )
        for arm, measures in summary.items()
    )
    return Page(
        headline=tuple(
            Fact(
                f"{classifier.capitalize()}, {code}",
                percent(summary[arm(classifier, code)]["accuracy"].mean),
                "test accuracy",
            )
            for classifier in (SOFTMAX, NEIGHBOURS)
            for code in CODES
        ),
        tables=(
            Table(
                "Accuracy, time and memory",
                (
                    "classifier, code",
                    "accuracy",
                    "s to fit",
                    "s to predict",
                    "MB of model",
                    "MB to predict",
                ),
                rows,
                "Mean over the seeds, least to greatest in brackets. Accuracy on the test images; "
                "seconds for all training and all test images, on one core, without coding them. "
                "Model: bytes of the fitted classifier when pickled. To predict: the most memory "
                "that Python and NumPy hold on top of it meanwhile, of which distances may take "
                f"{config.working_memory} MiB. Linear softmax is "
                f"scikit-learn's LogisticRegression with C={config.softmax_strength:g}; the "
                f"{config.neighbours} nearest neighbours, its KNeighborsClassifier by brute force. "
                "Both were chosen on a validation split of the training images. Raw ON bits do "
                "not depend on the seed; without OFF bits they serve the likelihood badly, which "
                "counts active bits only (`fastsp mnist` gives it both).",
            ),
        ),
        figures=(
            Drawing.of(
                plots.accuracy_and_costs(summary, CLASSIFIERS, CODES),
                "Accuracy and what it costs",
                "A mark is the mean over the seeds, a line goes from the least to the greatest. "
                "Time and memory on logarithmic axes.",
            ),
        ),
    )


def _megabytes(n_bytes: Spread) -> str:
    return number(Spread(*(value / 1e6 for value in n_bytes)), "{:.1f}")
