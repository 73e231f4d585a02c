"""How well a pooler codes digits: a readout fitted on training images, tried on test images."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from fastsp.classifiers import StreamingRidgeClassifier
from fastsp.datasets import Mnist
from fastsp.experiments.mnist.config import Classifier, MnistConfig
from fastsp.pooler import SpatialPooler

FITTED = 10_000
"""Training images, the first ones, on whose codes a readout is fitted, and on those of a copy of
each, rotated and shifted."""
EPOCHS = 5
CALIBRATED = 1_000
"""Training images, those after them, on which the probabilities are calibrated."""
TRIED = 1_000
"""Test images, the first ones, on whose codes it is tried."""
TEMPERATURES = 0.05, 5.0
"""Between which one is looked for."""


@dataclass(frozen=True)
class Readout:
    """A pooler at one moment, and a classifier of its codes.

    Attributes
    ----------
    pooler : SpatialPooler
        A copy that learns no more, so that codes and classifier belong together.
    classifier : classifier of `fastsp.classifiers`
    temperature : float
        What scores are divided by before they become probabilities.
    cycles : int
        Learning cycles of the pooler.
    accuracy : float
        Share of the test images that get their label.
    """

    pooler: SpatialPooler
    classifier: Classifier
    temperature: float
    cycles: int
    accuracy: float

    def probabilities(self, bits: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the probability of each label, (L,), for one input (n_features,)."""
        scores = scores_of(self.classifier, self.pooler.transform(bits.reshape(1, -1)))
        return np.asarray(np.exp(log_softmax(scores[0] / self.temperature)), np.float64)


class Exam:
    """The same images for every pooler of a configuration; called, it returns a `Readout`.

    The readout is ridge regression where the configuration says so, else softmax regression: it
    reads drawings better than the likelihood.
    """

    def __init__(self, config: MnistConfig, data: Mnist) -> None:
        images, labels = data.train_images, data.train_labels
        n = min(FITTED, -(-5 * len(images) // 6))
        held_out = slice(n, n + CALIBRATED)
        encoder = config.build_encoder(images)
        augmenter = config.build_augmenter(data.image_shape, purpose=2).set_params(
            max_rotation=config.readout_rotation, max_shift=config.readout_shift
        )
        copies = augmenter.fit(images[:1]).augment(images[:n])
        self._classes = np.unique(labels)
        self._fitted = encoder.transform(np.concatenate([images[:n], copies]))
        self._fitted_labels = np.tile(labels[:n], 2)
        self._held_out = encoder.transform(images[held_out]) if len(images) > n else None
        self._held_out_labels = labels[held_out]
        self._tried = encoder.transform(data.test_images[:TRIED])
        self._tried_labels = data.test_labels[: len(self._tried)]
        readout = config.readout if config.readout == "ridge" else "linear"
        self._config = replace(config, readout=readout, readout_copies=EPOCHS - 1)

    def __call__(self, pooler: SpatialPooler) -> Readout:
        """Fit, calibrate and try; the pooler must not learn meanwhile, or ever after."""
        classifier = self._config.build_readout(len(self._fitted))
        codes = pooler.transform(self._fitted)
        random = np.random.default_rng(self._config.seed)
        # Ridge regression has all of them in its sums after the first time.
        for _ in range(1 if isinstance(classifier, StreamingRidgeClassifier) else EPOCHS):
            order = random.permutation(len(self._fitted))
            classifier.partial_fit(codes[order], self._fitted_labels[order], self._classes)
        temperature = 1.0
        if self._held_out is not None:
            scores = scores_of(classifier, pooler.transform(self._held_out))
            targets = np.searchsorted(self._classes, self._held_out_labels)
            temperature = temperature_of(scores, targets)
        accuracy = classifier.score(pooler.transform(self._tried), self._tried_labels)
        return Readout(pooler, classifier, temperature, pooler.n_cycles_, float(accuracy))


def scores_of(classifier: Classifier, codes: Any) -> NDArray[np.float64]:
    """Return what a classifier says for each label, (n, L): logarithms, or scores of regression."""
    if isinstance(classifier, StreamingRidgeClassifier):
        table = classifier.table()
        return np.asarray(codes @ table.of_active + table.of_label, np.float64)
    return np.asarray(classifier.predict_log_proba(codes), np.float64)


def temperature_of(scores: NDArray[np.float64], targets: NDArray[np.int64]) -> float:
    """Return by what to divide scores, (n, L), so that the targets are most probable.

    Probabilities are then as good as their word: of the images that get 90 %, about 90 % are right.
    """
    rows = np.arange(len(targets))

    def surprise(temperature: float) -> float:
        return -float(log_softmax(scores / temperature, axis=1)[rows, targets].sum())

    return float(minimize_scalar(surprise, bounds=TEMPERATURES, method="bounded").x)
