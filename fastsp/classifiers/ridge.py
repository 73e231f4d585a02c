"""Ridge regression on labels, from sums over a stream.

Batches of samples come in as dense or CSR arrays, (n_samples, n_columns), and are added to sums by
the kernels in `fastsp.kernels.gram`. Labels go out, once the sums have been solved.
"""

from collections.abc import Iterator
from typing import Any, Literal, Self

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from fastsp.classifiers.base import SdrClassifier, check_number, check_samples
from fastsp.classifiers.least_squares import GCV, MOST, LeastSquares
from fastsp.classifiers.tables import Reals, Table
from fastsp.engine.packing import canonical
from fastsp.kernels.gram import Codes, Statistics, add_codes, add_dense, add_statistics
from fastsp.labels import as_labels, as_weights, joined

ENTRIES = 2**19
"""Active columns in one call of a kernel, about; between calls Ctrl-C is handled."""
ELEMENTS = 2**22
"""Values in one call, where samples are dense."""
SPARSEST = 1 / 6
"""Products of matrices are faster where a larger share of values is not 0."""


class StreamingRidgeClassifier(SdrClassifier):
    r"""Classify by ridge regression whose sums are added up as samples come.

    It fits the same model as scikit-learn's `RidgeClassifier`: for each label the target is +1 for
    its samples and -1 for others, and weights W and intercepts minimise the sum of squared errors
    plus `alpha` times the sum of squared weights. All that this takes of the samples are sums: how
    many there are of each label, their sum by label, and the Gram matrix X'X. So

    - samples come once, in batches of any size, and nothing is forgotten: the model is that of all
      samples so far, whatever their order. Where values are integers, such as those of codes, and
      so are weights, the sums are exact (below 2^53) and their order changes no bit; else they
      differ by rounding in float64;
    - new labels may come at any time, and none has to be announced;
    - `merge` adds the sums of another classifier, which saw other samples;
    - `alpha` may be changed at any time with `set_params`, and nothing has to be learned anew.

    The weights are solved for when they are first asked for, by a Cholesky factorisation, and kept
    until the sums change: that takes C^3 / 3 operations for C columns. A sample with k values that
    are not 0 takes k (k + 1) / 2 additions where the batch is sparse; where it is dense, or more
    than a sixth of it is not 0, BLAS multiplies matrices.

    Values are used as they are: a column of a code is 1 or 0. Scores are no probabilities, so there
    is no `predict_proba`.

    Parameters
    ----------
    alpha : float or "gcv", default=1.0
        Strength of the regularisation, above 0 and at most 1e50. "gcv" tries 29 between 1e-6 and 10
        times the largest eigenvalue of the centred Gram matrix, and takes the one of the least
        generalised cross-validation error. That estimates the squared error on new samples from
        the sums alone: leave-one-out, with the leverage of each sample replaced by the mean of all.
        (Leave-one-out itself would need the samples again.) It takes samples for independent, and
        weights for numbers of samples; and its eigenvalue decomposition takes some fifteen times as
        long as a Cholesky factorisation. Another way is to compare the `score` of held-out samples
        for some values of `alpha`.
    max_bytes : int, default=2**30
        What the sums may take: 4 C^2 bytes for C columns, and 8 C for each label; 2^30 bytes are
        enough for 16,000 columns. ValueError is raised before more is taken. Solving takes two to
        four times as much on top for the time being.

    Attributes
    ----------
    classes_ : (L,) array
        Labels, sorted.
    class_count_ : (L,) float64
        Samples seen of each label, weighted.
    class_sums_ : (L, C) float64
        Their sum.
    gram_ : (C (C + 1) / 2,) float64
        X'X, its lower triangle row by row: for each two columns the sum of their products.
    n_features_in_ : int
        Number of columns C.
    feature_names_in_ : (C,) array of str
        Only where the samples came with names.

    Examples
    --------
    >>> classifier = StreamingRidgeClassifier(alpha=0.1)
    >>> classifier.partial_fit([[1, 1, 0], [1, 0, 1]], ["left", "left"])
    StreamingRidgeClassifier(alpha=0.1)
    >>> classifier.partial_fit([[0, 1, 1]], ["right"]).predict([[1, 0, 0]])
    array(['left'], dtype='<U5')
    """

    class_count_: Reals
    class_sums_: Reals
    gram_: Reals
    _solved: dict[float | str, tuple[float, Table]]
    """The weights that were asked for last, with their alpha. Another dictionary takes its place
    with each change of the sums, so that what another thread solved meanwhile is dropped."""

    def __init__(self, alpha: float | Literal["gcv"] = 1.0, max_bytes: int = 2**30) -> None:
        self.alpha = alpha
        self.max_bytes = max_bytes

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Forget everything and learn from a batch.

        Parameters
        ----------
        X : (n_samples, n_columns) dense or sparse array
            Samples: codes, or any numbers of absolute value at most 1e50.
        y : (n_samples,) array
            Labels.
        sample_weight : (n_samples,) array of float, optional
            Not negative, and not all 0; at most 1e50 together, with those before.

        Returns
        -------
        StreamingRidgeClassifier
            The classifier itself.

        Raises
        ------
        ValueError
            Where a parameter is out of its range, an argument is not as described, or the sums
            would take more than `max_bytes`; the classifier is then as it was before.
        """
        return self._learn(X, y, None, sample_weight, first=True)

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from a batch on top of what was learned before.

        After KeyboardInterrupt a number of samples from the beginning of the batch is learned.

        Parameters
        ----------
        X : (n_samples, n_columns) dense or sparse array
            Samples, as in `fit`.
        y : (n_samples,) array
            Labels, new ones included.
        classes : (L,) array, optional
            Labels that will come, to be among those of `classes_` from now on. Need not be given.
        sample_weight : (n_samples,) array of float, optional
            As in `fit`.

        Returns
        -------
        StreamingRidgeClassifier
            The classifier itself.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        return self._learn(X, y, classes, sample_weight, first=not hasattr(self, "classes_"))

    def merge(self, other: "StreamingRidgeClassifier") -> Self:
        """Add what another classifier has learned, from other samples with the same columns.

        Parameters
        ----------
        other : StreamingRidgeClassifier
            Stays as it is. Its parameters do not matter.

        Returns
        -------
        StreamingRidgeClassifier
            The classifier itself: as if it had seen the samples of both.

        Raises
        ------
        TypeError
            Where `other` is no such classifier.
        ValueError
            Where it has other columns, or labels of another kind; nothing has changed then.
        NotFittedError
            Where one of the two is not fitted.
        """
        if not isinstance(other, StreamingRidgeClassifier):
            raise TypeError(f"other must be a StreamingRidgeClassifier, got {type(other).__name__}")
        check_is_fitted(self)
        check_is_fitted(other)
        if other.n_features_in_ != self.n_features_in_:
            raise ValueError(
                f"other must have {self.n_features_in_} columns, got {other.n_features_in_}"
            )
        ours, theirs = (getattr(one, "feature_names_in_", None) for one in (self, other))
        if ours is not None and theirs is not None and not np.array_equal(ours, theirs):
            raise ValueError(f"other must have the columns {ours}, got {theirs}")
        _check_weight(self.class_count_.sum() + other.class_count_.sum())
        sums = other._statistics()
        self._make_room(joined(self.classes_, other.classes_))
        self._add(add_statistics, sums, np.searchsorted(self.classes_, other.classes_))
        return self

    def decision_function(self, X: ArrayLike) -> Reals:
        """Return the score of each label, about +1 for its samples and -1 for others.

        Parameters
        ----------
        X : (n_samples, n_columns) dense or sparse array

        Returns
        -------
        (n_samples, L) float64; with two labels (n_samples,), the score of the second
        """
        scores = self._scores(X)
        return scores[:, 1] if scores.shape[1] == 2 else scores

    @property
    def alpha_(self) -> float:
        """The strength of the regularisation, chosen where `alpha` is "gcv"."""
        return self._solution()[0]

    def table(self) -> Table:
        """Return the intercepts, (L,), and the weights of columns, (C, L); they are cached."""
        return self._solution()[1]

    def _solution(self) -> tuple[float, Table]:
        check_is_fitted(self)
        self._check_parameters()
        solved = self._solved
        key = self.alpha if isinstance(self.alpha, str) else float(self.alpha)
        if key not in solved:
            if not self.class_count_.any():
                raise NotFittedError("no sample has been learned yet, call partial_fit")
            solution = LeastSquares(*self._statistics()).solve(key)
            solved.clear()
            solved[key] = solution
        return solved[key]

    def _learn(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None,
        sample_weight: ArrayLike | None,
        *,
        first: bool,
    ) -> Self:
        self._check_parameters()
        samples, targets = check_samples(self, X, y, first=first)
        weights = as_weights(sample_weight, len(targets))
        labels = np.unique(targets) if classes is None else np.unique(as_labels("classes", classes))
        labels = joined(labels if first else joined(self.classes_, labels), targets)
        if scipy.sparse.issparse(samples):
            samples = canonical(samples)
        _check_values(samples)
        with np.errstate(over="ignore"):
            _check_weight(weights.sum() + (0.0 if first else self.class_count_.sum()))
        n_columns = samples.shape[1]
        self._check_memory(n_columns, len(labels))
        # Nothing changes before everything is checked.
        if first:
            validate_data(self, X, skip_check_array=True)
            self.__dict__.update(
                classes_=labels,
                class_count_=np.zeros(len(labels)),
                class_sums_=np.zeros((len(labels), n_columns)),
                gram_=np.zeros(n_columns * (n_columns + 1) // 2),
                _solved={},
            )
        self._make_room(labels)
        places = np.searchsorted(labels, targets)
        by_pairs = scipy.sparse.issparse(samples) and _share(samples) <= SPARSEST
        for part in _parts(samples, by_pairs):
            chosen, of = samples[part], (places[part], weights[part])
            if by_pairs:
                self._add(add_codes, _as_codes(chosen), *of)
            else:
                columns = _as_columns(chosen)
                self._add(add_dense, columns, columns * weights[part], *of)
        return self

    def _add(self, kernel: Any, *arguments: Any) -> None:
        """Let a kernel, which nothing interrupts half way, add to the sums.

        What was solved before, or meanwhile, is dropped.
        """
        for name in ("gram_", "class_sums_", "class_count_"):  # of a file, in any order
            setattr(self, name, np.require(getattr(self, name), requirements=["C", "W"]))
        self._solved = {}
        try:
            kernel(self._statistics(), *arguments)
        finally:
            self._solved = {}

    def _statistics(self) -> Statistics:
        return Statistics(self.gram_, self.class_sums_, self.class_count_)

    def _make_room(self, labels: NDArray[Any]) -> None:
        """Have sums for all labels, those known and new ones."""
        if labels is self.classes_:
            return
        places = np.searchsorted(labels, self.classes_)
        sums, count = np.zeros((len(labels), self.n_features_in_)), np.zeros(len(labels))
        sums[places], count[places] = self.class_sums_, self.class_count_
        self.__dict__.update(classes_=labels, class_sums_=sums, class_count_=count, _solved={})

    def _read(self, sdrs: Any) -> Any:
        return sdrs

    def _score(self, active: Any) -> Reals:
        table = self.table()
        scores: Reals = active @ table.of_active + table.of_label
        return scores

    def _check_memory(self, n_columns: int, n_labels: int) -> None:
        n_bytes = 4 * n_columns * (n_columns + 1) + 8 * (n_columns + 1) * n_labels
        if n_bytes > self.max_bytes:
            raise ValueError(
                f"max_bytes must be at least {n_bytes:,} for the sums of {n_columns:,} columns and "
                f"{n_labels:,} labels, got {self.max_bytes:,}: raise it, or use fewer columns, or "
                "a SoftmaxClassifier, which keeps a weight for each column and label"
            )

    def _check_parameters(self) -> None:
        if isinstance(self.alpha, str):
            if self.alpha != GCV:
                raise ValueError(f"alpha must be a number or 'gcv', got {self.alpha!r}")
        else:
            check_number("alpha", self.alpha, least=1 / MOST, most=MOST)
        check_number("max_bytes", self.max_bytes, least=1)

    def _restore(self) -> None:
        """Check the sums that were loaded."""
        n_labels, n_columns = len(self.classes_), self.n_features_in_
        self._check_arrays(
            class_count_=((n_labels,), np.float64),
            class_sums_=((n_labels, n_columns), np.float64),
            gram_=((n_columns * (n_columns + 1) // 2,), np.float64),
        )
        if not self.class_count_.min() >= 0:
            raise ValueError("class_count_ must not be negative")
        for name, most in {"class_sums_": MOST**2, "gram_": MOST**3}.items():
            if not np.abs(getattr(self, name)).max() <= most:
                raise ValueError(f"{name} must hold numbers between -{most:g} and {most:g}")
        _check_weight(self.class_count_.sum())
        self._solved = {}

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if "_solved" in state:
            state["_solved"] = {}  # may be solved again
        return state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = False
        return tags


def _check_values(samples: Any) -> None:
    values = samples.data if scipy.sparse.issparse(samples) else samples
    if values.size and max(float(values.max()), -float(values.min())) > MOST:
        raise ValueError(f"X must hold numbers between -{MOST:g} and {MOST:g}")


def _check_weight(total: float) -> None:
    if not total <= MOST:
        raise ValueError(f"sample_weight must come to at most {MOST:g} over all samples so far")


def _share(samples: Any) -> float:
    """Return the share of values that a CSR array stores."""
    n, n_columns = samples.shape
    return float(samples.nnz / (n * n_columns))


def _parts(samples: Any, by_pairs: bool) -> Iterator[slice]:
    """Return ranges of samples, each for one call of a kernel."""
    n, n_columns = samples.shape
    n_rows = int(ENTRIES * n / max(1, samples.nnz)) if by_pairs else ELEMENTS // n_columns
    return (slice(start, start + max(1, n_rows)) for start in range(0, n, max(1, n_rows)))


def _as_codes(samples: Any) -> Codes:
    values = samples.data.astype(np.float64)
    return Codes(
        samples.indptr.astype(np.int64),
        samples.indices.astype(np.int32),
        values[:0] if (values == 1).all() else values,
    )


def _as_columns(samples: Any) -> Reals:
    """Return samples as (C, n)."""
    dense = samples.toarray() if scipy.sparse.issparse(samples) else samples
    return np.ascontiguousarray(dense.T, dtype=np.float64)
