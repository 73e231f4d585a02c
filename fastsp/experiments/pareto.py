"""Accuracy against seconds to the fitted model: poolers with a readout, and what else there is.

All use one core, and seconds are those that it computes: what else the machine does adds little.
Seconds of a pooler are those of learning, coding the training images and their copies, and fitting
the readout; of the others those of `fit` on grey values, or for the Tsetlin machine on the bits of
the encoder. Nobody's compilation is counted.
"""

import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from fastsp.datasets import Mnist
from fastsp.encoders import BinaryImageEncoder
from fastsp.experiments import tsetlin
from fastsp.experiments.digits import QUICK
from fastsp.experiments.experiment import Experiment, Summary, Trial
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.mnist.presets import PRESETS
from fastsp.experiments.mnist.readout import fit_readout
from fastsp.experiments.mnist.training import Training, compile_for
from fastsp.experiments.progress import Progress, counter
from fastsp.experiments.tsetlin import TsetlinMachine
from fastsp.experiments.wording import listed, percent, seconds
from fastsp.extras import needs

Predict = Callable[[NDArray[np.uint8]], NDArray[Any]]
"""Images -> labels."""

LOGISTIC, NEIGHBOURS, PERCEPTRON, TREES, TSETLIN = OTHERS = (
    "logistic regression",
    "nearest neighbours",
    "multilayer perceptron",
    "histogram gradient boosting",
    "Tsetlin machine",
)


def points() -> dict[str, MnistConfig]:
    """Return the presets, and points between `fast` and `best-linear`."""
    fast, best = PRESETS["fast"], PRESETS["best-linear"]
    between = {
        f"groups of {size}, {copies} copies": replace(
            best,
            column_shape=(14, 14, size),
            density=4 / size,
            readout_copies=copies,
        )
        for size, copies in ((60, 4), (100, 4))
    }
    linear = replace(PRESETS["published"], readout="linear")
    return {
        **{name: replace(config, checkpoints=0) for name, config in PRESETS.items()},
        "published, softmax": replace(linear, checkpoints=0),
        "fast, no copies": replace(fast, readout_copies=0),
        **between,
    }


@dataclass(frozen=True)
class ParetoConfig:
    """Parameters of the experiment `pareto`.

    Attributes
    ----------
    poolers : dict of MnistConfig
        By the name of the arm; their seed is that of the trial.
    neighbours : int
    hidden, perceptron_epochs : int
        Of the multilayer perceptron: units of its one hidden layer, and passes.
    logistic_iterations, tree_iterations : int
        At the most.
    clauses, tsetlin_epochs : int
        Of the Tsetlin machine.
    """

    poolers: dict[str, MnistConfig] = field(default_factory=points)
    neighbours: int = 3
    hidden: int = 256
    perceptron_epochs: int = 10
    logistic_iterations: int = 100
    tree_iterations: int = 50
    clauses: int = 2_000
    tsetlin_epochs: int = 8

    def build(self, seed: int) -> dict[str, Callable[[], Any]]:
        """Return a factory of every other classifier, by name."""
        own: dict[str, Callable[[], Any]] = {
            LOGISTIC: lambda: LogisticRegression(max_iter=self.logistic_iterations),
            NEIGHBOURS: lambda: KNeighborsClassifier(self.neighbours, algorithm="brute"),
            PERCEPTRON: lambda: MLPClassifier(
                (self.hidden,), max_iter=self.perceptron_epochs, random_state=seed
            ),
            TREES: lambda: HistGradientBoostingClassifier(
                max_iter=self.tree_iterations, early_stopping=False, random_state=seed
            ),
            TSETLIN: lambda: TsetlinMachine(self.clauses, self.tsetlin_epochs, random_state=seed),
        }
        if not tsetlin.is_installed():
            del own[TSETLIN]
        return own


def run(config: ParetoConfig, seed: int, digits: Mnist, progress: Progress) -> Trial:
    """Fit every model and try it on the test images, one after the other, on one core."""
    measures: dict[str, dict[str, NDArray[np.float64]]] = {}
    compiled = counter(progress, "compiling", len(config.poolers))
    for point in config.poolers.values():
        compile_for(point, digits)
        compiled()
    for name, point in config.poolers.items():
        own = replace(point, seed=seed, n_jobs=1, checkpoints=0)
        measures[name] = _measure(partial(_fit_pooler, own, digits, progress, name), digits)
    for name, build in config.build(seed).items():
        progress(name, 0, 1)
        with threadpool_limits(1):
            measures[name] = _measure(partial(_fit_other, name, build(), digits), digits)
        progress(name, 1, 1)
    details = {}
    if TSETLIN not in measures:
        details[TSETLIN] = f"skipped; {needs('its package is not installed', 'compare')}"
    return Trial(seed, measures, details=details)


def _measure(fit: Callable[[], Predict], digits: Mnist) -> dict[str, NDArray[np.float64]]:
    """Fit and predict, and measure both by the time that this process computes."""
    started = time.process_time()
    predict = fit()
    fitted = time.process_time()
    predicted = predict(digits.test_images)
    ended = time.process_time()
    return {
        "accuracy": np.array(np.mean(predicted == digits.test_labels)),
        "seconds": np.array(fitted - started),
        "predict_seconds": np.array(ended - fitted),
    }


def _fit_pooler(config: MnistConfig, digits: Mnist, progress: Progress, name: str) -> Predict:
    """Let a pooler learn, fit the readout on its codes, and return what tells labels."""
    training = Training(config, digits)
    training.run(progress, f"{name}, learning")
    code = training.pooler.transform
    readout = fit_readout(code, config, digits, progress, f"{name}, codes")
    encoder = config.build_encoder(digits.test_images)
    return lambda images: readout.predict(code(encoder.transform(images)))


def _fit_other(name: str, classifier: Any, digits: Mnist) -> Predict:
    """Fit another classifier, and return what tells labels."""
    encoder = BinaryImageEncoder(channels="on").fit(digits.train_images[:1])
    prepare = encoder.transform if name == TSETLIN else _grey
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # they end when they are told to
        classifier.fit(prepare(digits.train_images), digits.train_labels)
    return lambda images: classifier.predict(prepare(images))


def _grey(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return images.astype(np.float32) / np.float32(255)


def front(accuracy: dict[str, float], cost: dict[str, float]) -> list[str]:
    """Return what nothing else is at least as good as in both, by rising cost."""
    best, names = -1.0, []
    for name in sorted(cost, key=lambda name: (cost[name], -accuracy[name])):
        if accuracy[name] > best:
            best = accuracy[name]
            names.append(name)
    return names


def front_of(summary: Summary) -> list[str]:
    """Return the front of the means over the seeds."""
    accuracy = {name: float(measures["accuracy"].mean) for name, measures in summary.items()}
    cost = {name: float(measures["seconds"].mean) for name, measures in summary.items()}
    return front(accuracy, cost)


def found(config: ParetoConfig, summary: Summary) -> tuple[str, str]:
    """Return who is on the front, and what the presets take."""

    def told(names: Iterable[str]) -> str:
        each = {name: summary[name] for name in names if name in summary}
        return listed(
            [
                f"{name} {percent(measures['accuracy'], 2)} in {seconds(measures['seconds'])}"
                for name, measures in each.items()
            ]
        )

    skipped = "" if TSETLIN in summary else " No Tsetlin machine was installed."
    return (
        f"Test accuracy and seconds to the fitted model, on one core: {told(config.poolers)}.",
        f"On grey values: {told(OTHERS)}.{skipped} Nothing is both faster and more accurate than "
        f"{listed(front_of(summary))}.",
    )


EXPERIMENT = Experiment(
    name="pareto",
    title="Accuracy against seconds",
    lead="Seconds from training images to the fitted model, and accuracy on the test images, of "
    "poolers with a readout and of other classifiers, all on one core.",
    full=ParetoConfig(),
    quick=ParetoConfig(
        {"small": QUICK, "small, softmax": replace(QUICK, readout="linear")},
        hidden=16,
        perceptron_epochs=2,
        logistic_iterations=20,
        tree_iterations=2,
        clauses=20,
        tsetlin_epochs=1,
    ),
    run=run,
    found=found,
    needs_digits=True,
)
