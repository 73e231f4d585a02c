"""Masked arrays: NumPy forgets what they hide wherever it makes plain arrays of them."""

from typing import Any

import numpy as np


def is_masked(values: Any) -> bool:
    """Return whether an array, or one in a list of them, hides some of its values."""
    if isinstance(values, (list, tuple)):
        nested = (list, tuple, np.ma.MaskedArray)
        return any(issubclass(kind, nested) for kind in set(map(type, values))) and any(
            map(is_masked, values)
        )
    return isinstance(values, np.ma.MaskedArray) and bool(np.ma.is_masked(values))


def check_unmasked(name: str, values: Any) -> None:
    """Raise ValueError, naming the parameter, where `values` are masked in part or as a whole."""
    if is_masked(values):
        raise ValueError(
            f"{name} must not have masked values, got some; leave them out, or fill them"
        )
