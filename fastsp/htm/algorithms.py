"""What learns, under the name of the module that programs import it from."""

from typing import TYPE_CHECKING, Any

from fastsp.htm.classifier import Classifier
from fastsp.htm.predictor import Predictor

if TYPE_CHECKING:
    from fastsp.htm.pooler import SpatialPooler

__all__ = ["Classifier", "Predictor", "SpatialPooler"]


def __getattr__(name: str) -> Any:
    # Numba, with which poolers are compiled, takes longer to import than all else of this package.
    if name != "SpatialPooler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fastsp.htm.pooler import SpatialPooler

    globals()[name] = SpatialPooler
    return SpatialPooler
