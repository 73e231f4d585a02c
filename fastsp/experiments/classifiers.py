"""Four classifiers on the same codes of MNIST: accuracy, time and memory.

The published discussion of the pooler holds that k nearest neighbours took too much memory and
time to be used, and asks whether others owed their 95 % to it. Here all classifiers read the same
codes of the published pooler, and the raw ON bits, which is what nearest neighbours can do alone.
"""

import pickle
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

from fastsp.classifiers import MaximumLikelihoodClassifier
from fastsp.datasets import Mnist
from fastsp.experiments.digits import PUBLISHED, QUICK, coders
from fastsp.experiments.experiment import Experiment, Summary, Trial, arm
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.progress import Progress, counter
from fastsp.experiments.wording import compared, percent, seconds

CODES = ("trained pooler", "raw ON bits")
PRODUCT, MEAN, SOFTMAX, NEIGHBOURS = CLASSIFIERS = (
    "likelihood, product",
    "likelihood, mean",
    "linear softmax",
    "nearest neighbours",
)
TRACED = 1_000
"""Number of test images that are predicted once more to measure memory."""
FEASIBLE_SECONDS, FEASIBLE_BYTES = 0.01, 1e9
"""Limits of what is called feasible: time for each predicted image, and memory."""


@dataclass(frozen=True)
class ClassifiersConfig:
    """Parameters of the experiment `classifiers`.

    Those of the classifiers were chosen by the accuracy on the last 10,000 training images, after
    learning from the 50,000 others.

    Attributes
    ----------
    pooler : MnistConfig
        What is trained; its seed is that of the trial. Its smoothing is that of the likelihood.
    softmax_strength : float
        Inverse of the regularisation of the linear softmax.
    neighbours : int
        Each has the same weight.
    working_memory : int
        MiB that scikit-learn may take for distances at a time; its default is 1,024.
    """

    pooler: MnistConfig = PUBLISHED
    softmax_strength: float = 0.3
    neighbours: int = 5
    working_memory: int = 128

    def build(self) -> dict[str, Callable[[], Any]]:
        """Return a factory for each classifier, by name."""
        smoothing = self.pooler.smoothing
        return {
            PRODUCT: lambda: MaximumLikelihoodClassifier(smoothing=smoothing),
            MEAN: lambda: MaximumLikelihoodClassifier("mean", smoothing=smoothing),
            SOFTMAX: lambda: LogisticRegression(C=self.softmax_strength, max_iter=500),
            NEIGHBOURS: lambda: KNeighborsClassifier(self.neighbours, algorithm="brute"),
        }


def run(config: ClassifiersConfig, seed: int, digits: Mnist, progress: Progress) -> Trial:
    """Fit every classifier on the codes of all training images and try it on the test images."""
    ways = coders(config.pooler, seed, digits, progress)
    tell = counter(progress, "classifiers", len(CODES) * len(CLASSIFIERS))
    measures: dict[str, dict[str, NDArray[np.float64]]] = {}
    with threadpool_limits(1), config_context(working_memory=config.working_memory):
        for code in CODES:
            train, test = (
                _as_read(ways[code](images)) for images in (digits.train_images, digits.test_images)
            )
            for name, build in config.build().items():
                measures[arm(name, code)] = _try(
                    build(), (train, digits.train_labels), (test, digits.test_labels)
                )
                tell()
    return Trial(seed, measures)


def _as_read(codes: Any) -> Any:
    """Return dense codes as float32, for scikit-learn's products, and sparse ones as they are."""
    return codes.astype(np.float32) if isinstance(codes, np.ndarray) else codes


def _try(
    classifier: Any,
    training: tuple[Any, NDArray[np.uint8]],
    test: tuple[Any, NDArray[np.uint8]],
) -> dict[str, NDArray[np.float64]]:
    """Fit, predict and measure one classifier.

    Memory while predicting is the peak of what NumPy and Python allocate. It is measured in a
    separate run over the first `TRACED` images, because tracing slows prediction down.
    """
    started = time.perf_counter()
    classifier.fit(*training)
    fitted = time.perf_counter()
    predicted = classifier.predict(test[0])
    ended = time.perf_counter()
    tracemalloc.start()
    classifier.predict(test[0][:TRACED])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        "n_predicted": np.array(float(len(test[1]))),
        "accuracy": np.array(np.mean(predicted == test[1])),
        "fit_seconds": np.array(fitted - started),
        "predict_seconds": np.array(ended - fitted),
        "model_bytes": np.array(float(len(pickle.dumps(classifier, protocol=5)))),
        "predict_bytes": np.array(float(peak)),
    }


def found(config: ClassifiersConfig, summary: Summary) -> tuple[str, str]:
    """Return whether nearest neighbours were feasible, and whether only they reach 95 %."""
    code, raw = CODES
    product, softmax, nearest, raw_nearest = (
        summary[arm(classifier, of)]
        for classifier, of in (
            (PRODUCT, code),
            (SOFTMAX, code),
            (NEIGHBOURS, code),
            (NEIGHBOURS, raw),
        )
    )
    gain = compared(
        nearest["accuracy"], product["accuracy"], "more", "less", "no more in every seed"
    )
    least = 0.945  # what rounds to 95 %
    neighbours_reach = bool(nearest["accuracy"].least >= least)
    raw_reach = bool(raw_nearest["accuracy"].least >= least)
    softmax_reach = bool(softmax["accuracy"].least >= least)
    reach = (
        f"Nearest neighbours do {'' if neighbours_reach else 'not '}bring these codes to 95 %"
        f"{', and they' if raw_reach == neighbours_reach else ', but they'} "
        f"{'reach' if raw_reach else 'do not reach'} it on raw ON bits "
        f"without any pooler: {percent(raw_nearest['accuracy'])}"
    )
    alone = (
        "so that 95 % takes no neighbours"
        if softmax_reach
        else "so that a linear readout is not enough for 95 %"
    )
    per_image = nearest["predict_seconds"].greatest / nearest["n_predicted"].least
    n_test = int(nearest["n_predicted"].greatest)
    n_bytes = nearest["model_bytes"].greatest + nearest["predict_bytes"].greatest
    feasible = per_image <= FEASIBLE_SECONDS and n_bytes <= FEASIBLE_BYTES
    return (
        f"On the same codes nearest neighbours classify {percent(nearest['accuracy'])} of the test "
        f"images, {gain} than likelihood by product, which classifies "
        f"{percent(product['accuracy'])}. For all {n_test:,} of them they take "
        f"{seconds(nearest['predict_seconds'])} of one core, where the likelihood takes "
        f"{seconds(product['predict_seconds'])}, and at most "
        f"{n_bytes / 1e6:.0f} MB. That is {'feasible' if feasible else 'not feasible'} by the "
        f"measure of {1000 * FEASIBLE_SECONDS:.0f} ms an image and {FEASIBLE_BYTES / 1e9:.0f} GB; "
        "the published discussion found nearest neighbours not feasible, for their memory and "
        "time, without telling any figures.",
        f"{reach}; a linear softmax on the codes reaches {percent(softmax['accuracy'])}, {alone}.",
    )


EXPERIMENT = Experiment(
    name="classifiers",
    title="Four classifiers on the same codes",
    lead="The published pooler learns MNIST; then every classifier is fitted on the codes of all "
    "training images, and on their raw ON bits, and tried on the test images. All use one core.",
    full=ClassifiersConfig(),
    quick=ClassifiersConfig(QUICK),
    run=run,
    found=found,
    needs_digits=True,
)
