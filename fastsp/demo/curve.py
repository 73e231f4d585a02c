"""Accuracy and entropy over learning cycles, in bounded memory."""

import numpy as np
from numpy.typing import NDArray

MOST = 512
"""Points; beyond it every other one is dropped, so that the curve stays evenly spaced."""


class Curve:
    """Points (cycles, accuracy, entropy), cycles not falling."""

    def __init__(self) -> None:
        self._points: list[tuple[float, float, float]] = []

    def add(self, cycles: int, accuracy: float, entropy: float) -> None:
        """Add a point; it replaces the last one of as many cycles, unless that is the first."""
        if len(self._points) > 1 and self._points[-1][0] == cycles:
            self._points.pop()
        self._points.append((float(cycles), accuracy, entropy))
        if len(self._points) > MOST:
            self._points = self._points[:-1:2] + self._points[-1:]

    def points(self) -> NDArray[np.float64]:
        """Return all points, (n, 3) float64."""
        return np.array(self._points, np.float64).reshape(-1, 3)

    def copy(self) -> "Curve":
        """Return a curve of the same points."""
        other = Curve()
        other._points = list(self._points)
        return other
