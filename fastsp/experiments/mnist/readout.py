"""Classification of images by their codes."""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.metrics import confusion_matrix

from fastsp.classifiers import MaximumLikelihoodClassifier
from fastsp.datasets import Mnist
from fastsp.experiments.mnist.config import Classifier, MnistConfig
from fastsp.experiments.progress import Progress, silent

BATCH = 8_192
"""Inputs encoded and transformed in one call; enough to share out among threads."""

Transform = Callable[[NDArray[np.uint8]], csr_matrix]
"""Input bits of n images, (n, n_features) -> their codes, a CSR matrix (n, n_columns)."""


@dataclass(frozen=True)
class Readout:
    """A classifier of one kind of code, and its results.

    Attributes
    ----------
    classifier : classifier of `fastsp.classifiers`
        Fitted on the codes of all training images; the likelihood combines columns by the product.
    accuracy : float
        On the test images.
    accuracy_mean : float or None
        The same with columns combined by the mean of class distributions, as published; None for
        other readouts.
    accuracy_bernoulli : float or None
        The same by the likelihood of all columns, those that are not active included; None as well.
    confusion : ndarray of int64, shape (n_classes, n_classes)
        Test images by label (row) and prediction (column).
    test_codes : csr_matrix
        Codes of the test images.
    fit_seconds : float
        Encoding and coding of the training images and their copies, and the fit of the classifier.
    test_inputs_per_second : float
        Encoding and coding of the test images, without the classifier.
    """

    classifier: Classifier
    accuracy: float
    accuracy_mean: float | None
    accuracy_bernoulli: float | None
    confusion: NDArray[np.int64]
    test_codes: csr_matrix
    fit_seconds: float
    test_inputs_per_second: float


def read_out(
    transform: Transform,
    config: MnistConfig,
    data: Mnist,
    progress: Progress = silent,
    of: str = "codes",
) -> Readout:
    """Fit the readout on the codes of all training images, and try it on the test images."""
    n_tried = len(data.test_images)
    started = time.perf_counter()
    classifier = fit_readout(transform, config, data, progress, of, n_tried)
    fit_seconds = time.perf_counter() - started
    encoder = config.build_encoder(data.train_images)
    done = len(data.train_images) * (1 + config.readout_copies)
    total = done + n_tried
    codes, seconds = [], 0.0
    for part in _batches(len(data.test_images)):
        progress(of, done, total)
        started = time.perf_counter()
        codes.append(transform(encoder.transform(data.test_images[part])))
        seconds += time.perf_counter() - started
        done += codes[-1].shape[0]
    test_codes = vstack(codes, format="csr")
    predicted = classifier.predict(test_codes)
    others: dict[str, float | None] = {"mean": None, "bernoulli": None}
    if isinstance(classifier, MaximumLikelihoodClassifier):
        other = copy.copy(classifier)
        for combine in others:
            other.set_params(combine=combine)
            others[combine] = float(other.score(test_codes, data.test_labels))
    progress(of, done, total)
    return Readout(
        classifier=classifier,
        accuracy=float(np.mean(predicted == data.test_labels)),
        accuracy_mean=others["mean"],
        accuracy_bernoulli=others["bernoulli"],
        confusion=confusion_matrix(data.test_labels, predicted, labels=classifier.classes_),
        test_codes=test_codes,
        fit_seconds=fit_seconds,
        test_inputs_per_second=len(data.test_images) / seconds,
    )


def fit_readout(
    transform: Transform,
    config: MnistConfig,
    data: Mnist,
    progress: Progress = silent,
    of: str = "codes",
    n_after: int = 0,
) -> Classifier:
    """Return the readout, fitted on the codes of all training images.

    Augmented copies come first, then the images as they are, each time in a new random order.
    Progress goes on for `n_after` more images after that.
    """
    encoder = config.build_encoder(data.train_images)
    augmenter = config.build_augmenter(data.image_shape, purpose=2).set_params(
        max_rotation=config.readout_rotation, max_shift=config.readout_shift
    )
    classes = np.unique(data.train_labels)
    n_images = len(data.train_images)
    classifier = config.build_readout(n_images)
    random = np.random.default_rng(np.random.SeedSequence([config.seed, 3]))
    done, total = 0, n_images * (1 + config.readout_copies) + n_after
    for copies_left in range(config.readout_copies, -1, -1):
        order = random.permutation(n_images)
        for part in _batches(n_images):
            progress(of, done, total)
            images = data.train_images[order[part]]
            if copies_left:
                images = augmenter.augment(images)
            classifier.partial_fit(
                transform(encoder.transform(images)), data.train_labels[order[part]], classes
            )
            done += len(images)
    progress(of, done, total)
    return classifier


def _batches(n: int) -> Iterator[slice]:
    return (slice(start, start + BATCH) for start in range(0, n, BATCH))
