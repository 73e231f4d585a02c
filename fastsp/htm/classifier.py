"""From SDRs to labels: softmax regression, learned one SDR at a time."""

import math
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastsp.htm.checks import RefusedValueError, as_array, check_number
from fastsp.htm.kept import Kept
from fastsp.htm.representation import SDR
from fastsp.htm.views import Value, as_sdr

MAX_LABEL = 2**31 - 1
"""A label is an index: what comes below it takes memory, too."""


class Classifier(Kept):
    """Associate SDRs with labels, which are integers from 0, by softmax regression.

    The score of a label is the sum of its weights at the on-bits; probabilities are in proportion
    to the exponentials of scores. Weights are 0 at first. Learning moves those of on-bits against
    the error.

    Parameters
    ----------
    alpha : float
        Learning rate, above 0.

    Raises
    ------
    TypeError, ValueError
        Where alpha is no number, or not above 0 and finite.

    Examples
    --------
    >>> sdr = SDR(100).randomize(0.1, seed=1)
    >>> classifier = Classifier(alpha=0.5)
    >>> classifier.infer(sdr)
    []
    >>> classifier.learn(sdr, 2)
    >>> [round(p, 3) for p in classifier.infer(sdr)]
    [0.007, 0.007, 0.987]
    """

    kind = "htm.Classifier"

    def __init__(self, alpha: float = 0.001) -> None:
        self._alpha = check_number("alpha", alpha)
        if not 0 < self._alpha < math.inf:
            raise RefusedValueError(f"alpha must be finite and above 0, got {alpha!r}")
        self._n_labels = 0
        # (size, labels), with room for more labels. No size before the first SDR.
        self._weights = np.zeros((0, 0))

    def infer(self, pattern: SDR) -> list[float]:
        """Return the probability of each label, from 0 to the greatest that was learned.

        Parameters
        ----------
        pattern : SDR
            Of the size of those learned.

        Returns
        -------
        list of float
            They add up to 1; empty where nothing was learned.

        Raises
        ------
        TypeError
            Where `pattern` is no SDR.
        ValueError
            Where it is of another size.
        """
        on = self.check_pattern(pattern).sparse
        if not self._n_labels:
            return []
        probabilities: list[float] = self._predict(on).tolist()
        return probabilities

    def learn(self, pattern: SDR, classification: int | ArrayLike) -> None:
        """Learn that an SDR has a label, or several labels that share it alike.

        Parameters
        ----------
        pattern : SDR
            Of the size of those learned before.
        classification : int or sequence of int
            Labels, from 0. A label not seen before makes room for itself and all below it.

        Raises
        ------
        TypeError
            Where `pattern` is no SDR, or a label no integer.
        ValueError
            Where the pattern is of another size, there is no label, or one is below 0 or above
            2**31 - 1.
        """
        sdr = self.check_pattern(pattern)
        labels = check_labels(classification)
        self._make_room(sdr.size, int(labels.max()) + 1)
        on = sdr.sparse
        error = -self._predict(on)
        target = np.zeros(self._n_labels)
        target[labels] = 1 / len(labels)
        error += target
        self._weights[on, : self._n_labels] += self._alpha * error

    def _predict(self, on: NDArray[np.uint32]) -> NDArray[np.float64]:
        scores = self._weights[on, : self._n_labels].sum(axis=0)
        exponentials: NDArray[np.float64] = np.exp(scores - scores.max())
        exponentials /= exponentials.sum()
        return exponentials

    def _make_room(self, size: int, n_labels: int) -> None:
        room = self._weights.shape[1]
        if n_labels > room:
            # Twice the room, or labels that come one by one would copy all weights each time.
            weights = np.zeros((size, max(n_labels, 2 * room)))
            weights[:, :room] = self._weights if room else 0
            self._weights = weights
        self._n_labels = max(n_labels, self._n_labels)

    def check_pattern(self, pattern: Any) -> Value:
        """Return an SDR of fastsp; errors as of `infer`."""
        sdr, size = as_sdr(pattern, "pattern"), len(self._weights)
        if self._n_labels and sdr.size != size:
            raise RefusedValueError(f"pattern must have {size} bits, got {sdr.size}")
        return sdr

    def describe(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """See `Kept`."""
        return {"estimator": self.kind, "alpha": self._alpha}, {
            "weights": self._weights[:, : self._n_labels].copy()
        }

    @classmethod
    def restored(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """See `Kept`."""
        classifier, weights = cls(header["alpha"]), arrays["weights"]
        if weights.ndim != 2 or weights.dtype != np.float64 or not np.isfinite(weights).all():
            raise ValueError("weights must be finite float64 of bits and labels")
        classifier._weights, classifier._n_labels = weights, weights.shape[1]
        return classifier

    def _become(self, other: Self) -> None:
        self.__dict__.update(other.__dict__)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_weights": self._weights[:, : self._n_labels].copy()}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Classifier):
            return NotImplemented
        mine, others = self.__getstate__(), other.__getstate__()
        same = np.array_equal(mine.pop("_weights"), others.pop("_weights"))
        return same and mine == others

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        learned = f"{len(self._weights)} bits, {self._n_labels} labels"
        return (
            f"Classifier(alpha={self._alpha:g}): {learned if self._n_labels else 'nothing learned'}"
        )

    __repr__ = __str__


def check_labels(classification: Any) -> NDArray[np.int64]:
    """Return one or more labels; errors as of `Classifier.learn`."""
    labels = np.atleast_1d(as_array(classification, "classification"))
    if labels.ndim > 1 or not len(labels):
        raise RefusedValueError(
            f"classification must be a label or a list of labels, got {classification!r}"
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(f"classification must hold integers, got {classification!r}")
    if labels.min() < 0 or labels.max() > MAX_LABEL:
        raise RefusedValueError(
            f"classification must hold labels from 0 to {MAX_LABEL}, got {classification!r}"
        )
    return labels.astype(np.int64)
