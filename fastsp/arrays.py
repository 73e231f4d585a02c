"""The arrays that a pooler remembers: their types, and whether they fit together."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.parameters import MOST_SYNAPSES
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
    with np.errstate(over="ignore"):
        # Read-only arrays (of a memory-mapped pickle, say) are copied.
        arrays = {name: np.require(given[name], dtype, ["C", "W"]) for name, dtype in types.items()}
    # Of NaN no order is known, and the kernels rely on one. What is too large for its type is
    # infinite by now.
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite as {array.dtype}")
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
    check_pools(starts, indices)
    return arrays


def check_pools(indptr: NDArray[Any], indices: NDArray[Any]) -> None:
    """Raise ValueError where a potential pool is none that a pooler draws; changes nothing.

    Kernels have room for what such pools can lead to, and no more.

    Parameters
    ----------
    indptr : (R + 1,) integers, not descending, from 0 to S: where the pool of each row begins.
    indices : (S,) integers: the input bits of the pools. Within a pool they must be strictly
        ascending, so that none is there twice, and at most `MOST_SYNAPSES`.
    """
    largest = int(np.diff(indptr).max())
    if largest > MOST_SYNAPSES:
        raise ValueError(
            f"indices_ must hold at most {MOST_SYNAPSES} potential synapses in each pool; got "
            f"{largest}"
        )
    in_order = indices[1:] > indices[:-1]
    begins = indptr[(indptr > 0) & (indptr < len(indices))]
    in_order[begins - 1] = True  # the first of a pool follows the last of another
    if not in_order.all():
        place = int(np.argmin(in_order)) + 1
        row = int(np.searchsorted(indptr, place, side="right")) - 1
        raise ValueError(
            f"indices_ must be strictly ascending within each potential pool; in that of row {row} "
            f"input bit {indices[place]} follows {indices[place - 1]}"
        )


def _all_below(positions: NDArray[np.integer[Any]], n: int) -> bool:
    return len(positions) == 0 or bool(np.min(positions) >= 0 and np.max(positions) < n)
