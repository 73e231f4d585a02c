"""Local inhibition: a column wins against all but a few of those around it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.inhibition.base import Inhibition, Shape
from fastsp.engine.topology import neighbourhood
from fastsp.kernels.blocks import Block, Bound
from fastsp.kernels.inhibition import local
from fastsp.kernels.inhibition.local import LocalScratch, Neighbourhood
from fastsp.kernels.state import Chunk, Rule


@dataclass(frozen=True)
class Local(Inhibition):
    """A column wins where fewer than a share of the columns around it beat it."""

    name = "local"
    needs_radius = True
    is_exported = False
    needs_all_keys = True
    neighbourhood: Neighbourhood
    in_order: bool = False
    """Whether of equal columns only those beat that have won before"""

    @classmethod
    def planned(
        cls, parameters: Mapping[str, Any], column_shape: Shape, input_shape: Shape
    ) -> Self:
        """Return the inhibition that the parameters ask for."""
        radius = max(cls.radii(parameters, column_shape, input_shape))
        around = neighbourhood(column_shape, radius, parameters["wrap"], parameters["density"])
        return cls(cls.boxes_of(parameters, column_shape, input_shape), around)

    @classmethod
    def _reaches(cls, column_shape: Shape, radii: tuple[float, ...]) -> tuple[Shape, Shape]:
        return column_shape, (int(max(radii)),) * len(radii)

    def most_active(self, rule: Rule) -> int:
        """Return the largest number of active columns that an input can have."""
        return self.neighbourhood.most_active

    def compete(self, keys: NDArray[np.uint32], chunk: Block[Chunk], rule: Rule) -> Bound:
        """Return the step by which columns compete; see `Inhibition.compete`."""
        n_cells = self.neighbourhood.limits.size
        scratch = LocalScratch(
            cells=np.zeros(n_cells, np.uint32),
            maxima=np.empty(n_cells, np.uint32),
            candidates=np.empty(n_cells, np.int32),
        )
        own = local.Local(keys, self.neighbourhood, scratch, chunk)
        return Bound(local.compete_in_order if self.in_order else local.compete_locally, own)
