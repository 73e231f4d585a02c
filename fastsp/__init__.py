"""fastsp: the Spatial Pooler, compiled for CPUs, as a scikit-learn transformer.

Names are imported at their first use, so that `fastsp.engine` brings in NumPy and Numba alone.
"""

import importlib
from typing import TYPE_CHECKING, Any

from fastsp.catalogue import ESTIMATORS
from fastsp.version import __version__

if TYPE_CHECKING:
    from fastsp import datasets, metrics
    from fastsp.classifiers import (
        MaximumLikelihoodClassifier,
        SoftmaxClassifier,
        StreamingRidgeClassifier,
    )
    from fastsp.encoders import (
        BinaryImageEncoder,
        CategoryEncoder,
        CyclicEncoder,
        DateTimeEncoder,
        ImageAugmenter,
        RandomDistributedEncoder,
        ScalarEncoder,
    )
    from fastsp.engine.events import LearningEvent
    from fastsp.homeostasis import HomeostaticPooler
    from fastsp.persistence import ModelFileError, load, load_with_notes, save
    from fastsp.pooler import SpatialPooler, Trace
    from fastsp.similarity import OverlapIndex
    from fastsp.streaming import StreamingPipeline

_MODULES = ESTIMATORS | {
    "LearningEvent": "fastsp.engine.events",
    "Trace": "fastsp.pooler",
    **dict.fromkeys(("ModelFileError", "load", "load_with_notes", "save"), "fastsp.persistence"),
    "OverlapIndex": "fastsp.similarity",
    "StreamingPipeline": "fastsp.streaming",
}
_SUBMODULES = ("dask", "datasets", "engine", "export", "htm", "metrics")

__all__ = [
    "BinaryImageEncoder",
    "CategoryEncoder",
    "CyclicEncoder",
    "DateTimeEncoder",
    "HomeostaticPooler",
    "ImageAugmenter",
    "LearningEvent",
    "MaximumLikelihoodClassifier",
    "ModelFileError",
    "OverlapIndex",
    "RandomDistributedEncoder",
    "ScalarEncoder",
    "SoftmaxClassifier",
    "SpatialPooler",
    "StreamingPipeline",
    "StreamingRidgeClassifier",
    "Trace",
    "__version__",
    "datasets",
    "load",
    "load_with_notes",
    "metrics",
    "save",
]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"fastsp.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module 'fastsp' has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_SUBMODULES})
