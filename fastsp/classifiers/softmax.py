"""Softmax regression on active columns, learned by stochastic gradient descent.

Batches of SDRs come in as dense or CSR arrays, (n_samples, n_columns); labels go out. Only rows of
weights of active columns are read and changed, by the kernel in `fastsp.kernels.softmax`.
"""

from numbers import Integral
from typing import Any, Self

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from fastsp.classifiers.base import SdrClassifier, active_columns, check_batch, check_number
from fastsp.classifiers.tables import Table
from fastsp.engine.parameters import check_count
from fastsp.kernels.softmax import Samples, Weights, descend

MOST_RATE = 1e6
"""Greatest learning rate; weights then stay finite in float32."""


class SoftmaxClassifier(SdrClassifier):
    """Classify SDRs by softmax regression: a linear readout of the active columns.

    The score of a label is its intercept plus the sum of its weights over the active columns, and
    the probabilities of labels are proportional to the exponentials of their scores. One step of
    stochastic gradient descent on the cross-entropy is taken for each sample.

    Parameters
    ----------
    epochs : int, default=10
        How often `fit` goes through the samples, each time in a new random order. `partial_fit`
        goes through them once, in the order given.
    learning_rate : float, default=0.01
        At the first step; at most a million.
    final_learning_rate : float, default=0.0005
        The learning rate falls to this in a straight line, and stays there.
    decay_steps : int, optional
        Over so many steps (samples) it falls. If None, over all steps of `fit`, while
        `partial_fit` keeps to `learning_rate`.
    average : bool, default=False
        Predict by the mean of the weights over all steps, instead of the last weights.
    threshold : float, default=0.5
        A column is active where its value is above the threshold, at least 0.
    random_state : int, RandomState or None, default=None
        Draws the order of samples in `fit`.

    Attributes
    ----------
    classes_ : (L,) array
        Labels, sorted.
    weights_ : (C, L) float32
        After the last step.
    intercepts_ : (L,) float32
    weight_moments_, intercept_moments_ : (C, L), (L,) float64
        What the mean weights follow from; of no rows where `average` is False.
    n_steps_ : int
        Steps so far.
    n_features_in_ : int
        Number of columns C.

    Examples
    --------
    >>> classifier = SoftmaxClassifier(learning_rate=0.5, random_state=0)
    >>> classifier.fit([[1, 1, 0], [0, 1, 1]], ["left", "right"]).predict([[1, 0, 0]])
    array(['left'], dtype='<U5')
    """

    classes_: NDArray[Any]
    weights_: NDArray[np.float32]
    intercepts_: NDArray[np.float32]
    weight_moments_: NDArray[np.float64]
    intercept_moments_: NDArray[np.float64]
    n_steps_: int
    n_features_in_: int

    def __init__(
        self,
        epochs: int = 10,
        learning_rate: float = 0.01,
        final_learning_rate: float = 0.0005,
        decay_steps: int | None = None,
        average: bool = False,
        threshold: float = 0.5,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.final_learning_rate = final_learning_rate
        self.decay_steps = decay_steps
        self.average = average
        self.threshold = threshold
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Forget everything and learn from a batch, `epochs` times.

        Parameters
        ----------
        X : (n_samples, n_columns) dense or sparse array
            SDRs.
        y : (n_samples,) array
            Labels.

        Raises
        ------
        ValueError
            Where a parameter is out of its range or an argument is not as described; the
            classifier is then as it was before.
        """
        self._check_parameters()
        sdrs, targets, labels = check_batch(self, X, y, None, first=True)
        try:
            random = check_random_state(self.random_state)
        except (TypeError, ValueError) as error:
            raise ValueError(
                "random_state must be an integer from 0 to 2^32 - 1, a RandomState or None, "
                f"got {self.random_state!r}"
            ) from error
        self._begin(X, labels)
        samples, n = self._as_samples(sdrs, targets), len(targets)
        decay_steps = self.epochs * n if self.decay_steps is None else self.decay_steps
        for _ in range(self.epochs):
            self._learn(samples, random.permutation(n), decay_steps)
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """Learn from a batch on top of what was learned before, once, in the order given.

        Parameters
        ----------
        X : (n_samples, n_columns) dense or sparse array
            SDRs.
        y : (n_samples,) array
            Labels, of `classes`.
        classes : (L,) array, optional
            All labels that will ever be seen. Wanted at the first call; later the same or None.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        first = self._begins(classes)
        self._check_parameters()
        sdrs, targets, labels = check_batch(self, X, y, classes, first=first)
        if first:
            self._begin(X, labels)
        elif self.average != bool(len(self.weight_moments_)):
            raise ValueError("average must stay as it was when learning began, or call fit")
        samples = self._as_samples(sdrs, targets)
        self._learn(samples, np.arange(len(targets)), self.decay_steps)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each label, (n_samples, L) float64; rows add up to 1.

        Parameters
        ----------
        X : (n_samples, n_columns) dense or sparse array
        """
        probabilities: NDArray[np.float64] = np.exp(self.predict_log_proba(X))
        return probabilities

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the natural logarithm of `predict_proba`.

        Parameters
        ----------
        X : (n_samples, n_columns) dense or sparse array
        """
        logarithms: NDArray[np.float64] = log_softmax(self._scores(X), axis=1)
        return logarithms

    def _begin(self, X: ArrayLike, labels: NDArray[Any]) -> None:
        """Reset the weights to their state before the first step."""
        validate_data(self, X, skip_check_array=True)
        shape = (self.n_features_in_, len(labels))
        self.classes_ = labels
        self.weights_ = np.zeros(shape, np.float32)
        self.intercepts_ = np.zeros(shape[1], np.float32)
        self.weight_moments_ = np.zeros(shape if self.average else (0, shape[1]))
        self.intercept_moments_ = np.zeros(shape[1])
        self.n_steps_ = 0

    def _as_samples(self, sdrs: Any, targets: NDArray[Any]) -> Samples:
        labels = np.searchsorted(self.classes_, targets).astype(np.int64)
        active = active_columns(sdrs, self.threshold)
        return Samples(active.indptr.astype(np.int64), active.indices.astype(np.int32), labels)

    def _learn(self, samples: Samples, order: NDArray[np.int64], decay_steps: int | None) -> None:
        first, last = float(self.learning_rate), float(self.final_learning_rate)
        rates = (first, first, 1) if decay_steps is None else (first, last, int(decay_steps))
        self.weights_ = np.ascontiguousarray(self.weights_)  # of a file, in any order
        learned = Weights(
            self.weights_, self.intercepts_, self.weight_moments_, self.intercept_moments_
        )
        descend(samples, order, rates, self.n_steps_, learned)
        self.n_steps_ += len(order)

    def table(self) -> Table:
        """Return the table of scores: the intercepts, and the weights of columns."""
        check_is_fitted(self)
        weights = self.weights_.astype(np.float64)
        intercepts = self.intercepts_.astype(np.float64)
        if len(self.weight_moments_):
            n_steps = max(1, self.n_steps_)  # 0 where the first call was interrupted
            weights -= self.weight_moments_ / n_steps
            intercepts -= self.intercept_moments_ / n_steps
        return Table(intercepts, weights)

    def _score(self, active: scipy.sparse.csr_array) -> NDArray[np.float64]:
        table = self.table()
        scores: NDArray[np.float64] = active @ table.of_active + table.of_label
        return scores

    def _check_parameters(self) -> None:
        for name in ("learning_rate", "final_learning_rate"):
            check_number(name, getattr(self, name), least=0.0, most=MOST_RATE)
        check_number("threshold", self.threshold, least=0.0)
        for name in ("epochs", "decay_steps"):
            value = getattr(self, name)
            if value is None and name == "decay_steps":
                continue
            if isinstance(value, bool) or not isinstance(value, Integral):
                raise ValueError(f"{name} must be an integer, at least 1, got {value!r}")
            if not 1 <= int(value) < 2**63:
                raise ValueError(f"{name} must be at least 1 and below 2^63, got {value!r}")
        if not isinstance(self.average, (bool, np.bool_)):
            raise ValueError(f"average must be True or False, got {self.average!r}")

    def _restore(self) -> None:
        """Check what was loaded."""
        shape = (self.n_features_in_, len(self.classes_))
        check_count("n_steps_", self.n_steps_)
        of_moments = shape if len(self.weight_moments_) else (0, shape[1])
        self._check_arrays(
            weights_=(shape, np.float32),
            intercepts_=(shape[1:], np.float32),
            weight_moments_=(of_moments, np.float64),
            intercept_moments_=(shape[1:], np.float64),
        )
