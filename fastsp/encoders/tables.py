"""Missing values, dates and categories in arrays and data frames."""

import datetime
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.masks import is_masked

MOMENTS = (np.datetime64, np.timedelta64)
_GAPS = ("NAType", "NaTType", "MaskedConstant", "datetime64", "timedelta64")
"""Types of objects that say that a value is missing, or may; pandas may not be installed."""


def is_missing(value: object) -> bool:
    """Return whether one value is None, NaN, NaT, pandas' NA or masked."""
    if value is None or value is np.ma.masked or type(value).__name__ == "NAType":
        return True
    kinds = (float, np.floating, datetime.date, *MOMENTS)  # pandas' NaT is a date, too
    return isinstance(value, kinds) and value != value


def with_nan(X: Any) -> Any:
    """Return `X` with NaN for pandas' NA, for NaT, and where values are masked; `X` stays as it is.

    scikit-learn does as much for columns of numbers.
    """
    X = unmasked(X)
    if is_frame(X):
        columns = {i: (column, _fill(column)) for i, column in _columns_of_objects(X)}
        return _with_columns(X, {i: new for i, (old, new) in columns.items() if new is not old})
    if isinstance(X, (list, tuple, np.ndarray)):
        values = np.asarray(X)
        if values.dtype.kind == "T":  # numpy's StringDType, which scikit-learn does not support
            values = X = values.astype(object)
        filled = _fill(values)
        return X if filled is values else filled
    return X


def unmasked(values: Any) -> Any:
    """Return what is or holds masked arrays without them, NaN where values were masked."""
    if not is_masked(values):
        return values
    if isinstance(values, (list, tuple)):
        return np.array([unmasked(value) for value in values], object)
    if values.dtype.kind in "fc":
        return values.filled(np.nan)
    objects = as_objects(values.data)
    objects[np.ma.getmaskarray(values)] = np.nan
    return objects


def is_frame(X: Any) -> bool:
    """Return whether `X` is a data frame of pandas, or of what looks like it."""
    return hasattr(X, "iloc") and X.ndim == 2


def declared_categories(X: Any) -> dict[int, NDArray[np.object_]]:
    """Return the categories that types of columns declare, of pandas and Polars, in their order.

    By the place of the column; columns whose type declares none are left out.
    """
    return {
        i: as_objects(np.asarray(dtype.categories))
        for i, dtype in enumerate(getattr(X, "dtypes", ()))
        if type(dtype).__name__ in ("CategoricalDtype", "Enum")
    }


def with_objects(X: Any, places: Collection[int]) -> Any:
    """Return `X` with objects for numbers, dates and pandas' categories in the given columns.

    An array has objects for all of its values where it has for some. What is missing is for
    `with_nan` to fill.
    """
    X = unmasked(X)
    if is_frame(X):
        declared, columns = declared_categories(X), {}
        for i, dtype in enumerate(X.dtypes):
            if i in places and i in declared:
                columns[i] = np.append(declared[i], np.nan)[X.iloc[:, i].cat.codes]
            elif i in places and getattr(dtype, "kind", "O") in "biufmM":
                columns[i] = as_objects(np.asarray(X.iloc[:, i]))
        return _with_columns(X, columns)
    if places and isinstance(X, (list, tuple, np.ndarray)):
        values = np.asarray(X)
        return as_objects(values) if values.dtype.kind in "biufmM" else X
    return X


def holds_moments(X: Any) -> bool:
    """Return whether there are NumPy's dates or durations among the values of `X`."""
    columns = _columns_of_objects(X) if is_frame(X) else [(0, np.asarray(X))]
    return any(
        array.dtype.kind in "mM"
        or (array.dtype.kind == "O" and any(issubclass(kind, MOMENTS) for kind in _kinds(array)))
        for _, array in columns
    )


def as_objects(values: NDArray[Any]) -> NDArray[np.object_]:
    """Return values as objects, NaN for NaT. Equal ones hash alike, whatever type they had."""
    if values.dtype.kind not in "mM":
        return values.astype(object)
    objects = np.empty(values.size, object)
    objects[:] = list(values.flat)  # NumPy's own conversion makes integers of nanoseconds
    objects[np.isnat(values.ravel())] = np.nan
    return objects.reshape(values.shape)


def _columns_of_objects(X: Any) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield place and values of the columns of a data frame that are not plain numbers."""
    for i, dtype in enumerate(X.dtypes):
        if getattr(dtype, "kind", "O") not in "biuf":
            yield i, np.asarray(X.iloc[:, i])


def _with_columns(X: Any, columns: dict[int, NDArray[Any]]) -> Any:
    """Return a data frame with columns of objects in the given places."""
    if columns:
        X = X.copy()
        for i, values in columns.items():
            series = type(X.iloc[:, i])  # of an array alone, pandas would guess another type
            X.isetitem(i, series(values, index=X.index, dtype=object))
    return X


def _fill(values: NDArray[Any]) -> NDArray[Any]:
    """Return an array with NaN for NA and NaT, or the array itself where there is none."""
    if values.dtype.kind in "mM" and np.isnat(values).any():
        return as_objects(values)
    if values.dtype.kind != "O" or not any(kind.__name__ in _GAPS for kind in _kinds(values)):
        return values
    gaps = (value is not None and is_missing(value) for value in values.flat)
    filled = values.copy()
    filled[np.fromiter(gaps, bool, values.size).reshape(values.shape)] = np.nan
    return filled


def _kinds(values: NDArray[Any]) -> set[type]:
    return set(map(type, values.flat))
