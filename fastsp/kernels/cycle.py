"""Many cycles per call: a chunk of packed inputs goes through one compiled loop.

Scratch space is allocated once per chunk, so any number of threads may infer on one pooler.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.boosting import (
    excite,
    excited_values,
    update_boost_factors,
    update_duty_cycles,
)
from fastsp.kernels.grouped import select_in_groups
from fastsp.kernels.inhibition import Inhibition, normalise
from fastsp.kernels.jit import kernel
from fastsp.kernels.learning import adapt_columns, fill_changes, new_flips
from fastsp.kernels.local import LocalScratch, new_local_scratch, select_local
from fastsp.kernels.overlap import count_overlaps
from fastsp.kernels.segments import point_to_columns, point_to_segments, take_best_segments
from fastsp.kernels.selection import (
    SelectionScratch,
    new_selection_scratch,
    order_key,
    select_top,
)
from fastsp.kernels.state import (
    BIT_WORDS,
    GAUSSIAN_INHIBITION,
    GROUPED_INHIBITION,
    LOCAL_INHIBITION,
    Columns,
    OverlapIndex,
    Rule,
    Synapses,
)
from fastsp.kernels.upkeep import (
    UpkeepScratch,
    raise_weak_columns,
    refresh_boost_factors,
    update_overlap_duty_cycles,
)
from fastsp.kernels.vectors import ROW_WORDS

FLIP_ROOM = 4096
"""Flips that may wait to be entered into the overlap index."""
TOGETHER = 8
"""Inputs whose overlaps are counted together, where each word of the index serves them all."""


class Scratch(NamedTuple):
    """What one cycle fills on its way from the input to the active columns, C columns."""

    planes: NDArray[np.uint64]
    overlaps: NDArray[np.uint16]
    """(n, C rounded up to a multiple of 64) of n inputs at a time"""
    excitement: NDArray[np.float32]
    """Filled only where it is blurred, as `normalised`"""
    normalised: NDArray[np.float32]
    blur_work: NDArray[np.float32]
    keys: NDArray[np.uint32]
    selection: SelectionScratch
    local: LocalScratch
    segment_keys: NDArray[np.uint32]
    """(n C,) where columns have several segments, else (0,)"""
    best_segments: NDArray[np.int32]
    """(C,) or (0,), the segments that speak for their columns"""


@kernel
def new_scratch(
    columns: Columns, index: OverlapIndex, inhibition: Inhibition, rule: Rule
) -> Scratch:
    """Allocate scratch space for these columns, the layout of `index`, and inhibition."""
    n_rows = columns.tie_breakers.size
    n_columns, n_words = n_rows // rule.n_segments, (n_rows + 63) // 64
    n_spoken_for, n_speakers = (n_columns, n_rows) if rule.n_segments > 1 else (0, 0)
    return Scratch(
        np.empty(index.n_planes * (n_words + ROW_WORDS), np.uint64),
        np.zeros((TOGETHER if index.layout == BIT_WORDS else 1, 64 * n_words), np.uint16),
        np.empty(n_columns, np.float32),
        np.empty(n_columns, np.float32),
        np.empty((4, max(n_columns, inhibition.blur.room)), np.float32),
        np.empty(n_columns, np.uint32),
        new_selection_scratch(n_columns),
        new_local_scratch(inhibition.neighbourhood),
        np.empty(n_speakers, np.uint32),
        np.empty(n_spoken_for, np.int32),
    )


@kernel
def choose_columns(
    inputs: NDArray[np.uint64],
    index: OverlapIndex,
    columns: Columns,
    inhibition: Inhibition,
    rule: Rule,
    guess: int,
    scratch: Scratch,
    active: NDArray[np.int32],
    n_active: NDArray[np.int64],
) -> int:
    """Write the active columns for each of `inputs` (n, W) to `active`, ascending.

    `active` is (n, k), for local inhibition with k the most that can win. Fills `n_active` (n,)
    with how many there are (with k wanted, fewer only where the stimulus threshold forbids more)
    and returns the guess for the next input (see `select_top`). Changes nothing but these and
    `scratch`, which afterwards holds the stages of the last cycle.
    """
    n, n_rows, together = inputs.shape[0], columns.tie_breakers.size, scratch.overlaps.shape[0]
    for start in range(0, n, together):
        end = min(n, start + together)
        count_overlaps(inputs[start:end], index, 0, n_rows, scratch.planes, scratch.overlaps)
        for i in range(start, end):
            overlaps = scratch.overlaps[i - start]
            if rule.n_segments == 1:
                excite(overlaps, columns, rule, scratch.keys)
            else:
                excite(overlaps, columns, rule, scratch.segment_keys)
                take_best_segments(scratch.segment_keys, scratch.keys, scratch.best_segments)
            n_active[i], guess = compete(inhibition, rule, guess, scratch, active[i])
    return guess


@kernel
def compete(
    inhibition: Inhibition,
    rule: Rule,
    guess: int,
    scratch: Scratch,
    active: NDArray[np.int32],
) -> tuple[int, int]:
    """Let columns compete, of which `scratch` has the keys of excitement; see `choose_columns`.

    Returns the number of active columns, and the next guess.
    """
    keys = scratch.keys
    if rule.inhibition == LOCAL_INHIBITION:
        return select_local(keys, inhibition.neighbourhood, scratch.local, active), guess
    if rule.inhibition == GROUPED_INHIBITION:
        k = rule.n_active // (keys.size // rule.group_size)
        return select_in_groups(keys, rule.group_size, k, scratch.selection, active), guess
    if rule.inhibition == GAUSSIAN_INHIBITION:
        excited_values(keys, rule, scratch.excitement)
        normalise(scratch.excitement, inhibition.blur, scratch.blur_work, scratch.normalised)
        for c in range(keys.size):
            key = order_key(scratch.normalised[c])
            keys[c] = key if keys[c] != 0 else np.uint32(0)
    return select_top(keys, rule.n_active, guess, scratch.selection, active)


@kernel
def infer(
    inputs: NDArray[np.uint64],
    index: OverlapIndex,
    columns: Columns,
    inhibition: Inhibition,
    rule: Rule,
    active: NDArray[np.int32],
    n_active: NDArray[np.int64],
) -> Scratch:
    """Find the active columns of every packed input; learn nothing.

    `inputs` (n, W) -> `active` (n, k), of which row i has `n_active[i]` entries. Returns the
    scratch space, with the stages of the last input.
    """
    scratch = new_scratch(columns, index, inhibition, rule)
    guess: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
    choose_columns(inputs, index, columns, inhibition, rule, guess, scratch, active, n_active)
    return scratch


@kernel
def learn(
    inputs: NDArray[np.uint64],
    synapses: Synapses,
    index: OverlapIndex,
    columns: Columns,
    inhibition: Inhibition,
    rule: Rule,
    upkeep: UpkeepScratch | None,
    active: NDArray[np.int32],
    n_active: NDArray[np.int64],
) -> None:
    """Find the active columns of every packed input and learn from each.

    As `infer`, and changes `synapses.permanences`, `index` and `columns`. Inputs are taken in
    batches of `rule.batch_size`: the active columns of a batch are all found with the permanences
    and boost factors from before it, then the updates follow in order, and last weak columns are
    raised. At the end the boost factors are those of the final duty cycles. Without `upkeep`
    columns are not compared with their neighbourhood, and what would do so is not even compiled.
    """
    scratch = new_scratch(columns, index, inhibition, rule)
    changes = np.empty(64 * inputs.shape[1], np.float32)
    work = np.empty(active.shape[1], np.float64)
    threshold = np.float32(rule.connected_threshold)
    flips = new_flips(FLIP_ROOM + 64 * inputs.shape[1])
    guess: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
    for start in range(0, inputs.shape[0], rule.batch_size):
        end = min(start + rule.batch_size, inputs.shape[0])
        if upkeep is None:
            update_boost_factors(columns, rule)
        else:
            refresh_boost_factors(columns, inhibition, rule, upkeep)
        # Where the stages of every input are needed, one is taken at a time.
        step = 1 if rule.weak_column_share > 0.0 or rule.n_segments > 1 else end - start
        for i in range(start, end, step):
            guess = choose_columns(
                inputs[i : i + step],
                index,
                columns,
                inhibition,
                rule,
                guess,
                scratch,
                active[i : i + step],
                n_active[i : i + step],
            )
            if upkeep is not None and rule.weak_column_share > 0.0:
                update_overlap_duty_cycles(scratch.overlaps[0], columns, rule)
            if rule.n_segments > 1:
                winners = active[i, : n_active[i]]
                point_to_segments(winners, scratch.best_segments, rule.n_segments)
        for i in range(start, end):
            winners = active[i, : n_active[i]]
            fill_changes(inputs[i], rule.permanence_increment, rule.permanence_decrement, changes)
            adapt_columns(winners, synapses, changes, threshold, index, flips)
            update_duty_cycles(winners, columns, rule, work)
            if rule.n_segments > 1:
                point_to_columns(winners, rule.n_segments)
        if upkeep is not None and rule.weak_column_share > 0.0:
            raise_weak_columns(end - start, synapses, index, columns, inhibition, rule, upkeep)
    if upkeep is None:
        update_boost_factors(columns, rule)
    else:
        refresh_boost_factors(columns, inhibition, rule, upkeep)
