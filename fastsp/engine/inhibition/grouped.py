"""Grouped inhibition: columns compete with those of their group."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.inhibition.base import Inhibition, Shape
from fastsp.kernels.blocks import Block, Bound
from fastsp.kernels.inhibition import grouped, top
from fastsp.kernels.state import Chunk, Rule

STRETCH = 1024
"""Columns, about, that are counted, boosted and compete before the next."""


@dataclass(frozen=True)
class Grouped(Inhibition):
    """In each group the k columns of the largest boosted overlap win."""

    name = "grouped"
    finds_winners_in_shards = True
    size: int = 1
    """Columns in a group"""

    @classmethod
    def planned(
        cls, parameters: Mapping[str, Any], column_shape: Shape, input_shape: Shape
    ) -> Self:
        """Return the inhibition that the parameters ask for."""
        return cls(cls.boxes_of(parameters, column_shape, input_shape), column_shape[-1])

    @classmethod
    def places(cls, column_shape: Shape) -> Shape:
        """Return the grid of groups."""
        if len(column_shape) < 2:
            raise ValueError(
                "column_shape must end with the number of columns in a group, after the grid of "
                f"groups, where inhibition is 'grouped'; got {column_shape}"
            )
        return column_shape[:-1]

    @classmethod
    def group_size(cls, column_shape: Shape) -> int:
        """Return the number of columns in a group."""
        return column_shape[-1]

    @classmethod
    def unit_size(cls, column_shape: Shape) -> int:
        """Return the number of columns in a group."""
        return column_shape[-1]

    @classmethod
    def _reaches(cls, column_shape: Shape, radii: tuple[float, ...]) -> tuple[Shape, Shape]:
        *grid, size = column_shape
        return (math.prod(grid), size), (0, size)

    def stretch(self, n_columns: int) -> int:
        """Return how many columns can compete before the next do: some whole groups."""
        return max(1, STRETCH // self.size) * self.size

    def compete(self, keys: NDArray[np.uint32], chunk: Block[Chunk], rule: Rule) -> Bound:
        """Return the step by which columns compete; see `Inhibition.compete`."""
        n_active = rule.n_active // (keys.size // self.size)
        selection = top.new_selection_scratch(keys.size)
        return Bound(
            grouped.compete_in_groups, grouped.Grouped(keys, self.size, n_active, selection, chunk)
        )
