"""What inference needs of a trained model, and nothing else."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from fastsp.classifiers import MaximumLikelihoodClassifier, StreamingRidgeClassifier
from fastsp.classifiers.base import SdrClassifier
from fastsp.encoders import BinaryImageEncoder, ImageAugmenter
from fastsp.engine.arrays import Arrays
from fastsp.engine.inhibition import INHIBITIONS, Inhibition
from fastsp.kernels.blurs import Blur
from fastsp.kernels.boosting import MODERATE
from fastsp.kernels.state import Rule
from fastsp.pooler import SpatialPooler

LONGEST_AXIS = 2048
"""Along longer axes the sums of a Gaussian blur are taken in parts."""
LARGEST_SQUARED = 2.0**50
"""Larger boosted overlaps are scaled down before their squares are added up."""


class Product(NamedTuple):
    """A step of a blur: `weights` (m, n) along the middle axis of (outer, n, inner)."""

    outer: int
    inner: int
    weights: NDArray[np.float32]


class Readout(NamedTuple):
    """A classifier as a table: a term of each label, and one of each active column and label."""

    labels: list[Any]
    is_mean: bool
    """Whether probabilities are the mean of the terms of active columns, and those of labels where
    none is active; else they are the softmax of the sum of all."""
    is_ridge: bool
    """Whether that sum is a score of ridge regression, and there are no probabilities."""
    of_label: NDArray[np.float64]
    """(L,)"""
    of_active: NDArray[np.float64]
    """(C, L)"""


@dataclass(frozen=True)
class Blueprint:
    """Inference of one model: C columns of n segments, R = n C rows, over N input bits."""

    channels: int
    """Input bits for each pixel of an image, 0 where inputs are not encoded."""
    input_shape: tuple[int, ...]
    column_shape: tuple[int, ...]
    n_segments: int
    group_size: int
    """Columns that compete with each other"""
    n_active: int
    """Columns active in each group"""
    threshold: float
    """An input bit is on where its value is above this."""
    indptr: NDArray[np.int64]
    """(R + 1,)"""
    indices: NDArray[np.int64]
    """Input bits of connected synapses, ascending within a row; none that is switched off"""
    connected_counts: NDArray[np.int64]
    """(R,) connected synapses where overlaps are shares of them, else (0,)"""
    thresholds: NDArray[np.uint16]
    """(R,) the smallest overlap with which each may be active; 65,535 for a column that is off"""
    boost_factors: NDArray[np.float32]
    tie_breakers: NDArray[np.float32]
    """(R,) as they are added to overlaps or shares"""
    tie_keys: NDArray[np.uint32]
    """(R,) where columns are ordered by overlap * overlap_step + tie_key, else (0,)"""
    overlap_step: int
    is_gaussian: bool
    blur: list[Product]
    readout: Readout | None

    @property
    def n_columns(self) -> int:
        """Number of columns C."""
        return int(np.prod(self.column_shape))

    @property
    def n_inputs(self) -> int:
        """Number of input bits N."""
        return int(np.prod(self.input_shape))

    @property
    def room(self) -> int:
        """Largest number of values between two steps of the blur, at least C."""
        sizes = (step.outer * len(step.weights) * step.inner for step in self.blur)
        return max(self.n_columns, *sizes) if self.blur else self.n_columns


def blueprint(estimator: Any) -> Blueprint:
    """Return what inference needs of a fitted pooler, or of a pipeline around one.

    Raises TypeError or ValueError with the reason where it cannot be exported; see `export`.
    """
    is_pipeline = isinstance(estimator, Pipeline)
    steps = [step for _, step in estimator.steps] if is_pipeline else [estimator]
    # Augmenters leave alone what is transformed.
    steps = [
        step
        for step in steps
        if step not in (None, "passthrough") and not isinstance(step, ImageAugmenter)
    ]
    encoder = steps.pop(0) if steps and isinstance(steps[0], BinaryImageEncoder) else None
    readout = steps.pop() if steps and isinstance(steps[-1], SdrClassifier) else None
    if len(steps) != 1 or type(steps[0]) is not SpatialPooler:
        raise TypeError(
            "a model to be exported must be a SpatialPooler, or a pipeline of BinaryImageEncoder "
            "(if any), SpatialPooler, and MaximumLikelihoodClassifier, SoftmaxClassifier or "
            f"StreamingRidgeClassifier (if any); got {_names(estimator)}"
        )
    pooler = steps[0]
    for step in (encoder, pooler, readout):
        if step is not None:
            check_is_fitted(step)
    channels = 0
    if encoder is not None:
        channels = {"on": 1, "on_off": 2}[encoder.channels]
        _check_fit("encoder", encoder.n_features_in_ * channels, "pooler", pooler.n_features_in_)
        if pooler.threshold >= 1:
            raise ValueError(
                f"threshold must be below 1, the value of an encoded bit; got {pooler.threshold!r}"
            )
    table = None
    if readout is not None:
        n_columns = int(np.prod(pooler.column_shape_))
        _check_fit("pooler", n_columns, "readout", readout.n_features_in_)
        table = _readout(readout)
    return _of_pooler(pooler, channels, table)


def _names(estimator: Any) -> str:
    if isinstance(estimator, Pipeline):
        return "a pipeline of " + ", ".join(type(step).__name__ for _, step in estimator.steps)
    return type(estimator).__name__


def _check_fit(one: str, n_out: int, other: str, n_in: int) -> None:
    if n_out != n_in:
        raise ValueError(f"the {one} gives {n_out} features, but the {other} wants {n_in}")


def _readout(classifier: SdrClassifier) -> Readout:
    is_ridge = isinstance(classifier, StreamingRidgeClassifier)
    if not is_ridge and classifier.threshold >= 1:
        raise ValueError(
            "threshold of the readout must be below 1, the value of an active column; got "
            f"{classifier.threshold!r}"
        )
    table = classifier.table()
    labels = classifier.classes_.tolist()
    # Dates become integers.
    is_plain = classifier.classes_.dtype.kind not in "mM"
    if not is_plain or not all(isinstance(label, (bool, int, float, str)) for label in labels):
        raise ValueError(f"labels must be numbers or text; got {classifier.classes_!r}")
    is_mean = isinstance(classifier, MaximumLikelihoodClassifier) and classifier.combine == "mean"
    return Readout(labels, is_mean, is_ridge, table.of_label, table.of_active)


def _of_pooler(pooler: SpatialPooler, channels: int, readout: Readout | None) -> Blueprint:
    engine = pooler._fitted()
    with engine.lock.moment:
        rule, columns, inhibition = engine.settle()
        arrays = {name: np.array(array) for name, array in engine.arrays.items()}
    _refuse(rule, inhibition, arrays)
    is_shared = engine.parameters["overlap"] == "share"
    connected = arrays["permanences"] >= np.float32(rule.connected_threshold)
    counts = _count(connected, arrays["indptr"])
    seen = connected & ~np.isin(arrays["indices"], arrays["off_inputs"])
    indptr = np.concatenate([[0], np.cumsum(_count(seen, arrays["indptr"]))])
    group_size = inhibition.group_size(engine.column_shape)
    scale = np.float32(rule.tie_scale if is_shared else 1.0)
    return Blueprint(
        channels=channels,
        input_shape=engine.input_shape,
        column_shape=engine.column_shape,
        n_segments=rule.n_segments,
        group_size=group_size,
        n_active=rule.n_active * group_size // engine.n_columns,
        threshold=float(engine.parameters["threshold"]),
        indptr=indptr,
        indices=arrays["indices"][seen].astype(np.int64),
        connected_counts=counts if is_shared else counts[:0],
        thresholds=columns.thresholds,
        boost_factors=arrays["boost_factors"],
        tie_breakers=scale * arrays["tie_breakers"],
        tie_keys=columns.tie_keys,
        overlap_step=rule.overlap_step if columns.tie_keys.size else 0,
        is_gaussian=inhibition.blur is not None,
        blur=_products(inhibition.blur) if inhibition.blur else [],
        readout=readout,
    )


def _count(chosen: NDArray[np.bool_], indptr: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many synapses of each row are chosen."""
    before = np.concatenate([[0], np.cumsum(chosen)])
    return np.diff(before[indptr])


def _refuse(rule: Rule, inhibition: Inhibition, arrays: Arrays) -> None:
    """Raise ValueError where the codes would not be those of the pooler."""
    if not inhibition.is_exported:
        exported = [repr(kind.name) for kind in INHIBITIONS.values() if kind.is_exported]
        raise ValueError(
            f"inhibition {inhibition.name!r} is not exported; {', '.join(exported)} are"
        )
    for name in ("boost_factors", "tie_breakers"):
        if (least := arrays[name].min()) < 0:
            raise ValueError(f"{name} must not be negative to be exported; got {least}")
    factors = arrays["boost_factors"]
    largest = float(factors.max()) * (1.0 + int(np.diff(arrays["indptr"]).max()))
    moderate = MODERATE[0] < factors.min() and factors.max() < MODERATE[1]
    if rule.key_scale > 0.0 and not (rule.key_scale == 1.0 and moderate):
        raise ValueError(
            "boosting is too strong to be exported: boost factors from "
            f"{factors.min():g} to {factors.max():g} are compared beyond single precision"
        )
    if inhibition.blur is None:
        return
    if largest >= LARGEST_SQUARED:
        raise ValueError(
            "boosting is too strong for Gaussian inhibition to be exported: boosted overlaps up to "
            f"{largest:g} are scaled down"
        )
    lengths, spacings = inhibition.blur.steps[:, 2], inhibition.blur.steps[:, 6]
    for length in lengths[(spacings > 0) | (lengths > LONGEST_AXIS)]:
        raise ValueError(
            f"Gaussian inhibition along an axis of {length} columns is not exported: the sums of "
            "long blurs are taken in an order of their own"
        )


def _products(blur: Blur) -> list[Product]:
    products = []
    for outer, m, n, inner, offset in blur.steps[:, :5].tolist():
        weights = blur.weights[offset : offset + m * n]
        # Those along the last axis are stored transposed.
        weights = weights.reshape(n, m).T if inner == 1 else weights.reshape(m, n)
        products.append(Product(outer, inner, np.ascontiguousarray(weights)))
    return products
