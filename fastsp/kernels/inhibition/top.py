"""Exact selection of the k largest values, ties broken by position."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import allocating_kernel, kernel, step
from fastsp.kernels.llvm.bits import lowest_one
from fastsp.kernels.llvm.lanes import LANES, lanes_at_least
from fastsp.kernels.scratch import PADDING, SelectionScratch

FIRST_STEP = 1 << 20
"""How far the bound is sought from the guess, of 2^23 keys that double a value"""


@allocating_kernel
def new_selection_scratch(n: int) -> SelectionScratch:
    """Allocate scratch space for selecting among up to `n` keys."""
    return SelectionScratch(
        np.empty(n, np.int32),
        np.empty(n + PADDING, np.uint32),
        np.empty(n, np.int32),
        np.zeros(LANES, np.uint32),
        np.empty(LANES, np.uint32),
    )


@kernel
def order_key(value: np.float32) -> np.uint32:
    """Return the image of `value` (not NaN) in the integers that has the same order.

    -0 and 0 share a key. All keys are above 0, which is free to mean "excluded".
    """
    bits: Any = np.float32(value + np.float32(0.0)).view(np.uint32)
    return np.uint32(~bits if bits >> np.uint32(31) else bits | np.uint32(0x80000000))


@kernel
def order_keys(values: NDArray[np.float32], keys: NDArray[np.uint32]) -> None:
    """Fill `keys` with the keys of `values` (see `order_key`)."""
    for i in range(values.size):
        keys[i] = order_key(values[i])


@kernel
def order_values(keys: NDArray[np.uint32], values: NDArray[np.float32]) -> None:
    """Fill `values` with what `keys` are the keys of, none of it negative; 0 where excluded."""
    for i in range(keys.size):
        bits: Any = np.uint32(keys[i] & np.uint32(0x7FFFFFFF))
        values[i] = bits.view(np.float32)


@step
def _count_at_least(keys: NDArray[np.uint32], bound: np.uint32) -> int:
    count: Any = np.int32(0)
    for i in range(keys.size):
        count += np.int32(keys[i] >= bound)
    return int(count)


@step
def _collect_at_least(keys: NDArray[np.uint32], bound: int, positions: NDArray[np.int32]) -> int:
    """Write the ascending positions of keys >= bound to `positions`; return their number."""
    count = 0
    whole = keys.size // (4 * LANES) * (4 * LANES)
    for first in range(0, whole, 4 * LANES):
        found = np.uint64(0)
        for part in range(4):
            lanes = lanes_at_least(keys, first + part * LANES, bound)
            found |= lanes << np.uint64(part * LANES)
        while found != 0:
            positions[count] = first + lowest_one(found)
            found &= found - np.uint64(1)
            count += 1
    for i in range(whole, keys.size):
        if keys[i] >= np.uint32(bound):
            positions[count] = i
            count += 1
    return count


@step
def _copy(source: NDArray[np.int32], n: int, out: NDArray[np.int32]) -> None:
    # A slice assigned to a slice brings the text of an error with it, slow to compile.
    for i in range(n):
        out[i] = source[i]


@kernel
def select_top(
    keys: NDArray[np.uint32],
    n_wanted: int,
    guess: int,
    scratch: SelectionScratch,
    selected: NDArray[np.int32],
    last_wins: bool = False,
) -> tuple[int, int]:
    """Write to `selected` the ascending positions of the `n_wanted` largest keys.

    Of equal keys the lower position wins, or the higher one where the `last_wins`; keys of 0 never
    do. Returns how many were selected and a
    bound that they reach and the others do not, but for ties. `guess`, the bound for a similar
    input, saves time and changes nothing else.

    First a bound is sought that leaves few candidates, yet enough; then one among those, exactly.
    """
    # No fewer than n_wanted keys are >= low, or all; fewer are >= high.
    low, high, n_low = 0, 0xFFFFFFFF, keys.size
    # Steps from the guess on, doubling; bisection where they would leave the bracket.
    step = FIRST_STEP
    bound = guess - step
    while n_low > 2 * n_wanted + PADDING and high - low > 1:
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
    low = max(low, 1)
    candidates = scratch.candidates
    n_candidates = _collect_at_least(keys, low, candidates)
    if n_candidates <= n_wanted:
        _copy(candidates, n_candidates, selected)
        return n_candidates, low
    n_padded = (n_candidates + PADDING - 1) // PADDING * PADDING
    few = scratch.candidate_keys[:n_padded]
    for i in range(n_candidates):
        few[i] = keys[candidates[i]]
    for i in range(n_candidates, n_padded):
        few[i] = 0
    largest = np.uint32(0)
    for i in range(n_padded):
        largest = max(largest, few[i])
    high, n_low = min(high, int(largest) + 1), n_candidates
    while n_low != n_wanted and high - low > 1:
        bound = low + (high - low) // 2
        count = _count_at_least(few, np.uint32(bound))
        if count >= n_wanted:
            low, n_low = bound, count
        else:
            high = bound
    # Keys that equal the bound are the last to win, those at lower positions first, or last.
    n_tied = n_wanted - _count_at_least(few, np.uint32(low + 1))
    places = scratch.places
    n_selected, n_found = 0, _collect_at_least(few, low, places)
    n_passed = n_found - n_wanted if last_wins else 0
    for j in range(n_found):
        tied = int(few[places[j]]) == low
        if not tied or (n_passed <= 0 and n_tied > 0):
            selected[n_selected] = candidates[places[j]]
            n_selected += 1
        n_tied -= int(tied and n_passed <= 0)
        n_passed -= int(tied)
    return n_selected, low
