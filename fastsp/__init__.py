"""fastsp: the Spatial Pooler, compiled for CPUs, as a scikit-learn transformer.

Names are imported at their first use, so that `fastsp.engine` brings in NumPy and Numba alone.
"""

import importlib
from typing import TYPE_CHECKING, Any

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

__version__ = "0.1.0"

_MODULES = {
    name: module
    for module, names in {
        "fastsp.classifiers": (
            "MaximumLikelihoodClassifier",
            "SoftmaxClassifier",
            "StreamingRidgeClassifier",
        ),
        "fastsp.encoders": (
            "BinaryImageEncoder",
            "CategoryEncoder",
            "CyclicEncoder",
            "DateTimeEncoder",
            "ImageAugmenter",
            "RandomDistributedEncoder",
            "ScalarEncoder",
        ),
        "fastsp.engine.events": ("LearningEvent",),
        "fastsp.homeostasis": ("HomeostaticPooler",),
        "fastsp.persistence": ("ModelFileError", "load", "load_with_notes", "save"),
        "fastsp.pooler": ("SpatialPooler", "Trace"),
        "fastsp.similarity": ("OverlapIndex",),
        "fastsp.streaming": ("StreamingPipeline",),
    }.items()
    for name in names
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
