"""The arrays that a pooler remembers: their types, and whether they fit together."""

from collections.abc import Mapping
from typing import Any, Generic, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.index import index_type
from fastsp.engine.parameters import MOST_SYNAPSES
from fastsp.masks import check_unmasked

Arrays = dict[str, NDArray[Any]]

ARRAYS: dict[str, type[np.number[Any]]] = {
    "indptr": np.int64,
    "indices": np.uint32,
    "permanences": np.float32,
    "active_duty_cycles": np.float64,
    "log_duty_cycles": np.float64,
    "boost_factors": np.float32,
    "overlap_duty_cycles": np.float64,
    "tie_breakers": np.float32,
    "off_columns": np.int32,
    "off_inputs": np.int32,
}
LEARNED = (
    "permanences",
    "active_duty_cycles",
    "log_duty_cycles",
    "boost_factors",
    "overlap_duty_cycles",
)
"""Changed in place by learning."""


Kind = TypeVar("Kind", bound=np.generic)
Value = TypeVar("Value")


class Array(Generic[Kind]):
    """An attribute that is one of a pooler's arrays: the array itself, or what is assigned for it.

    Its owner has `_array(name)` and `assign(**arrays)`; the name may end in an underscore.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name.rstrip("_")

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: object, kind: type) -> NDArray[Kind]: ...
    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """Return the array."""
        return self if owner is None else owner._array(self.name)

    def __set__(self, owner: Any, value: Any) -> None:
        """Put another array in its place; it is checked when it is used."""
        owner.assign(**{self.name: value})


class Fixed(Generic[Value]):
    """An attribute of an estimator that its engine knows, and that cannot be assigned."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: object, kind: type) -> Value: ...
    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """Return what the engine says."""
        return self if owner is None else getattr(owner._fitted(), self.name.rstrip("_"))

    def __set__(self, owner: Any, value: Any) -> None:
        """Refuse it."""
        raise AttributeError(f"{self.name} cannot be assigned; got {value!r}")


def check_arrays(
    arrays: Mapping[str, Any], n_columns: int, n_inputs: int, suffix: str = ""
) -> Arrays:
    """Return the arrays of a pooler in the types of the kernels; changes nothing.

    Raises ValueError where they do not fit together, or are not finite; `suffix` follows the names
    in what it says.
    """
    types = ARRAYS | {"indices": index_type(n_inputs)}
    for name in types:
        check_unmasked(f"{name}{suffix}", arrays[name])
    given = {name: np.asarray(arrays[name]) for name in types}
    for name, dtype in types.items():
        array = given[name]
        kinds = "iuf" if issubclass(dtype, np.floating) else "iu"
        if array.ndim != 1 or array.dtype.kind not in kinds:
            raise ValueError(
                f"{name}{suffix} must be a one-dimensional array of {np.dtype(dtype)}; got one of "
                f"{array.dtype} in {array.ndim} dimensions"
            )
    with np.errstate(over="ignore"):
        # Read-only arrays (of a memory-mapped pickle, say) are copied.
        converted = {
            name: np.require(given[name], dtype, ["C", "W"]) for name, dtype in types.items()
        }
    # Of NaN no order is known, and the kernels rely on one. What is too large for its type is
    # infinite by now.
    for name, array in converted.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name}{suffix} must be finite as {array.dtype}")
    starts, indices, n_rows = given["indptr"], given["indices"], len(given["tie_breakers"])
    fits = {
        "tie_breakers": n_rows > 0 and n_rows % n_columns == 0,
        "indptr": len(starts) == n_rows + 1
        and starts[0] == 0
        and starts[-1] == len(indices)
        and bool((np.diff(starts) >= 0).all()),
        "indices": _all_below(indices, n_inputs),
        "permanences": len(given["permanences"]) == len(indices),
        "active_duty_cycles": len(given["active_duty_cycles"]) == n_rows,
        "log_duty_cycles": len(given["log_duty_cycles"]) in (0, n_rows),
        "boost_factors": len(given["boost_factors"]) == n_rows,
        "overlap_duty_cycles": len(given["overlap_duty_cycles"]) in (0, n_rows),
        "off_columns": _all_below(given["off_columns"], n_columns),
        "off_inputs": _all_below(given["off_inputs"], n_inputs),
    }
    wrong = [f"{name}{suffix}" for name, fit in fits.items() if not fit]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} must fit the other arrays of the pooler")
    check_pools(starts, indices, suffix)
    return converted


def check_pools(indptr: NDArray[Any], indices: NDArray[Any], suffix: str = "") -> None:
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
            f"indices{suffix} must hold at most {MOST_SYNAPSES} potential synapses in each pool; "
            f"got {largest}"
        )
    in_order = indices[1:] > indices[:-1]
    begins = indptr[(indptr > 0) & (indptr < len(indices))]
    in_order[begins - 1] = True  # the first of a pool follows the last of another
    if not in_order.all():
        place = int(np.argmin(in_order)) + 1
        row = int(np.searchsorted(indptr, place, side="right")) - 1
        raise ValueError(
            f"indices{suffix} must be strictly ascending within each potential pool; in that of "
            f"row {row} input bit {indices[place]} follows {indices[place - 1]}"
        )


def _all_below(positions: NDArray[np.integer[Any]], n: int) -> bool:
    return len(positions) == 0 or bool(np.min(positions) >= 0 and np.max(positions) < n)
