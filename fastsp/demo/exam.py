"""How well a pooler codes digits: a readout fitted on training images, tried on test images."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastsp.classifiers import StreamingRidgeClassifier
from fastsp.datasets import Mnist
from fastsp.experiments.mnist.config import Classifier, MnistConfig
from fastsp.pooler import SpatialPooler

FITTED = 10_000
"""Training images, the first ones, on whose codes a readout is fitted."""
TRIED = 1_000
"""Test images, the first ones, on whose codes it is tried."""


@dataclass(frozen=True)
class Readout:
    """A pooler at one moment, and a classifier of its codes.

    Attributes
    ----------
    pooler : SpatialPooler
        A copy that learns no more, so that codes and classifier belong together.
    classifier : classifier of `fastsp.classifiers`
    cycles : int
        Learning cycles of the pooler.
    accuracy : float
        Share of the test images that get their label.
    """

    pooler: SpatialPooler
    classifier: Classifier
    cycles: int
    accuracy: float

    def probabilities(self, bits: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the probability of each label, (L,), for one input (n_features,).

        Ridge regression has none: its scores, of which about -1 is for no and +1 for yes, are shown
        from 0 to 1.
        """
        code = self.pooler.transform(bits.reshape(1, -1))
        if isinstance(self.classifier, StreamingRidgeClassifier):
            table = self.classifier.table()
            score = (code @ table.of_active)[0] + table.of_label
            return np.asarray(np.clip((1 + score) / 2, 0, 1), np.float64)
        return np.asarray(self.classifier.predict_proba(code)[0], np.float64)


class Exam:
    """The same images for every pooler of a configuration; called, it returns a `Readout`."""

    def __init__(self, config: MnistConfig, data: Mnist) -> None:
        encoder = config.build_encoder(data.train_images)
        self._classes = np.unique(data.train_labels)
        self._fitted = encoder.transform(data.train_images[:FITTED])
        self._fitted_labels = data.train_labels[: len(self._fitted)]
        self._tried = encoder.transform(data.test_images[:TRIED])
        self._tried_labels = data.test_labels[: len(self._tried)]
        self._config = replace(config, readout_copies=0)

    def __call__(self, pooler: SpatialPooler) -> Readout:
        """Fit and try; the pooler must not learn meanwhile, or ever after."""
        classifier = self._config.build_readout(len(self._fitted))
        codes = pooler.transform(self._fitted)
        classifier.partial_fit(codes, self._fitted_labels, self._classes)
        accuracy = classifier.score(pooler.transform(self._tried), self._tried_labels)
        return Readout(pooler, classifier, pooler.n_cycles_, float(accuracy))
