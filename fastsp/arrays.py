"""The arrays that a pooler remembers: their types, and whether they fit together."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.synapses import index_type

ARRAYS: dict[str, type[np.number[Any]]] = {
    "indptr_": np.int64,
    "indices_": np.uint32,
    "permanences_": np.float32,
    "active_duty_cycles_": np.float64,
    "log_duty_cycles_": np.float64,
    "boost_factors_": np.float32,
    "overlap_duty_cycles_": np.float64,
    "tie_breakers_": np.float32,
    "off_columns_": np.int32,
    "off_inputs_": np.int32,
}
LEARNED = {
    "permanences_",
    "active_duty_cycles_",
    "log_duty_cycles_",
    "boost_factors_",
    "overlap_duty_cycles_",
}
"""Changed in place by learning."""


def settled(pooler: Any) -> dict[str, NDArray[Any]]:
    """Return the arrays of a pooler by name, in the types of the kernels; changes nothing.

    Raises ValueError where they do not fit together, or are not finite.
    """
    n_columns, n_inputs = math.prod(pooler.column_shape_), pooler.n_features_in_
    types = ARRAYS | {"indices_": index_type(n_inputs)}
    given = {name: np.asarray(getattr(pooler, name)) for name in types}
    for name, dtype in types.items():
        array = given[name]
        kinds = "iuf" if issubclass(dtype, np.floating) else "iu"
        if array.ndim != 1 or array.dtype.kind not in kinds:
            raise ValueError(
                f"{name} must be a one-dimensional array of {np.dtype(dtype)}; got one of "
                f"{array.dtype} in {array.ndim} dimensions"
            )
        # Of NaN no order is known, and the kernels rely on one; nor must what is finite become
        # infinite in the type of the kernels.
        if not (np.isfinite(array).all() and _fits_type(array, dtype)):
            raise ValueError(f"{name} must be finite as {np.dtype(dtype)}")
    starts, indices, n_rows = given["indptr_"], given["indices_"], len(given["tie_breakers_"])
    fits = {
        "tie_breakers_": n_rows > 0 and n_rows % n_columns == 0,
        "indptr_": len(starts) == n_rows + 1
        and starts[0] == 0
        and starts[-1] == len(indices)
        and bool((np.diff(starts) >= 0).all()),
        "indices_": _all_below(indices, n_inputs),
        "permanences_": len(given["permanences_"]) == len(indices),
        "active_duty_cycles_": len(given["active_duty_cycles_"]) == n_rows,
        "log_duty_cycles_": len(given["log_duty_cycles_"]) in (0, n_rows),
        "boost_factors_": len(given["boost_factors_"]) == n_rows,
        "overlap_duty_cycles_": len(given["overlap_duty_cycles_"]) in (0, n_rows),
        "off_columns_": _all_below(given["off_columns_"], n_columns),
        "off_inputs_": _all_below(given["off_inputs_"], n_inputs),
        "input_shape_": math.prod(pooler.input_shape_) == n_inputs,
    }
    wrong = [name for name, fit in fits.items() if not fit]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} must fit the other arrays of the pooler")
    # Read-only arrays (of a memory-mapped pickle, say) are copied.
    return {name: np.require(given[name], dtype, ["C", "W"]) for name, dtype in types.items()}


def _fits_type(array: NDArray[Any], dtype: type[np.number[Any]]) -> bool:
    """Tell whether no element, all finite, is beyond the largest number of a type of floats."""
    if not issubclass(dtype, np.floating) or len(array) == 0:
        return True
    with np.errstate(over="ignore"):
        return bool(np.isfinite([array.min().astype(dtype), array.max().astype(dtype)]).all())


def _all_below(positions: NDArray[np.integer[Any]], n: int) -> bool:
    return len(positions) == 0 or bool(np.min(positions) >= 0 and np.max(positions) < n)
