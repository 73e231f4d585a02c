"""Exact selection of the k largest values, ties broken by position."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.vectors import LANES, lanes_at_least, lowest_one


class SelectionScratch(NamedTuple):
    """Scratch space for selecting among n keys, both (n,)."""

    candidates: NDArray[np.int32]
    candidate_keys: NDArray[np.uint32]


@kernel
def new_selection_scratch(n: int) -> SelectionScratch:
    """Allocate scratch space for selecting among up to `n` keys."""
    return SelectionScratch(np.empty(n, np.int32), np.empty(n, np.uint32))


@kernel
def order_keys(values: NDArray[np.float32], keys: NDArray[np.uint32]) -> None:
    """Fill `keys` with the image of `values` (no NaN) in the integers that has the same order.

    -0 and 0 share a key. All keys are above 0, which is free to mean "excluded".
    """
    for i in range(values.size):
        bits = np.float32(values[i] + np.float32(0.0)).view(np.uint32)
        negative = bits >> np.uint32(31)
        keys[i] = ~bits if negative else bits | np.uint32(0x80000000)


@kernel
def _count_at_least(keys: NDArray[np.uint32], bound: np.uint32) -> int:
    count: Any = np.int32(0)
    for i in range(keys.size):
        count += np.int32(keys[i] >= bound)
    return int(count)


@kernel
def _collect_at_least(keys: NDArray[np.uint32], bound: int, scratch: SelectionScratch) -> int:
    """List in `scratch` the ascending positions of keys >= bound, and the keys; count them."""
    count = 0
    whole = keys.size // LANES * LANES
    for first in range(0, whole, LANES):
        found = lanes_at_least(keys, first, bound)
        while found != 0:
            scratch.candidates[count] = first + lowest_one(found)
            found &= found - np.uint64(1)
            count += 1
    for i in range(whole, keys.size):
        if keys[i] >= np.uint32(bound):
            scratch.candidates[count] = i
            count += 1
    for i in range(count):
        scratch.candidate_keys[i] = keys[scratch.candidates[i]]
    return count


@kernel
def select_top(
    keys: NDArray[np.uint32],
    n_wanted: int,
    guess: int,
    scratch: SelectionScratch,
    selected: NDArray[np.int32],
) -> tuple[int, int]:
    """Write to `selected` the ascending positions of the `n_wanted` largest keys.

    Of equal keys the lower position wins; keys of 0 never do. Returns how many were selected and
    the smallest key among them. `guess`, the answer for a similar input, saves time and changes
    nothing else.

    First a bound is sought that leaves few keys above it, yet enough; then the exact bound, by
    bisection among those few.
    """
    # Invariant: at least n_wanted keys are >= low (or low is 1), fewer are >= high.
    low, high = 1, 0xFFFFFFFF
    n_low = _count_at_least(keys, np.uint32(low))
    if n_low > n_wanted:
        bound, step = guess, 1 << 18
        while n_low > 4 * n_wanted + 64 and high - low > 1:
            if bound <= low or bound >= high:
                bound = low + (high - low) // 2
            count = _count_at_least(keys, np.uint32(bound))
            if count >= n_wanted:
                low, n_low = bound, count
                bound = low + min(step, high - low)
            else:
                high = bound
                bound = high - min(step, high - low)
            step *= 2
    n_candidates = _collect_at_least(keys, low, scratch)
    candidates = scratch.candidates
    if n_candidates <= n_wanted:
        smallest = high
        for i in range(n_candidates):
            selected[i] = candidates[i]
            smallest = min(smallest, int(keys[candidates[i]]))
        return n_candidates, smallest
    few = scratch.candidate_keys[:n_candidates]
    n_high = _count_at_least(few, np.uint32(high))
    while n_low != n_wanted and high - low > 1:
        bound = low + (high - low) // 2
        count = _count_at_least(few, np.uint32(bound))
        if count >= n_wanted:
            low, n_low = bound, count
        else:
            high, n_high = bound, count
    # Keys above `low` are all in; those equal to it as far as there is room.
    room = n_wanted - n_high if n_low > n_wanted else n_low
    n_selected = 0
    for i in range(n_candidates):
        if few[i] >= low and (few[i] >= high or room > 0):
            if few[i] < high:
                room -= 1
            selected[n_selected] = candidates[i]
            n_selected += 1
    return n_selected, low
