"""Missing values in arrays and data frames."""

import datetime
from typing import Any

import numpy as np


def is_missing(value: object) -> bool:
    """Return whether one value is None, NaN, NaT or pandas' NA."""
    if value is None or _is_na(value):
        return True
    kinds = (float, np.floating, datetime.date, np.datetime64)  # pandas' NaT is a date, too
    return isinstance(value, kinds) and value != value


def with_nan(X: Any) -> Any:
    """Return `X` with NaN in the place of pandas' NA where it holds objects; `X` stays as it is.

    scikit-learn does as much for columns of numbers.
    """
    if hasattr(X, "iloc") and X.ndim == 2:
        changed = {}
        for i, dtype in enumerate(X.dtypes):
            if getattr(dtype, "kind", "O") == "O":
                column = np.asarray(X.iloc[:, i])
                filled = _fill(column)
                if filled is not column:
                    changed[i] = filled
        if changed:
            X = X.copy()
            for i, filled in changed.items():
                X.isetitem(i, filled)
        return X
    if isinstance(X, (list, tuple, np.ndarray)):
        values = np.asarray(X)
        if values.dtype.kind == "T":  # numpy's StringDType, which scikit-learn does not support
            values = X = values.astype(object)
        filled = _fill(values)
        return X if filled is values else filled
    return X


def _fill(values: Any) -> Any:
    """Return an array with NaN for NA, or the array itself where there is none."""
    if values.dtype.kind != "O":
        return values
    places = np.array([_is_na(value) for value in values.flat], bool).reshape(values.shape)
    if not places.any():
        return values
    filled = values.copy()
    filled[places] = np.nan
    return filled


def _is_na(value: object) -> bool:
    return type(value).__name__ == "NAType"  # without importing pandas, which may not be installed
