"""fastsp: the Spatial Pooler, compiled for CPUs, as a scikit-learn transformer."""

from fastsp import datasets, metrics
from fastsp.classifiers import MaximumLikelihoodClassifier
from fastsp.encoders import (
    BinaryImageEncoder,
    CategoryEncoder,
    CyclicEncoder,
    DateTimeEncoder,
    ImageAugmenter,
    RandomDistributedEncoder,
    ScalarEncoder,
)
from fastsp.persistence import load, save
from fastsp.pooler import SpatialPooler, Trace
from fastsp.softmax import SoftmaxClassifier

__version__ = "0.1.0"

__all__ = [
    "BinaryImageEncoder",
    "CategoryEncoder",
    "CyclicEncoder",
    "DateTimeEncoder",
    "ImageAugmenter",
    "MaximumLikelihoodClassifier",
    "RandomDistributedEncoder",
    "ScalarEncoder",
    "SoftmaxClassifier",
    "SpatialPooler",
    "Trace",
    "__version__",
    "datasets",
    "load",
    "metrics",
    "save",
]
