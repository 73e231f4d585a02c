"""One Spatial Pooler without scikit-learn: its state, and what is done to it."""

from fastsp.engine.engine import Engine

__all__ = ["Engine"]
