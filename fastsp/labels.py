"""Labels and weights of samples, checked: one for each, none missing."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastsp.masks import check_unmasked


def as_labels(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return labels as an array; variable-width strings as NumPy's of fixed width.

    Raises ValueError, naming the parameter, where one is missing (None, NaN, NaT, NA, masked) or
    they are of kinds that have no order among them.
    """
    check_unmasked(name, values)
    try:
        labels = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be an array of labels: {error}") from error
    text = labels.dtype.kind == "T"
    if text:
        labels = labels.astype(object)
    # In an array of text, what was missing in a list is the word "nan".
    listed = labels.dtype.kind in "SU" and not hasattr(values, "dtype")
    missing = _missing(np.asarray(values, object) if listed else labels)
    if missing.any():
        place = int(np.argmax(missing))
        raise ValueError(f"{name} must have no missing labels, got one at {place}")
    if text:
        return labels.astype(str)
    if labels.dtype == object:
        try:
            np.unique(labels)
        except TypeError as error:
            raise ValueError(
                f"{name} must hold labels of one kind, numbers or text, got both ({error})"
            ) from error
    return labels


def are_alike(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Return whether labels can be the same: the number 1 is not the text "1"."""
    return (one.dtype.kind in "biuf") == (other.dtype.kind in "biuf")


def joined(known: NDArray[Any], more: NDArray[Any]) -> NDArray[Any]:
    """Return all labels, sorted and different; raise ValueError where they are of two kinds.

    Where nothing is new, they are those known, and of their type.
    """
    if not are_alike(known, more):
        raise ValueError(f"labels must be all numbers or all text, got {known} and {more}")
    new = np.setdiff1d(more, known)
    labels = np.union1d(known, new) if new.size else known
    if labels.size != known.size + new.size:
        raise ValueError(f"labels must differ in one type, got {known} and {more}")
    return labels


def as_weights(sample_weight: ArrayLike | None, n_samples: int) -> NDArray[np.float64]:
    """Return the weight of each sample, 1 where none are given; raise ValueError naming them."""
    if sample_weight is None:
        return np.ones(n_samples)
    check_unmasked("sample_weight", sample_weight)
    try:
        weights = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"sample_weight must hold real numbers: {error}") from error
    if weights.shape != (n_samples,):
        raise ValueError(f"sample_weight must be of shape ({n_samples},), got {weights.shape}")
    if not np.isfinite(weights).all():
        raise ValueError("sample_weight must be finite")
    if not weights.min() >= 0 or not weights.max() > 0:
        raise ValueError("sample_weight must not be negative, and not zero for all samples")
    return weights


def _missing(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where labels are missing, as a flat array."""
    if labels.dtype.kind in "fcmM":
        absent: NDArray[np.bool_] = labels.ravel() != labels.ravel()
        return absent
    if labels.dtype != object:
        return np.zeros(labels.size, np.bool_)
    return np.fromiter((_is_missing(label) for label in labels.flat), np.bool_, labels.size)


def _is_missing(label: Any) -> bool:
    try:
        return label is None or bool(label != label)
    except (TypeError, ValueError):  # of NA it is not known whether it differs
        return True
