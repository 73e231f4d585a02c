"""The maximum-likelihood classifier: from active columns to labels.

Batches of SDRs come in as dense or CSR arrays, (n_samples, n_columns); labels go out. The state is
a table of counts, so learning takes one sparse product per batch.
"""

from numbers import Real
from typing import Any, Literal, Self

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike
from scipy.special import logsumexp
from sklearn.utils.validation import check_is_fitted, validate_data

from fastsp.classifiers.base import SdrClassifier, active_columns, check_batch, check_number
from fastsp.classifiers.tables import TABLES, Reals, Table, log
from fastsp.labels import as_weights

MOST_WEIGHT = 1e100
"""Greatest sum of sample weights, and greatest smoothing; the least smoothing is 1 over it."""


class MaximumLikelihoodClassifier(SdrClassifier):
    r"""Classify SDRs by how often each column was active with each label.

    With n(c, l) the number of samples of label l in which column c was active, N_l the number of
    samples of label l, and a the smoothing, the chance that c is active given l is estimated as
    q(c | l) = (n(c, l) + a) / (N_l + 2 a). Then, over the active columns of a sample,

    - "product" scores l by log(N_l / N) + sum of log q(c | l): the logarithm of the prior times
      the likelihood of the active columns. That columns are not active counts for nothing;
    - "bernoulli" adds the sum of log(1 - q(c | l)) over the columns that are not active, for the
      likelihood of all columns: naive Bayes, as scikit-learn's `BernoulliNB`. It takes no longer,
      since all that a sample adds to a constant of l are its active columns' log odds,
      log q(c | l) - log(1 - q(c | l));
    - "mean" scores l by the mean of q(c | l) / sum over labels of q(c | label), the distribution
      of labels that a single column predicts. The prior takes its place where no column is
      active. This is the classifier of the published experiment.

    A label that was announced but never seen has probability 0.

    Where labels differ in how many columns they have active, what is not active is evidence, which
    only "bernoulli" takes into account.

    Parameters
    ----------
    combine : {"product", "bernoulli", "mean"}, default="product"
        How the evidence of the columns is combined.
    smoothing : float, default=1.0
        Samples added to both outcomes, active and not, of each column and label; between 1e-100
        and 1e100.
    threshold : float, default=0.5
        A column is active where its value is above the threshold, at least 0. Binary values need
        no other.

    Attributes
    ----------
    classes_ : (L,) array
        Labels, sorted.
    class_count_ : (L,) float64
        Samples seen of each label, weighted.
    column_count_ : (L, C) float64
        In how many of them each column was active, weighted.
    n_features_in_ : int
        Number of columns C.
    feature_names_in_ : (C,) array of str
        Only where the SDRs came with names.

    Examples
    --------
    >>> classifier = MaximumLikelihoodClassifier()
    >>> classifier.fit([[1, 1, 0], [0, 1, 1]], ["left", "right"]).predict([[1, 0, 0]])
    array(['left'], dtype='<U5')
    """

    class_count_: Reals
    column_count_: Reals

    def __init__(
        self,
        combine: Literal["product", "bernoulli", "mean"] = "product",
        smoothing: float = 1.0,
        threshold: float = 0.5,
    ) -> None:
        self.combine = combine
        self.smoothing = smoothing
        self.threshold = threshold

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Forget everything and learn from a batch.

        Parameters
        ----------
        X : (n_samples, n_columns) dense or sparse array
            SDRs.
        y : (n_samples,) array
            Labels.
        sample_weight : (n_samples,) array of float, optional
            Not negative, and not all 0; at most 1e100 together, with those before.

        Returns
        -------
        MaximumLikelihoodClassifier
            The classifier itself.

        Raises
        ------
        ValueError
            Where a parameter is out of its range or an argument is not as described; the
            classifier is then as it was before.
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

        Parameters
        ----------
        X : (n_samples, n_columns) dense or sparse array
            SDRs.
        y : (n_samples,) array
            Labels, of `classes`.
        classes : (L,) array, optional
            All labels that will ever be seen. Wanted at the first call; later the same or None.
        sample_weight : (n_samples,) array of float, optional
            Not negative, and not all 0; at most 1e100 together, with those before.

        Returns
        -------
        MaximumLikelihoodClassifier
            The classifier itself.

        Raises
        ------
        ValueError
            As in `fit`.
        """
        return self._learn(X, y, classes, sample_weight, first=self._begins(classes))

    def predict_proba(self, X: ArrayLike) -> Reals:
        """Return the probability of each label.

        With "bernoulli" that is the posterior of a naive Bayes model. With "product" it is the
        scores made to add up to 1, exp(score) divided by the sum of all: a posterior that takes the
        active columns alone for evidence. Both are near 0 or 1 where many columns are active,
        since columns are taken to be independent. With "mean" it is the score itself.

        Parameters
        ----------
        X : (n_samples, n_columns) dense or sparse array

        Returns
        -------
        (n_samples, L) float64
            Rows add up to 1.
        """
        scores = self._scores(X)
        return scores if self.combine == "mean" else np.exp(_normalized(scores))

    def predict_log_proba(self, X: ArrayLike) -> Reals:
        """Return the natural logarithm of `predict_proba`, -inf where that is 0.

        Parameters
        ----------
        X : (n_samples, n_columns) dense or sparse array

        Returns
        -------
        (n_samples, L) float64
        """
        scores = self._scores(X)
        return log(scores) if self.combine == "mean" else _normalized(scores)

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
        sdrs, targets, labels = check_batch(self, X, y, classes, first=first)
        weights = as_weights(sample_weight, len(targets))

        samples = np.arange(len(targets))
        membership = scipy.sparse.csr_array(
            (weights, (np.searchsorted(labels, targets), samples)),
            shape=(labels.size, len(targets)),
        )
        with np.errstate(over="ignore"):
            class_count = membership.sum(axis=1)
            if not first:
                class_count += self.class_count_
            if not class_count.sum() <= MOST_WEIGHT:
                raise ValueError(
                    f"sample_weight must come to at most {MOST_WEIGHT:g} over all samples so far"
                )
        column_count = (membership @ active_columns(sdrs, self.threshold)).toarray()
        # Nothing changes before everything is checked.
        if first:
            validate_data(self, X, skip_check_array=True)
        else:
            column_count += self.column_count_
        self.classes_ = labels
        self.class_count_ = class_count
        self.column_count_ = column_count
        self._restore()
        return self

    def _score(self, active: scipy.sparse.csr_array) -> Reals:
        table = self.table()
        evidence: Reals = active @ table.of_active
        if self.combine != "mean":
            return evidence + table.of_label
        n_active = np.diff(active.indptr)[:, np.newaxis]
        mean: Reals = np.where(n_active > 0, evidence / np.maximum(n_active, 1), table.of_label)
        return mean

    def table(self) -> Table:
        """Return the table of scores for the present parameters and counts; it is cached."""
        check_is_fitted(self)
        self._check_parameters()
        counts = self.class_count_, self.column_count_
        key = self.combine, float(self.smoothing)
        kept = self._tables.get(key)
        # Arrays are compared by identity.
        if kept is None or any(a is not b for a, b in zip(kept[0], counts, strict=True)):
            kept = counts, TABLES[self.combine](*counts, key[1])
            self._tables.clear()
            self._tables[key] = kept
        return kept[1]

    def _check_parameters(self) -> None:
        if not isinstance(self.combine, str) or self.combine not in TABLES:
            raise ValueError(f"combine must be one of {list(TABLES)}, got {self.combine!r}")
        if (
            not isinstance(self.smoothing, Real)
            or not 1 / MOST_WEIGHT <= self.smoothing <= MOST_WEIGHT
        ):
            raise ValueError(
                f"smoothing must be a number between {1 / MOST_WEIGHT:g} and {MOST_WEIGHT:g}, got "
                f"{self.smoothing!r}"
            )
        check_number("threshold", self.threshold, least=0.0)

    def _restore(self) -> None:
        """Check the counts after a change, and drop the cached table."""
        shape = (len(self.classes_), self.n_features_in_)
        self._check_arrays(class_count_=(shape[:1], np.float64), column_count_=(shape, np.float64))
        for name in ("class_count_", "column_count_"):
            if getattr(self, name).size and not getattr(self, name).min() >= 0:
                raise ValueError(f"{name} must not be negative")
        if not 0 < self.class_count_.sum() <= MOST_WEIGHT:
            raise ValueError(f"class_count_ must come to more than 0 and at most {MOST_WEIGHT:g}")
        self._tables = {}

    _tables: dict[tuple[str, float], tuple[tuple[Reals, Reals], Table]]
    """The table that was used last, with its counts."""

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if "_tables" in state:
            state["_tables"] = {}  # cheap to compute again
        return state


def _normalized(scores: Reals) -> Reals:
    """Return log probabilities from log scores that lack a common term."""
    normalized: Reals = scores - logsumexp(scores, axis=1, keepdims=True)
    return normalized
