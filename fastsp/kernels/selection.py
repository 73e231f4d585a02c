"""Exact selection of the k largest values, ties broken by position."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.vectors import LANES, lanes_at_least, lowest_one

BUCKETS = 256


class SelectionScratch(NamedTuple):
    """Scratch space for selecting among n keys."""

    candidates: NDArray[np.int32]
    """(n,)"""
    candidate_keys: NDArray[np.uint32]
    """(n,)"""
    contested: NDArray[np.uint32]
    """(n,)"""
    histogram: NDArray[np.int64]
    """(BUCKETS,)"""


@kernel
def new_selection_scratch(n: int) -> SelectionScratch:
    """Allocate scratch space for selecting among up to `n` keys."""
    return SelectionScratch(
        np.empty(n, np.int32),
        np.empty(n, np.uint32),
        np.empty(n, np.uint32),
        np.empty(BUCKETS, np.int64),
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
def _count_at_least(keys: NDArray[np.uint32], bound: np.uint32) -> int:
    count: Any = np.int32(0)
    for i in range(keys.size):
        count += np.int32(keys[i] >= bound)
    return int(count)


@kernel
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


@kernel
def _bisect(keys: NDArray[np.uint32], n_wanted: int, low: int, high: int) -> tuple[int, int]:
    """Find the smallest key of the `n_wanted` largest, known to be in [low, high).

    Returns a bound, and how many of the keys that equal it are among the largest. Where no key is
    as small as the bound, that number means nothing.
    """
    n_low = keys.size
    while n_low != n_wanted and high - low > 1:
        bound = low + (high - low) // 2
        count = _count_at_least(keys, np.uint32(bound))
        if count >= n_wanted:
            low, n_low = bound, count
        else:
            high = bound
    return low, n_wanted - _count_at_least(keys, np.uint32(low + 1))


@kernel
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
) -> tuple[int, int]:
    """Write to `selected` the ascending positions of the `n_wanted` largest keys.

    Of equal keys the lower position wins; keys of 0 never do. Returns how many were selected and a
    bound that they reach and the others do not, but for ties. `guess`, the bound for a similar
    input, saves time and changes nothing else.

    First a bound is sought that leaves few candidates, yet enough; then a histogram of those finds
    the bucket in which the last place is contested; then bisection inside the bucket.
    """
    # At least n_wanted keys are >= low (or low is 1), fewer are >= high.
    low, high = 1, 0xFFFFFFFF
    n_low = _count_at_least(keys, np.uint32(low))
    if n_low > n_wanted:
        # Steps from the guess on, doubling; bisection where they would leave the bracket.
        step = 1 << 18
        bound = guess - step
        while n_low > 2 * n_wanted + 64 and high - low > 1:
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
    candidates = scratch.candidates
    n_candidates = _collect_at_least(keys, low, candidates)
    if n_candidates <= n_wanted:
        _copy(candidates, n_candidates, selected)
        return n_candidates, low
    few = scratch.candidate_keys[:n_candidates]
    for i in range(n_candidates):
        few[i] = keys[candidates[i]]
    largest = np.uint32(0)
    for i in range(n_candidates):
        largest = max(largest, few[i])
    high = min(high, int(largest) + 1)
    shift = 0
    while (high - low) >> shift >= BUCKETS - 1:
        shift += 1
    histogram = scratch.histogram
    histogram[:] = 0
    for i in range(n_candidates):
        histogram[min((int(few[i]) - low) >> shift, BUCKETS - 1)] += 1
    # Keys from `high` on share the last bucket with none below: it is never contested.
    bucket, n_above = BUCKETS - 1, 0
    while n_above + histogram[bucket] < n_wanted:
        n_above += int(histogram[bucket])
        bucket -= 1
    low, high = low + (bucket << shift), low + ((bucket + 1) << shift)
    contested = scratch.contested
    n_contested = 0
    for i in range(n_candidates):
        contested[n_contested] = few[i]
        n_contested += low <= int(few[i]) < high
    low, n_tied = _bisect(contested[:n_contested], n_wanted - n_above, low, high)
    # Without a branch that nothing could predict.
    n_selected = 0
    for i in range(n_candidates):
        key = int(few[i])
        tied = int(key == low)
        candidates[n_selected] = candidates[i]
        n_selected += int(key > low) | (tied & int(n_tied > 0))
        n_tied -= tied
    _copy(candidates, n_selected, selected)
    return n_selected, low
