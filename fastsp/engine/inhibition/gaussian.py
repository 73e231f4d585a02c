"""Gaussian inhibition: columns compete by their boosted overlap beside those around them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.blurs import gaussian_blur
from fastsp.engine.inhibition.base import Inhibition, Shape
from fastsp.kernels.blocks import Block, Bound
from fastsp.kernels.blurs import Blur
from fastsp.kernels.inhibition import gaussian, top
from fastsp.kernels.state import Chunk, Rule


@dataclass(frozen=True)
class Gaussian(Inhibition):
    """The k columns win whose boosted overlap is largest in units of the spread around them."""

    name = "gaussian"
    needs_radius = True
    compares_overlaps = False
    needs_all_keys = True
    weights: Blur

    @classmethod
    def planned(
        cls, parameters: Mapping[str, Any], column_shape: Shape, input_shape: Shape
    ) -> Self:
        """Return the inhibition that the parameters ask for."""
        radii = cls.radii(parameters, column_shape, input_shape)
        blur = gaussian_blur(column_shape, radii, parameters["wrap"])
        return cls(cls.boxes_of(parameters, column_shape, input_shape), blur)

    @classmethod
    def _reaches(cls, column_shape: Shape, radii: tuple[float, ...]) -> tuple[Shape, Shape]:
        # Two standard deviations.
        sides = zip(radii, column_shape, strict=True)
        return column_shape, tuple(math.ceil(min(2 * radius, n)) for radius, n in sides)

    def _work(self, n_columns: int) -> NDArray[np.float32]:
        return np.empty((4, max(n_columns, self.weights.room)), np.float32)

    def compete(self, keys: NDArray[np.uint32], chunk: Block[Chunk], rule: Rule) -> Bound:
        """Return the step by which columns compete; see `Inhibition.compete`."""
        n = keys.size
        own = gaussian.Gaussian(
            keys,
            np.empty(n, np.float32),
            np.empty(n, np.float32),
            self.weights,
            self._work(n),
            rule,
            top.new_guess(),
            top.new_selection_scratch(n),
            chunk,
        )
        return Bound(gaussian.compete_by_gaussian, own)

    def average(self, values: NDArray[np.float64], means: NDArray[np.float64]) -> Bound:
        """Return a step for means that are weighted by the Gaussian; see `Inhibition.average`."""
        own = gaussian.BlurredMean(values, means, self.weights, self._work(values.size))
        return Bound(gaussian.average_by_gaussian, own)

    def stages(self, compete: Bound) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Return the boosted and the normalised overlaps after `compete`."""
        own = compete.block.value
        return own.boosted, own.normalised

    @property
    def blur(self) -> Blur | None:
        """What boosted overlaps are normalised with."""
        return self.weights
