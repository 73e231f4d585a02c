"""fastsp: the Spatial Pooler, compiled for CPUs, as a scikit-learn transformer."""

from fastsp.pooler import SpatialPooler, Trace

__version__ = "0.1.0"

__all__ = ["SpatialPooler", "Trace", "__version__"]
