"""Tables of scores from counts, for C columns and L labels."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


class Table(NamedTuple):
    """Scores of a sample: a constant for each label, and a term for each active column."""

    of_label: Reals
    """(L,): added to every sample; with "mean" the score of samples without active columns"""
    of_active: Reals
    """(C, L): the term of each active column"""


def _active_rates(class_count: Reals, column_count: Reals, smoothing: float) -> Reals:
    """Return the smoothed chance that a column is active given the label, (C, L)."""
    return np.ascontiguousarray((column_count.T + smoothing) / (class_count + 2.0 * smoothing))


def _product_table(class_count: Reals, column_count: Reals, smoothing: float) -> Table:
    """Return log priors, and log chances that a column is active."""
    rates = _active_rates(class_count, column_count, smoothing)
    return Table(log(_prior(class_count)), np.log(rates))


def _bernoulli_table(class_count: Reals, column_count: Reals, smoothing: float) -> Table:
    """Return log priors with the log chance that no column is active, and log odds."""
    rates = _active_rates(class_count, column_count, smoothing)
    inactive = np.maximum(class_count[:, np.newaxis] - column_count, 0.0)  # as sums are rounded
    of_inactive = np.log(_active_rates(class_count, inactive, smoothing))
    return Table(log(_prior(class_count)) + of_inactive.sum(axis=0), np.log(rates) - of_inactive)


def _mean_table(class_count: Reals, column_count: Reals, smoothing: float) -> Table:
    """Return priors, and the distribution of labels that each column predicts."""
    rates: Reals = _active_rates(class_count, column_count, smoothing) * (class_count > 0)
    rates /= rates.sum(axis=1, keepdims=True)
    return Table(_prior(class_count), rates)


TABLES: dict[str, Callable[[Reals, Reals, float], Table]] = {
    "product": _product_table,
    "bernoulli": _bernoulli_table,
    "mean": _mean_table,
}


def _prior(class_count: Reals) -> Reals:
    prior: Reals = class_count / class_count.sum()
    return prior


def log(values: Reals) -> Reals:
    """Return the natural logarithm, -inf of 0."""
    with np.errstate(divide="ignore"):
        return np.log(values)
