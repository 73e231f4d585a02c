"""Classes that come two at a time, one pass, with nothing seen again.

Classifiers that adjust shared weights forget the first classes while they learn the last. Counts
and sums forget nothing, as long as what they are taken of stays what it is.
"""

import math
import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from fastsp.classifiers import (
    MaximumLikelihoodClassifier,
    SoftmaxClassifier,
    StreamingRidgeClassifier,
)
from fastsp.datasets import Mnist
from fastsp.experiments.digits import QUICK
from fastsp.experiments.experiment import Experiment, Summary, Trial, streams
from fastsp.experiments.mnist.config import Classifier, MnistConfig
from fastsp.experiments.mnist.presets import PRESETS
from fastsp.experiments.mnist.training import check_labels, compile_for
from fastsp.experiments.progress import Progress, counter
from fastsp.experiments.wording import holding, listed, percent
from fastsp.homeostasis import HomeostaticPooler
from fastsp.pooler import SpatialPooler

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]

RIDGE, UNTRAINED_RIDGE, FEATURES, PIXELS = RIDGE_ARMS = (
    "pooler, ridge",
    "untrained pooler, ridge",
    "random features, ridge",
    "raw pixels, ridge",
)
"""Ridge regression from sums, on codes and on grey values: as they are, and as random Fourier
features, of which there are as many as the pooler has columns."""
POOLER, UNTRAINED, RAW, LEARNING, SETTLING, SOFTMAX, PERCEPTRON, LOGISTIC = OTHER_ARMS = (
    "pooler",
    "untrained pooler",
    "raw bits",
    "pooler learning on",
    "homeostatic pooler learning on",
    "softmax on codes",
    "multilayer perceptron",
    "logistic regression",
)
"""The first three and the poolers that learn on are counted by the maximum-likelihood classifier;
softmax regression reads the codes of the first. The last two learn from pixels."""
ARMS = (*RIDGE_ARMS, *OTHER_ARMS)


def _pooler() -> MnistConfig:
    """Return `best-likelihood` with groups of half the size."""
    preset = PRESETS["best-likelihood"]
    return replace(preset, column_shape=(14, 14, 200), density=1 / 200)


def _ridge_pooler() -> MnistConfig:
    """Return a pooler of as many columns as ridge regression solves in a second or so."""
    return replace(
        PRESETS["best-linear"],
        column_shape=(6, 6, 136),
        density=11 / 136,
        n_potential=50,
        readout="ridge",
        readout_copies=0,
    )


@dataclass(frozen=True)
class ContinualConfig:
    """Parameters of the experiment `continual`.

    They were chosen on the last 10,000 training images, after all was learned from the others.

    Attributes
    ----------
    pooler : MnistConfig
        Its cycles, augmentation and readout are not used.
    ridge_pooler : MnistConfig
        The same for ridge regression.
    ridge_alpha, features_alpha, pixels_alpha : float
        Regularisation of ridge regression, on codes, random features and grey values.
    gamma : float
        Of random features: parameter of `RBFSampler`.
    pooler_share : float
        Share of the images of the first two classes by which the pooler learns, and which are not
        counted.
    period, n_probes, least_usage, least_stability, rests
        Parameters of `HomeostaticPooler`.
    softmax_rate : float
        Learning rate of softmax regression on the codes.
    hidden, perceptron_rate : int, float
        Units of the only hidden layer, and the learning rate of the multilayer perceptron (Adam).
    logistic_rate : float
        Learning rate of logistic regression by stochastic gradient descent.
    batch : int
        Images between two steps of the perceptron.
    chunk : int
        Images that come at once: those that a pooler learns from are counted after that.
    """

    pooler: MnistConfig = field(default_factory=_pooler)
    ridge_pooler: MnistConfig = field(default_factory=_ridge_pooler)
    ridge_alpha: float = 30.0
    features_alpha: float = 0.01
    pixels_alpha: float = 1000.0
    gamma: float = 0.01
    pooler_share: float = 0.25
    period: int = 3_000
    n_probes: int = 100
    least_usage: float = 0.5
    least_stability: float = 0.9
    rests: Literal["boosting", "learning"] = "learning"
    softmax_rate: float = 0.005
    hidden: int = 256
    perceptron_rate: float = 0.001
    logistic_rate: float = 0.01
    batch: int = 32
    chunk: int = 1_000

    def build_settling(self, shape: tuple[int, int]) -> HomeostaticPooler:
        """Return the pooler under the homeostatic controller."""
        return HomeostaticPooler(
            self.pooler.build_pooler(shape),
            period=self.period,
            n_probes=self.n_probes,
            least_usage=self.least_usage,
            least_stability=self.least_stability,
            rests=self.rests,
        )


class Learner(Protocol):
    """Learns from images as they come, and tells labels."""

    def learn(self, images: Images, labels: Labels) -> None:
        """Learn from a chunk."""

    def predict(self, images: Images) -> NDArray[Any]:
        """Return the label of each image."""


@dataclass
class Coded:
    """A classifier of codes; the pooler behind them learns from the first images, or from all."""

    config: MnistConfig
    classifier: Classifier
    classes: Labels
    pooler: SpatialPooler | HomeostaticPooler | None = None
    n_first: int = 0
    """Images by which the pooler learns, and which are not classified."""
    learns_on: bool = False

    def learn(self, images: Images, labels: Labels) -> None:
        """Learn from a chunk."""
        bits = self.config.build_encoder(images).transform(images)
        if self.pooler and (self.n_first or self.learns_on):
            n = len(bits) if self.learns_on else min(self.n_first, len(bits))
            self.pooler.partial_fit(bits[:n])
            if not self.learns_on:
                self.n_first -= n
                bits, labels = bits[n:], labels[n:]
        if len(labels):
            self.classifier.partial_fit(self._code(bits), labels, self.classes)

    def predict(self, images: Images) -> NDArray[Any]:
        """Return the label of each image."""
        return self.classifier.predict(
            self._code(self.config.build_encoder(images).transform(images))
        )

    def _code(self, bits: Images) -> Any:
        return self.pooler.transform(bits) if self.pooler else csr_matrix(bits)


@dataclass
class OfPixels:
    """A classifier that learns from grey values, or from features of them, by batches."""

    classifier: Any
    classes: Labels
    batch: int
    features: RBFSampler | None = None

    def learn(self, images: Images, labels: Labels) -> None:
        """Learn from a chunk."""
        for start in range(0, len(images), self.batch):
            part = slice(start, start + self.batch)
            read = self._read(images[part])
            self.classifier.partial_fit(read, labels[part], classes=self.classes)

    def predict(self, images: Images) -> NDArray[Any]:
        """Return the label of each image."""
        labels: NDArray[Any] = self.classifier.predict(self._read(images))
        return labels

    def _read(self, images: Images) -> NDArray[np.float32]:
        grey = images.astype(np.float32) / np.float32(255)
        return self.features.transform(grey) if self.features else grey


def build(
    name: str, config: ContinualConfig, classes: Labels, n_first: int, shape: tuple[int, int]
) -> Learner:
    """Return the learner of an arm; `config.pooler` holds the seed.

    `n_first` are the images of the first two classes.
    """
    own, seed = config.pooler, config.pooler.seed
    of_ridge = replace(config.ridge_pooler, seed=seed)
    by_pooler = round(config.pooler_share * n_first)

    def counted(pooler: SpatialPooler | HomeostaticPooler | None, **learning: Any) -> Learner:
        counts = MaximumLikelihoodClassifier(smoothing=own.smoothing)
        return Coded(own, counts, classes, pooler, **learning)

    def summed(n_learned: int) -> Learner:
        ridge = StreamingRidgeClassifier(config.ridge_alpha)
        return Coded(of_ridge, ridge, classes, of_ridge.build_pooler(shape), n_learned)

    def softmax() -> Learner:
        classifier = SoftmaxClassifier(learning_rate=config.softmax_rate)
        return Coded(own, classifier, classes, own.build_pooler(shape), by_pooler)

    def of_features() -> Learner:
        n_features = math.prod(of_ridge.column_shape)
        sampler = RBFSampler(gamma=config.gamma, n_components=n_features, random_state=seed)
        sampler.fit(np.zeros((1, math.prod(shape)), np.float32))
        ridge = StreamingRidgeClassifier(config.features_alpha)
        return OfPixels(ridge, classes, config.chunk, sampler)

    def perceptron() -> Learner:
        rate = config.perceptron_rate
        classifier = MLPClassifier((config.hidden,), learning_rate_init=rate, random_state=seed)
        return OfPixels(classifier, classes, config.batch)

    def logistic() -> Learner:
        rate = config.logistic_rate
        classifier = SGDClassifier(
            loss="log_loss", learning_rate="constant", eta0=rate, random_state=seed
        )
        return OfPixels(classifier, classes, config.chunk)

    builders: dict[str, Callable[[], Learner]] = {
        RIDGE: lambda: summed(by_pooler),
        UNTRAINED_RIDGE: lambda: summed(0),
        FEATURES: of_features,
        PIXELS: lambda: OfPixels(
            StreamingRidgeClassifier(config.pixels_alpha), classes, config.chunk
        ),
        POOLER: lambda: counted(own.build_pooler(shape), n_first=by_pooler),
        UNTRAINED: lambda: counted(own.build_pooler(shape)),
        RAW: lambda: counted(None),
        LEARNING: lambda: counted(own.build_pooler(shape), learns_on=True),
        SETTLING: lambda: counted(config.build_settling(shape), learns_on=True),
        SOFTMAX: softmax,
        PERCEPTRON: perceptron,
        LOGISTIC: logistic,
    }
    return builders[name]()


def run(config: ContinualConfig, seed: int, digits: Mnist, progress: Progress) -> Trial:
    """Let every arm learn the same stream, and try it on the classes seen so far."""
    check_labels(digits)
    config = replace(config, pooler=replace(config.pooler, seed=seed))
    compiled = counter(progress, "compiling", 2)
    for pooler in (config.pooler, config.ridge_pooler):
        compile_for(pooler, digits)
        compiled()
    classes = np.unique(digits.train_labels)
    pairs = [classes[start : start + 2] for start in range(0, len(classes), 2)]
    n_first = int(np.isin(digits.train_labels, pairs[0]).sum())
    measures: dict[str, dict[str, NDArray[np.float64]]] = {}
    with threadpool_limits(1):
        for name in ARMS:
            learner = build(name, config, classes, n_first, digits.image_shape)
            done, seen, seconds = 0, [], 0.0
            for place, pair in enumerate(pairs):
                for part in _stream(digits.train_labels, pair, config.chunk, seed, place):
                    progress(name, done, len(digits.train_labels))
                    started = time.process_time()
                    learner.learn(digits.train_images[part], digits.train_labels[part])
                    seconds += time.process_time() - started
                    done += len(part)
                if place == len(pairs) - 1:  # sums are solved when they are asked for
                    started = time.process_time()
                    learner.predict(digits.test_images[:1])
                    seconds += time.process_time() - started
                known = np.isin(digits.test_labels, classes[: 2 * place + 2])
                right = learner.predict(digits.test_images[known]) == digits.test_labels[known]
                seen.append(right.mean() if right.size else np.nan)
            progress(name, done, len(digits.train_labels))
            first = np.isin(digits.test_labels[known], pairs[0])
            measures[name] = {
                "accuracy": np.array(seen[-1]),
                "seen": np.array(seen),
                "first_pair": np.array(right[first].mean() if first.any() else np.nan),
                "seconds": np.array(seconds),
                "model_bytes": np.array(float(len(pickle.dumps(learner, protocol=5)))),
            }
    return Trial(seed, measures)


def _stream(
    labels: Labels, pair: Labels, chunk: int, seed: int, place: int
) -> Iterator[NDArray[np.int64]]:
    """Return the positions of the images of two classes, in a random order, chunk by chunk."""
    order = streams(seed, 0, place).permutation(np.flatnonzero(np.isin(labels, pair)))
    return (order[start : start + chunk] for start in range(0, len(order), chunk))


def found(config: ContinualConfig, summary: Summary) -> tuple[str, str]:
    """Return which way of learning lasts, and what makes the others fail."""
    accuracy = {name: summary[name]["accuracy"] for name in ARMS}
    differences = {
        "a pooler that has learned from the first two classes serves the others better than one "
        "that has not": (POOLER, UNTRAINED),
        "codes serve better than raw bits": (POOLER, RAW),
        "ridge regression reads codes better than counts do": (RIDGE, POOLER),
        "learning from the first two classes serves ridge regression": (RIDGE, UNTRAINED_RIDGE),
        "codes serve ridge regression better than grey values": (RIDGE, PIXELS),
        "codes serve ridge regression better than as many random features": (RIDGE, FEATURES),
        "as many random features serve ridge regression better than codes": (FEATURES, RIDGE),
        "counts forget less than a multilayer perceptron": (POOLER, PERCEPTRON),
        "a pooler that goes on learning does harm": (POOLER, LEARNING),
        "homeostasis mends that": (SETTLING, LEARNING),
    }
    others = listed([f"{name} {percent(accuracy[name])}" for name in ARMS[1:]])
    return (
        f"After all classes came two at a time, and one pass, ridge regression on codes of a "
        f"pooler that learned from the first two only reads {percent(accuracy[RIDGE])} of the test "
        f"images; {others}. Of the test images of the first two classes it then still reads "
        f"{percent(summary[RIDGE]['first_pair'])}, the multilayer perceptron "
        f"{percent(summary[PERCEPTRON]['first_pair'])}.",
        holding(
            {words: (accuracy[more], accuracy[less]) for words, (more, less) in differences.items()}
        ),
    )


EXPERIMENT = Experiment(
    name="continual",
    title="Learning class after class",
    lead="Images of two classes at a time come once, and never again. After every pair of classes "
    "the accuracy over all classes seen so far is measured.",
    full=ContinualConfig(),
    quick=ContinualConfig(QUICK, QUICK, period=50, n_probes=10, hidden=16, chunk=50),
    run=run,
    found=found,
    needs_digits=True,
)
