"""fastsp: the Spatial Pooler, compiled for CPUs, as a scikit-learn transformer."""

from fastsp import datasets, metrics
from fastsp.classifiers import MaximumLikelihoodClassifier, SoftmaxClassifier
from fastsp.encoders import (
    BinaryImageEncoder,
    CategoryEncoder,
    CyclicEncoder,
    DateTimeEncoder,
    ImageAugmenter,
    RandomDistributedEncoder,
    ScalarEncoder,
)
from fastsp.events import LearningEvent
from fastsp.persistence import ModelFileError, load, load_with_notes, save
from fastsp.pooler import SpatialPooler, Trace

__version__ = "0.1.0"

__all__ = [
    "BinaryImageEncoder",
    "CategoryEncoder",
    "CyclicEncoder",
    "DateTimeEncoder",
    "ImageAugmenter",
    "LearningEvent",
    "MaximumLikelihoodClassifier",
    "ModelFileError",
    "RandomDistributedEncoder",
    "ScalarEncoder",
    "SoftmaxClassifier",
    "SpatialPooler",
    "Trace",
    "__version__",
    "datasets",
    "load",
    "load_with_notes",
    "metrics",
    "save",
]
