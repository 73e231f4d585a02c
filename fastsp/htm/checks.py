"""What users give, checked and turned into new arrays.

Each check raises a TypeError for what is of another kind, and a `RefusedValueError` for what is out
of range, is NaN or does not fit. Messages name the argument, what was given and what is wanted.
"""

import math
from collections.abc import Iterable, Sequence, Set
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.masks import is_masked

MAX_SIZE = 2**32 - 1
"""Bits of an SDR: their indices are uint32."""

MAX_COUNT = 2**31 - 1
"""Of cycles, columns or axes."""

Dimensions = int | Sequence[int] | NDArray[np.integer[Any]]
"""How users give dimensions: a single integer, or one for each axis."""


class RefusedValueError(ValueError, RuntimeError):
    """A value that is refused; nothing has changed.

    It is a ValueError, as everywhere in fastsp, and a RuntimeError, which is what programs written
    against htm.core catch.
    """


class RefusedTypeError(RefusedValueError, TypeError):
    """A call that is refused for what its arguments are; nothing has changed.

    htm.core raises a TypeError for some such calls and a ValueError or RuntimeError for others, and
    this one is all of them.
    """


def check_dimensions(dimensions: Any, name: str = "dimensions") -> tuple[int, ...]:
    """Return dimensions as a tuple."""
    if _is_integer(dimensions):
        dimensions = (dimensions,)
    axes = tuple(dimensions) if isinstance(dimensions, Iterable) else (dimensions,)
    if not all(map(_is_integer, axes)):
        raise TypeError(f"{name} must be integers, got {dimensions!r}")
    if not axes or min(axes) < 1:
        raise RefusedValueError(f"{name} must be one or more integers from 1, got {dimensions!r}")
    axes = tuple(map(int, axes))
    if math.prod(axes) > MAX_SIZE:
        raise RefusedValueError(f"{name} must hold at most {MAX_SIZE} bits, got {axes}")
    return axes


def check_dense(value: Any, dimensions: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return a new array (size,) of 0 and 1 that says which numbers are not zero as bytes.

    As a byte, a number loses its fraction and all multiples of 256.
    """
    values, size = as_array(value, "dense"), math.prod(dimensions)
    if values.shape not in (dimensions, (size,)):
        if values.size != size:
            raise RefusedValueError(f"dense must hold {size} values, got {values.size}")
        raise RefusedValueError(
            f"dense must have the shape {dimensions} or ({size},), got {values.shape}"
        )
    kind = values.dtype.kind
    if kind not in "biuf":
        raise TypeError(f"dense must hold numbers or booleans, got {values.dtype}")
    if kind == "b":
        values = values.view(np.uint8)  # compared with an integer, booleans would be converted
    elif kind == "f":
        if not np.isfinite(values).all():
            raise RefusedValueError("dense must not hold NaN or infinity")
        values = np.trunc(np.fmod(values, 256))
    elif values.dtype.itemsize > 1:
        values = values.astype(np.uint8)
    on: NDArray[np.uint8] = np.not_equal(values, 0, order="C").view(np.uint8).reshape(size)
    return on


def check_sparse(value: Any, size: int) -> NDArray[np.uint32]:
    """Return a new array (k,) of the indices of on-bits, ascending, each once."""
    given = _as_indices(list(value) if isinstance(value, Set) else value, "sparse")
    indices = _ascending(given)
    if len(indices) and not (indices[0] >= 0 and indices[-1] < size):
        raise RefusedValueError(f"sparse must hold indices from 0 to {size - 1}, got {given}")
    return indices.astype(np.uint32)


def check_coordinates(value: Any, dimensions: tuple[int, ...]) -> NDArray[np.uint32]:
    """Return a new array (k,) of the indices of on-bits, given along each axis."""
    if not isinstance(value, Iterable):
        raise TypeError(f"coordinates must be a list for each axis, got {value!r}")
    axes = [_as_indices(axis, "coordinates") for axis in value]
    if len(axes) != len(dimensions):
        raise RefusedValueError(f"coordinates must be {len(dimensions)} lists, got {len(axes)}")
    if len({len(axis) for axis in axes}) > 1:
        raise RefusedValueError(
            f"coordinates must be lists of one length, got {[len(axis) for axis in axes]}"
        )
    indices = np.zeros(len(axes[0]), np.int64)
    for axis, length in zip(axes, dimensions, strict=True):
        if not ((axis >= 0) & (axis < length)).all():
            raise RefusedValueError(
                f"coordinates must be from 0 to {length - 1} along an axis of {length}, got {axis}"
            )
        indices = indices * length + axis.astype(np.int64)
    return _ascending(indices).astype(np.uint32)


def _ascending(indices: NDArray[Any]) -> NDArray[Any]:
    return indices if (indices[1:] > indices[:-1]).all() else np.unique(indices)


def check_number(name: str, value: Any) -> float:
    """Return a number as float."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return float(value)


def check_fraction(name: str, value: Any) -> float:
    """Return a number in [0, 1]."""
    fraction = check_number(name, value)
    if not 0 <= fraction <= 1:
        raise RefusedValueError(f"{name} must be from 0 to 1, got {value!r}")
    return fraction


def check_integer(name: str, value: Any, least: int, most: float = math.inf) -> int:
    """Return an integer from `least` to `most`."""
    if not _is_integer(value):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise RefusedValueError(f"{name} must be at least {least}, got {value!r}")
    if value > most:
        raise RefusedValueError(f"{name} must be at most {most}, got {value!r}")
    return int(value)


def check_count(name: str, value: Any, least: int) -> int:
    """Return an integer from `least` to 2**31 - 1."""
    return check_integer(name, value, least, MAX_COUNT)


def check_flag(name: str, value: Any) -> bool:
    """Return True or False."""
    if not isinstance(value, (bool, np.bool_)) and not (_is_integer(value) and value in (0, 1)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def check_learn(learn: Any) -> bool:
    """Return True or False; a number does not say whether to learn."""
    if learn is True or learn is False:
        return learn
    if not isinstance(learn, np.bool_):
        raise TypeError(f"learn must be True or False, got {learn!r}")
    return bool(learn)


def _is_integer(value: Any) -> bool:
    # The first is what nearly all are; the second takes ten times as long.
    return type(value) is int or (isinstance(value, Integral) and not isinstance(value, bool))


def as_array(value: Any, name: str) -> NDArray[Any]:
    """Return an array, not always a new one; masked values are refused."""
    if is_masked(value):
        raise RefusedValueError(f"{name} must not have masked values, got some")
    try:
        return np.asarray(value)
    except ValueError:  # lists of different lengths
        raise RefusedValueError(
            f"{name} must be an array, got lists of different lengths"
        ) from None


def _as_indices(value: Any, name: str) -> NDArray[Any]:
    indices = as_array(value, name)
    if indices.ndim == 1 and not len(indices):
        return np.empty(0, np.uint32)  # [] is an array of floats
    if indices.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integers, got {indices.dtype}")
    if indices.ndim != 1:
        raise RefusedValueError(f"{name} must be flat lists of indices, got shape {indices.shape}")
    return indices


def check_jobs(n_jobs: Any) -> int | None:
    """Return a number of threads as joblib knows it, None for the default."""
    if n_jobs is None:
        return None
    number = check_integer("n_jobs", n_jobs, -(2**31))
    if number == 0:
        raise RefusedValueError("n_jobs must not be 0")
    return number
