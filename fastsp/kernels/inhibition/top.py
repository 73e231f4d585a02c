"""Exact selection of the k largest values, ties broken by position.

First a bound is sought that few keys reach, yet enough. The keys are dealt out to at least 2 k
lanes; a bound that the largest keys of k lanes reach is reached by k keys or more, and seldom by
many more, since few of the largest keys meet in a lane. Then one among the candidates, exactly.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Block, at
from fastsp.kernels.jit import helper, kernel, step
from fastsp.kernels.llvm.bits import count_ones, lowest_one
from fastsp.kernels.llvm.keys import AT_ONCE, count_at_least, lanes_at_least, take_maxima
from fastsp.kernels.llvm.lanes import LANES
from fastsp.kernels.state import Chunk, room_behind

FIRST_STEP = 1 << 18
"""How far the bound is sought from the guess, of 2^23 keys that double a value."""
LARGEST_KEY = 0xFFFFFFFF
FIRST_WINS: Any = np.int64(0)
"""For `last_wins` of `select_top`; a plain 0 would be a type of its own, and compile twice."""
WRITTEN = 4
"""Positions that are written for each 64 keys whether there are as many or not: seldom are more."""
PADDING = 4 * LANES
"""Excluded keys behind candidates, so that loops over them need not end between vectors."""


class SelectionScratch(NamedTuple):
    """For selecting among n keys."""

    candidates: NDArray[np.int32]
    """(n + PADDING,)"""
    candidate_keys: NDArray[np.uint32]
    """(n + PADDING,)"""
    padded: NDArray[np.uint32]
    """(LANES,) keys of a small group; always 0 beyond them"""
    maxima: NDArray[np.uint32]
    """(n / 2,) or (LANES,) if that is more, the largest key in each lane"""


def new_selection_scratch(n: int) -> SelectionScratch:
    """Allocate scratch space for selecting among up to `n` keys."""
    return SelectionScratch(
        np.empty(n + PADDING, np.int32),
        np.empty(n + PADDING, np.uint32),
        np.zeros(LANES, np.uint32),
        np.empty(max(n // 2, LANES), np.uint32),
    )


def new_guess() -> NDArray[np.int64]:
    """Return room for a guess of `select_top`, on cache lines of its own."""
    return np.zeros(16, np.int64)


@helper
def _count_at_least(keys: NDArray[np.uint32], bound: int) -> int:
    whole = keys.size // AT_ONCE * AT_ONCE
    count = count_at_least(keys, whole, bound)
    for i in range(whole, keys.size):
        count += int(keys[i] >= np.uint32(bound))
    return int(count)


@helper
def write_positions(found: np.uint64, first: int, positions: NDArray[np.int32], count: int) -> int:
    """Append to the `count` positions those of the ones in `found`; return how many there are then.

    Positions begin at `first`. Four are written in any case, without a branch, which would be
    mispredicted at every other word.
    """
    at, last = count, count + count_ones(found)
    for _ in range(WRITTEN):
        positions[at] = first + lowest_one(found)
        found &= found - np.uint64(1)
        at += 1
    if last > at:
        while found != 0:
            positions[at] = first + lowest_one(found)
            found &= found - np.uint64(1)
            at += 1
    return last


@helper
def _collect_at_least(keys: NDArray[np.uint32], bound: int, positions: NDArray[np.int32]) -> int:
    """Write the ascending positions of keys >= bound to `positions`; return their number.

    Overwrites up to four more of `positions`.
    """
    count: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
    whole = keys.size // (4 * LANES) * (4 * LANES)
    for first in range(0, whole, 4 * LANES):
        found = np.uint64(0)
        for part in range(4):
            lanes = lanes_at_least(keys, first + part * LANES, bound)
            found |= lanes << np.uint64(part * LANES)
        count = write_positions(found, first, positions, count)
    for i in range(whole, keys.size):
        positions[count] = i
        count += int(keys[i] >= np.uint32(bound))
    return int(count)


@helper
def _deal_out(keys: NDArray[np.uint32], n_lanes: int, maxima: NDArray[np.uint32]) -> None:
    """Write to `maxima` (n_lanes,) the largest key of each lane; key i is in lane i % n_lanes."""
    whole = keys.size // AT_ONCE * AT_ONCE
    take_maxima(keys, whole, n_lanes, maxima)
    lane = whole % n_lanes
    for i in range(whole, keys.size):
        maxima[lane] = max(maxima[lane], keys[i])
        lane += 1


@helper
def _find_bound(few: NDArray[np.uint32], n_wanted: int, n_enough: int, guess: int) -> int:
    """Return a bound that at least `n_wanted` of the keys `few` reach, or 0.

    And no more than `n_enough`, if ties allow: steps from the guess on, doubling; bisection where
    they would leave the bracket.
    """
    # No fewer than n_wanted keys are >= low, or all; fewer are >= high.
    low, high, n_low = 0, LARGEST_KEY, few.size
    step, bound = FIRST_STEP, guess
    while n_low > n_enough and high - low > 1:
        if bound <= low or bound >= high:
            bound = low + (high - low) // 2
        count = _count_at_least(few, bound)
        if count >= n_wanted:
            low, n_low = bound, count
            bound = low + min(step, high - low)
        else:
            high = bound
            bound = high - min(step, high - low)
        step *= 2
    return low


@kernel
def select_top(
    keys: NDArray[np.uint32],
    n_wanted: int,
    guess: int,
    scratch: SelectionScratch,
    selected: NDArray[np.int32],
    last_wins: int,
) -> tuple[int, int]:
    """Write to `selected` the ascending positions of the `n_wanted` largest keys.

    Of equal keys the lower position wins, or the higher one where `last_wins` is 1; keys of 0 never
    do. Returns how many were selected, and a bound that they reach, which is a guess for the next
    input. The guess saves time and changes nothing else.
    """
    if n_wanted == 0:
        return 0, guess
    n_lanes = (2 * n_wanted + AT_ONCE - 1) // AT_ONCE * AT_ONCE
    if 2 * n_lanes <= keys.size:
        maxima = scratch.maxima[:n_lanes]
        _deal_out(keys, n_lanes, maxima)
        guess = _find_bound(maxima, n_wanted, n_wanted + n_wanted // 16, guess)
    else:
        guess = _find_bound(keys, n_wanted, n_wanted + n_wanted // 2 + PADDING, guess)
    low = max(guess, 1)
    candidates = scratch.candidates
    n_candidates = _collect_at_least(keys, low, candidates)
    n_selected = n_candidates
    if n_candidates > n_wanted:
        n_padded = (n_candidates + PADDING - 1) // PADDING * PADDING
        few = scratch.candidate_keys[:n_padded]
        for i in range(n_candidates):
            few[i] = keys[candidates[i]]
        for i in range(n_candidates, n_padded):
            few[i] = 0
        n_selected = _keep_largest(few, n_candidates, n_wanted, low, candidates, last_wins)
    for i in range(n_selected):
        selected[i] = candidates[i]
    return n_selected, guess


@helper
def _keep_largest(
    few: NDArray[np.uint32],
    n: int,
    n_wanted: int,
    low: int,
    candidates: NDArray[np.int32],
    last_wins: int,
) -> int:
    """Keep of the `n` `candidates` the `n_wanted` with the largest keys; return how many.

    `few` are their keys, all >= `low`, and zeros behind them.
    """
    largest = np.uint32(0)
    for i in range(few.size):
        largest = max(largest, few[i])
    high, n_low = int(largest) + 1, n
    # Keys are dense near the bound: steps up from there, then bisection.
    step = max((high - low) // 16, 1)
    bound = low + step
    while n_low != n_wanted and high - low > 1:
        if bound <= low or bound >= high:
            bound = low + (high - low) // 2
        count = count_at_least(few, few.size, bound)
        if count >= n_wanted:
            low, n_low = bound, count
            bound = low + step
        else:
            high = bound
            bound = low
    # Keys that equal the bound are the last to win, those at lower positions first, or last.
    n_above = count_at_least(few, few.size, low + 1) if low < LARGEST_KEY else 0
    n_tied = n_low - n_above
    n_lucky = n_tied - (n_low - n_wanted)
    first = n_tied - n_lucky if last_wins != 0 else 0
    kept, seen, last = 0, 0, first + n_lucky
    for i in range(n):
        key = int(few[i])
        tied = key == low
        candidates[kept] = candidates[i]
        kept += int((key > low) | (tied & (seen >= first) & (seen < last)))
        seen += int(tied)
    return kept


class Global(NamedTuple):
    """All columns compete with each other, and a number of them wins."""

    keys: NDArray[np.uint32]
    """(C,)"""
    n_active: int
    last_wins: int
    """1 where of equal columns the higher one wins, else 0"""
    guess: NDArray[np.int64]
    """The first entry is the bound that the last winners reached; see `select_top`."""
    selection: SelectionScratch
    chunk: Block[Chunk]


@step
def compete_globally(block: Global, i: int, first: int, last: int) -> int:
    """Let all columns compete; see `Finding.compete`."""
    own = at(block)
    room = room_behind(at(own.chunk), i)
    n, own.guess[0] = select_top(
        own.keys, own.n_active, own.guess[0], own.selection, room, own.last_wins
    )
    return n
