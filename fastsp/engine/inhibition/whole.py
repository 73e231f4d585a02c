"""Global inhibition: all columns compete with each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.inhibition.base import Inhibition
from fastsp.kernels.blocks import Block, Bound
from fastsp.kernels.inhibition import top
from fastsp.kernels.state import Chunk, Rule


@dataclass(frozen=True)
class Global(Inhibition):
    """The k columns of the largest boosted overlap win."""

    name = "global"
    last_wins: bool = False
    """Whether of equal columns the higher one wins"""

    def compete(self, keys: NDArray[np.uint32], chunk: Block[Chunk], rule: Rule) -> Bound:
        """Return the step by which columns compete; see `Inhibition.compete`."""
        guess, selection = top.new_guess(), top.new_selection_scratch(keys.size)
        own = top.Global(keys, rule.n_active, int(self.last_wins), guess, selection, chunk)
        return Bound(top.compete_globally, own)
