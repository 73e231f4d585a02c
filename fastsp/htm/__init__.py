"""The names that programs written against htm.core import, with their signatures and defaults.

`fastsp.htm.sdr` and `fastsp.htm.algorithms` hold the same names where such programs look for them.
Poolers are imported, and Numba with them, at their first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

from fastsp.htm.classifier import Classifier
from fastsp.htm.predictor import Predictor
from fastsp.htm.rows import from_rows, to_rows
from fastsp.htm.sdr import SDR, ActivationFrequency, Metrics, Overlap, Sparsity

if TYPE_CHECKING:
    from fastsp.htm.moving import from_htm_core
    from fastsp.htm.pooler import SpatialPooler

__all__ = [
    "SDR",
    "ActivationFrequency",
    "Classifier",
    "Metrics",
    "Overlap",
    "Predictor",
    "Sparsity",
    "SpatialPooler",
    "from_htm_core",
    "from_rows",
    "to_rows",
]
_LATER = {"SpatialPooler": "fastsp.htm.pooler", "from_htm_core": "fastsp.htm.moving"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_LATER[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
