"""The base class of classifiers of SDRs, and checks of their parameters and batches."""

import sys
from abc import ABC, abstractmethod
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from fastsp.classifiers.tables import Reals, Table
from fastsp.engine.packing import above, canonical, check_given, check_inputs
from fastsp.labels import are_alike, as_labels


class SdrClassifier(ClassifierMixin, BaseEstimator, ABC):
    """Base class: subclasses say how a label scores."""

    classes_: NDArray[Any]
    n_features_in_: int
    threshold: float

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the label of the highest score, the first in `classes_` of equals.

        Parameters
        ----------
        X : (n_samples, n_columns) dense or sparse array

        Returns
        -------
        (n_samples,) array of labels
        """
        scores = self._scores(X)  # fails first where the classifier is not fitted
        labels: NDArray[Any] = self.classes_[scores.argmax(axis=1)]
        return labels

    def _scores(self, X: ArrayLike) -> Reals:
        """Return the score of each label, (n_samples, L)."""
        check_is_fitted(self)
        self._check_parameters()
        check_given(X)
        sdrs = _as_numbers(validate_data(self, X, accept_sparse="csr", reset=False))
        return self._score(self._read(sdrs))

    def _read(self, sdrs: Any) -> Any:
        """Return what is scored of checked samples (n_samples, C): their active columns."""
        return active_columns(sdrs, self.threshold)

    @abstractmethod
    def table(self) -> Table:
        """Return what scores are made of: a constant for each label, a term of each column."""

    @abstractmethod
    def _score(self, active: Any) -> Reals:
        """Return the score of each label, (n_samples, L), for what `_read` returns."""

    @abstractmethod
    def _check_parameters(self) -> None:
        """Raise ValueError where a parameter is out of its range."""

    def _begins(self, classes: ArrayLike | None) -> bool:
        """Return whether `partial_fit` is called for the first time, which must be with classes."""
        first = not hasattr(self, "classes_")
        if first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit")
        return first

    def _check_arrays(self, **wanted: tuple[tuple[int, ...], type]) -> None:
        """Raise ValueError where what was loaded is not of the wanted shapes and types."""
        if not np.array_equal(np.unique(self.classes_), self.classes_):
            raise ValueError(f"classes_ must be sorted and different, got {self.classes_}")
        for name, (shape, dtype) in wanted.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != dtype:
                raise ValueError(
                    f"{name} must be {dtype.__name__} of shape {shape}, got {array.dtype} of shape "
                    f"{array.shape}"
                )
            if not np.isfinite(array).all():
                raise ValueError(f"{name} must be finite")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.poor_score = True  # on real numbers, which become active or not
        return tags


def check_batch(
    estimator: Any, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None, *, first: bool
) -> tuple[Any, NDArray[Any], NDArray[Any]]:
    """Return SDRs, labels and all labels there can be, or raise ValueError; nothing changes.

    `first` tells whether `estimator` begins anew, with as many columns as come and with `classes`,
    or else all labels of the batch; later `classes` must be the same or None.
    """
    sdrs, targets = check_samples(estimator, X, y, first=first)
    if classes is None:
        labels = np.unique(targets) if first else estimator.classes_
    else:
        labels = np.unique(as_labels("classes", classes))
        if not first and not np.array_equal(labels, estimator.classes_):
            raise ValueError(
                f"classes must be those of the first call, {estimator.classes_}, got {labels}"
            )
    alike = are_alike(targets, labels)
    unknown = np.setdiff1d(targets, labels) if alike else np.unique(targets)
    if unknown.size:
        raise ValueError(f"y must hold labels of classes only, {labels}, got {unknown}")
    return sdrs, targets, labels


def check_samples(
    estimator: Any, X: ArrayLike, y: ArrayLike, *, first: bool
) -> tuple[Any, NDArray[Any]]:
    """Return samples and their labels, or raise ValueError; nothing changes.

    `first` tells whether `estimator` begins anew, with as many columns as come.
    """
    checker = clone(estimator) if first else estimator
    if y is not None:
        y = as_labels("y", y)
    check_given(X)
    samples, targets = validate_data(checker, X, y, accept_sparse="csr", reset=first)
    samples = _as_numbers(samples)
    check_classification_targets(targets)
    return samples, targets


def _as_numbers(sdrs: Any) -> Any:
    """Return checked SDRs without objects, which scikit-learn lets through where they are lists."""
    return sdrs if scipy.sparse.issparse(sdrs) else check_inputs(sdrs, sdrs.shape[1])


def check_number(
    name: str, value: object, *, least: float, most: float = sys.float_info.max
) -> None:
    """Raise ValueError, naming it, where `value` is no finite number between `least` and `most`."""
    if not isinstance(value, Real) or not least <= value <= most:  # type: ignore[operator]
        limit = "" if most == sys.float_info.max else f" and at most {most:g}"
        raise ValueError(
            f"{name} must be a finite number, at least {least:g}{limit}, got {value!r}"
        )


def active_columns(X: Any, threshold: float) -> scipy.sparse.csr_array:
    """Return 1.0 where a column is active, its value above the threshold, as canonical CSR."""
    if not scipy.sparse.issparse(X):
        return scipy.sparse.csr_array(above(X, threshold), dtype=np.float64)
    rows = canonical(X)
    ones = above(rows.data, threshold).astype(np.float64)
    if ones.all():
        return scipy.sparse.csr_array((ones, rows.indices, rows.indptr), rows.shape)
    active = scipy.sparse.csr_array((ones, rows.indices, rows.indptr), rows.shape, copy=True)
    active.eliminate_zeros()
    return active
