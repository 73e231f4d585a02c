"""What every kind of inhibition tells the engine. The kinds are in files of their own.

A kind is a class here, which plans it from the parameters, and a file of kernels in
`fastsp.kernels.inhibition`, which holds the arrays and the step that lets columns compete.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.topology import boxes
from fastsp.kernels.blocks import Block, Bound
from fastsp.kernels.blurs import Blur
from fastsp.kernels.neighbourhoods import Boxes
from fastsp.kernels.state import Chunk, Rule
from fastsp.kernels.weak import BoxMean, average_boxes

Shape = tuple[int, ...]
NO_BOXES = boxes((1,), (0,), False)


@dataclass(frozen=True)
class Inhibition:
    """A kind of inhibition, planned for one grid of columns. Defaults are those of global ones."""

    name: ClassVar[str]
    needs_radius: ClassVar[bool] = False
    compares_overlaps: ClassVar[bool] = True
    """Whether columns compete by boosted overlaps themselves, which are whole numbers then where
    nothing is boosted."""
    is_exported: ClassVar[bool] = True
    finds_winners_in_shards: ClassVar[bool] = False
    """Whether a shard knows the winners among its own columns."""
    needs_all_keys: ClassVar[bool] = False
    """Whether winners among all shards depend on the keys of all columns."""

    boxes: Boxes
    """The neighbourhoods that columns are compared with where the rule asks for it"""

    @classmethod
    def planned(
        cls, parameters: Mapping[str, Any], column_shape: Shape, input_shape: Shape
    ) -> Self:
        """Return the inhibition that the parameters ask for."""
        return cls(cls.boxes_of(parameters, column_shape, input_shape))

    @classmethod
    def places(cls, column_shape: Shape) -> Shape:
        """Return the topology of the columns: their grid, without the size of groups."""
        return column_shape

    @classmethod
    def group_size(cls, column_shape: Shape) -> int:
        """Return the number of columns that compete for a fixed number of places."""
        return math.prod(column_shape)

    @classmethod
    def unit_size(cls, column_shape: Shape) -> int:
        """Return how many columns must stay together where a pooler is cut into shards."""
        return 1

    @classmethod
    def radii(
        cls, parameters: Mapping[str, Any], column_shape: Shape, input_shape: Shape
    ) -> tuple[float, ...]:
        """Return the radius of inhibition in columns, along each axis; zeros where there is none.

        Raises ValueError where there is nothing to derive it from.
        """
        if not cls.needs_radius:
            return (0.0,) * len(column_shape)
        given, radius = parameters["inhibition_radius"], parameters["potential_radius"]
        if given is not None:
            return (float(given),) * len(column_shape)
        if not radius or len(column_shape) > len(input_shape):
            raise ValueError(
                f"inhibition_radius must be given for inhibition={cls.name!r} where receptive "
                "fields have no radius to derive it from; got None"
            )
        return tuple(radius * c / i for c, i in zip(column_shape, input_shape, strict=False))

    @classmethod
    def boxes_of(
        cls, parameters: Mapping[str, Any], column_shape: Shape, input_shape: Shape
    ) -> Boxes:
        """Return the neighbourhoods that columns are compared with, if they are."""
        if parameters["boost_target"] == "density" and parameters["weak_column_share"] == 0:
            return NO_BOXES
        radii = cls.radii(parameters, column_shape, input_shape)
        grid, reaches = cls._reaches(column_shape, radii)
        return boxes(grid, reaches, parameters["wrap"] and cls.needs_radius)

    @classmethod
    def _reaches(cls, column_shape: Shape, radii: tuple[float, ...]) -> tuple[Shape, Shape]:
        """Return the grid that `boxes` are laid out on, and how far they reach along each axis."""
        n = math.prod(column_shape)
        return (n,), (n,)

    def most_active(self, rule: Rule) -> int:
        """Return the largest number of active columns that an input can have."""
        return rule.n_active

    def stretch(self, n_columns: int) -> int:
        """Return how many of C columns can compete before the next do: all, or some groups."""
        return n_columns

    def compete(self, keys: NDArray[np.uint32], chunk: Block[Chunk], rule: Rule) -> Bound:
        """Return the step by which columns compete, with scratch space; see `Finding.compete`."""
        raise NotImplementedError

    def average(self, values: NDArray[np.float64], means: NDArray[np.float64]) -> Bound:
        """Return a step that fills `means` (C,) with the mean of `values` around each column."""
        return Bound(
            average_boxes, BoxMean(values, means, self.boxes, np.empty((3, self.boxes.room)))
        )

    def stages(self, compete: Bound) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Return the boosted and the normalised overlaps after `compete`, where these differ."""
        return None

    @property
    def blur(self) -> Blur | None:
        """Where columns compete by normalised overlaps, what these are normalised with."""
        return None
