"""One competition, of whichever kind: from keys of boosted overlaps to active columns."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.boosting import boosted_values
from fastsp.kernels.inhibition.gaussian import normalise
from fastsp.kernels.inhibition.grouped import select_in_groups
from fastsp.kernels.inhibition.local import select_in_order, select_local
from fastsp.kernels.inhibition.top import select_top
from fastsp.kernels.jit import allocating_kernel, step
from fastsp.kernels.order import order_key
from fastsp.kernels.scratch import Scratch, scratch_of
from fastsp.kernels.state import (
    GAUSSIAN_INHIBITION,
    GROUPED_INHIBITION,
    LOCAL_INHIBITION,
    Inhibition,
    Rule,
)

_FIRST: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice


@step
def compete(inhibition: Inhibition, rule: Rule, scratch: Scratch, active: NDArray[np.int32]) -> int:
    """Write the ascending active columns to `active` (k,), (C,) for local inhibition; count them.

    `scratch.keys` (C,) are those of the boosted overlaps, 0 where a column cannot be active; of
    Gaussian inhibition they become those of the normalised ones.
    """
    keys = scratch.keys
    if rule.inhibition == LOCAL_INHIBITION:
        return select_local(keys, inhibition.neighbourhood, scratch.local, active)
    if rule.inhibition == GROUPED_INHIBITION:
        k = rule.n_active // (keys.size // rule.group_size)
        return select_in_groups(keys, rule.group_size, k, scratch.selection, active)
    if rule.inhibition == GAUSSIAN_INHIBITION:
        boosted_values(keys, rule, scratch.boosted)
        normalise(scratch.boosted, inhibition.blur, scratch.blur_work, scratch.normalised)
        for c in range(keys.size):
            key = order_key(scratch.normalised[c])
            keys[c] = key if keys[c] != 0 else np.uint32(0)
    n_active, scratch.guess[0] = select_top(
        keys, rule.n_active, scratch.guess[0], scratch.selection, active
    )
    return n_active


@step
def compete_in_order(
    inhibition: Inhibition, rule: Rule, scratch: Scratch, active: NDArray[np.int32]
) -> int:
    """Do what `compete` does for global and local inhibition, where positions order equal keys.

    Of equal columns the higher one wins; under local inhibition see `select_in_order`.
    """
    if rule.inhibition == LOCAL_INHIBITION:
        return select_in_order(scratch.keys, inhibition.neighbourhood, scratch.local, active)
    n_active, scratch.guess[0] = select_top(
        scratch.keys, rule.n_active, scratch.guess[0], scratch.selection, active, True
    )
    return n_active


@allocating_kernel
def compete_all(
    keys: NDArray[np.uint32],
    inhibition: Inhibition,
    rule: Rule,
    scratch: Scratch,
    active: NDArray[np.int32],
    n_active: NDArray[np.int64],
) -> None:
    """Let the columns compete for each of n inputs, by their `keys` (n, C); see `compete`.

    Fills `active` (n, k) and `n_active` (n,). `scratch` is that of one worker.
    """
    own = scratch_of(scratch, _FIRST)
    for i in range(keys.shape[0]):
        own.keys[:] = keys[i]
        n_active[i] = compete(inhibition, rule, own, active[i])
