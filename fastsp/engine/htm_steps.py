"""The steps of a pooler that learns by the rule of NuPIC and htm.core."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.steps import Pooler
from fastsp.kernels import htm_rule as kernels
from fastsp.kernels.blocks import NOTHING, Block, Bound
from fastsp.kernels.cycle import Learning
from fastsp.kernels.llvm.bits import WORD
from fastsp.kernels.permanences import Adapting
from fastsp.kernels.state import Chunk


@dataclass(frozen=True, kw_only=True)
class HtmPooler(Pooler):
    """The parts of a pooler that learns by this rule; see `fastsp.kernels.htm_rule.HtmRule`."""

    clock: NDArray[np.int64]
    min_overlap_duty_cycles: NDArray[np.float64]
    sums_near: NDArray[np.float32]
    period: int
    stimulus_threshold: int

    @property
    def can_be_shared(self) -> bool:
        """Whether several threads may learn, each its own columns."""
        return not self.sums_near.size

    def _htm(self, overlaps: NDArray[np.uint16]) -> kernels.HtmRule:
        return kernels.HtmRule(
            columns=self.columns,
            overlaps=overlaps,
            clock=self.clock,
            min_overlap_duty_cycles=self.min_overlap_duty_cycles,
            targets=self.sums_near,
            boxes=self.inhibition.boxes,
            period=self.period,
            stimulus_threshold=self.stimulus_threshold,
            boost_strength=self.rule.boost_strength,
            target_density=self.rule.target_density,
            weak_column_increment=self.rule.weak_column_increment,
        )

    def _boost(self, overlaps: NDArray[np.uint16], keys: NDArray[np.uint32]) -> Bound:
        step = kernels.boost if self.boosting.boosts else kernels.order_overlaps
        return Bound(step, kernels.HtmBoosting(self._htm(overlaps), keys))

    def _learning(self, chunk: Block[Chunk], overlaps: NDArray[np.uint16]) -> Learning:
        permanences, htm = self.permanences(), self._htm(overlaps)
        changes = np.empty(WORD * self.input_mask.size, np.float32)
        adapting = Adapting(permanences, self.rule, changes, chunk)
        refresh = kernels.refresh if self.boosting.boosts else kernels.refresh_with_ones
        return Learning(
            watch=NOTHING,
            adapt=Bound(kernels.adapt, kernels.HtmAdapting(adapting, self.stimulus_threshold)),
            advance=Bound(kernels.advance, kernels.HtmDutyCycles(htm, chunk)),
            raise_weak=Bound(kernels.raise_weak, kernels.HtmRaising(htm, permanences)),
            refresh=Bound(refresh, htm),
        )
