"""The learning rule of NuPIC and htm.core.

It differs from the rule of `fastsp.SpatialPooler` in what programs written for it can notice. No
tie-breakers: positions order equal columns. Duty cycles begin at 0 and are averaged over as many
cycles as there have been, up to their period. Columns that learn keep a number of connected
synapses. All numbers are rounded to float32 after each operation; those of `Columns` are kept in
float64, of which nothing but float32 numbers come.
"""

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from fastsp.kernels.blocks import Block, at
from fastsp.kernels.jit import helper, kernel, step
from fastsp.kernels.neighbourhoods import Boxes
from fastsp.kernels.order import order_key
from fastsp.kernels.permanences import (
    Adapting,
    Permanences,
    adapt_columns,
    fill_changes,
    raise_column,
)
from fastsp.kernels.state import OFF, Chunk, Columns, Synapses, active_of

AT_ONCE = 64
"""Columns that are looked at together for weak ones, of which there are few."""


class HtmRule(NamedTuple):
    """What this rule needs beyond `Rule` and `Columns`."""

    columns: Columns
    overlaps: NDArray[np.uint16]
    """(1, C at least) of the input that is looked at"""
    clock: NDArray[np.int64]
    """(1,) cycles before this chunk, learning or not"""
    min_overlap_duty_cycles: NDArray[np.float64]
    """(C,) what is below is weak"""
    targets: NDArray[np.float32]
    """(C,) room for the sums of duty cycles in neighbourhoods where boosting compares with their
    mean; else (0,)"""
    boxes: Boxes
    """These neighbourhoods"""
    period: int
    """Cycles that duty cycles are averaged over, once there have been as many."""
    stimulus_threshold: int
    """The smallest boosted overlap that wins, and how many synapses of a column are connected at
    least once it has learned."""
    boost_strength: float
    target_density: float
    weak_column_increment: float


_LARGEST = np.finfo(np.float32).max

if TYPE_CHECKING or numba.config.DISABLE_JIT:

    def _expf(x: np.float32) -> np.float32:
        return np.float32(min(math.exp(min(float(x), 89.0)), float(_LARGEST)))

else:
    # Numba makes it known to LLVM on all systems. A loop over `math.exp` may be compiled to calls
    # of another library, which rounds otherwise.
    _expf = types.ExternalFunction("expf", types.float32(types.float32))


@kernel
def exp32(x: np.float32) -> np.float32:
    """Return exp(x) in float32 as the C library of the platform has it, at most the largest number.

    That is what htm.core calls. It is not always the nearest float32; where nothing is compiled it
    is.
    """
    return min(_expf(x), _LARGEST)


class HtmBoosting(NamedTuple):
    """What keys are made of."""

    htm: HtmRule
    keys: NDArray[np.uint32]
    """(C,)"""


@step
def order_overlaps(block: HtmBoosting, place: int, first: int, last: int) -> int:
    """Fill `keys[first:last]` with the keys (see `order_key`) of overlaps; see `Finding.boost`.

    The key is 0 where the overlap is below the stimulus threshold, or the column is switched off.
    """
    outer = at(block)
    own = outer.htm
    overlaps, keys = own.overlaps[place, first:last], outer.keys[first:last]
    thresholds = own.columns.thresholds[first:last]
    least = np.float32(own.stimulus_threshold)
    for c in range(keys.size):
        seen = np.float32(overlaps[c])
        allowed = (seen >= least) & (thresholds[c] != OFF)
        keys[c] = order_key(seen) if allowed else np.uint32(0)
    return 0


@step
def boost(block: HtmBoosting, place: int, first: int, last: int) -> int:
    """Do the same with boost factor times overlap."""
    outer = at(block)
    own = outer.htm
    overlaps, keys = own.overlaps[place, first:last], outer.keys[first:last]
    boost_factors = own.columns.boost_factors[first:last]
    thresholds = own.columns.thresholds[first:last]
    least = np.float32(own.stimulus_threshold)
    for c in range(keys.size):
        boosted = boost_factors[c] * np.float32(overlaps[c])
        allowed = (boosted >= least) & (thresholds[c] != OFF)
        keys[c] = order_key(boosted) if allowed else np.uint32(0)
    return 0


@kernel
def _nth_greatest(values: NDArray[np.float32], n: int) -> np.float32:
    """Return the n-th greatest of `values`, none below 0: bits order them as integers."""
    found = np.int32(0)
    for digit in range(30, -1, -1):
        tried = np.int32(found | np.int32(1 << digit))
        count: Any = np.int32(0)
        for i in range(values.size):
            bits: Any = np.float32(values[i]).view(np.int32)
            count += np.int32(bits >= tried)
        if count >= n:
            found = tried
    result: Any = np.int32(found)
    return np.float32(result.view(np.float32))


@kernel
def _missing(own: NDArray[np.float32], n_wanted: int, threshold: np.float32) -> np.float32:
    """Return what `n_wanted` of the permanences, or all if they are fewer, are from connected; 0
    where so many are connected."""
    n_wanted = min(n_wanted, own.size)
    n_connected: Any = np.int32(0)
    for i in range(own.size):
        n_connected += np.int32(own[i] >= threshold)
    if n_connected >= n_wanted:
        return np.float32(0.0)
    return np.float32(threshold - _nth_greatest(own, n_wanted))


class HtmAdapting(NamedTuple):
    """What permanences learn with."""

    adapting: Adapting
    n_connected: int
    """How many synapses of a column are connected at least once it has learned"""


@step
def adapt(block: HtmAdapting, i: int, start: int, end: int) -> int:
    """Learn by the Hebbian rule, then keep some synapses connected; see `Learning.adapt`."""
    outer = at(block)
    own, n_connected = outer.adapting, outer.n_connected
    chunk, rule = at(own.chunk), own.rule
    active = active_of(chunk, i, start, end)
    fill_changes(chunk.inputs[i], rule.permanence_increment, rule.permanence_decrement, own.changes)
    adapt_columns(active, own.permanences, own.changes)
    if n_connected > 0:
        for j in range(active.size):
            _keep_connected(active[j], n_connected, own.permanences)
    return 0


@helper
def _keep_connected(column: int, n_wanted: int, permanences: Permanences) -> None:
    """Raise all permanences of `column` alike where fewer than `n_wanted` synapses are connected.

    By what brings the greatest of them, as many as are wanted or all, to the threshold; clipped
    to 1. Changes permanences, and the index in step.
    """
    synapses = permanences.synapses
    own = synapses.permanences[synapses.indptr[column] : synapses.indptr[column + 1]]
    missing = _missing(own, n_wanted, np.float32(permanences.threshold))
    if missing > 0.0:
        raise_column(column, missing, permanences)


@kernel
def connect_all(synapses: Synapses, n_wanted: int, threshold: np.float32) -> None:
    """Do what `_keep_connected` does in all columns, before there is an index."""
    for column in range(synapses.indptr.size - 1):
        own = synapses.permanences[synapses.indptr[column] : synapses.indptr[column + 1]]
        missing = _missing(own, n_wanted, threshold)
        if missing > 0.0:
            for i in range(own.size):
                own[i] = min(own[i] + missing, np.float32(1.0))


class HtmDutyCycles(NamedTuple):
    """What duty cycles are advanced with."""

    htm: HtmRule
    chunk: Block[Chunk]


@step
def advance(block: HtmDutyCycles, i: int, start: int, end: int, first: int, last: int) -> int:
    """Advance both duty cycles d: d <- d ((P - 1) / P) + [..] / P; see `Learning.advance`.

    P is the period. Overlap duty cycles count columns with an overlap above 0.
    """
    outer = at(block)
    own, active = outer.htm, active_of(at(outer.chunk), i, start, end)
    period = min(own.period, own.clock[0] + i + 1)
    whole = np.float32(period)
    decay, increase = np.float32(period - 1) / whole, np.float32(1.0) / whole
    of_active, of_overlaps = (
        own.columns.active_duty_cycles,
        own.columns.overlap_duty_cycles[first:last],
    )
    duty_cycles, overlaps = of_active[first:last], own.overlaps[0, first:last]
    for c in range(duty_cycles.size):
        duty_cycles[c] = np.float32(duty_cycles[c]) * decay
    for c in range(duty_cycles.size):
        seen = increase if overlaps[c] > 0 else np.float32(0.0)
        of_overlaps[c] = np.float32(np.float32(of_overlaps[c]) * decay) + seen
    for j in range(active.size):
        of_active[active[j]] = np.float32(of_active[active[j]]) + increase
    return 0


@kernel
def sum_near(boxes: Boxes, values: NDArray[np.float64], sums: NDArray[np.float32]) -> None:
    """Fill `sums` (C,) with the sum of `values` (C,) over the box of each column, in float32.

    The column itself is the first term, the others follow in ascending order.
    """
    axes = boxes.axes
    last = axes.shape[0] - 1
    for c in range(sums.size):
        sums[c] = values[c]
    if last < 0:
        return
    n_rows = np.int64(1)
    for d in range(last):
        n_rows *= _box_side(axes[d, 1], axes[d, 3])
    for c in range(sums.size):
        value = np.float32(values[c])
        if value == 0.0:
            continue
        own = sums[c]
        for row in range(n_rows):
            start = _row_of_box(axes, boxes.wraps, c, row)
            if start >= 0:
                _add_to_row(sums[start : start + axes[last, 1]], boxes, c, value)
        sums[c] = own


@kernel
def _box_side(n: int, reach: int) -> int:
    return n if reach >= n else 2 * reach + 1


@kernel
def _row_of_box(axes: NDArray[np.int64], wraps: int, column: int, row: int) -> int:
    """Return where a row of a column's box begins, along the last axis; -1 outside the grid."""
    start: Any = np.int64(0)
    for d in range(axes.shape[0] - 1):
        n, inner, reach = axes[d, 1], axes[d, 2], axes[d, 3]
        side = _box_side(n, reach)
        place = row % side
        row //= side
        if reach < n:
            place += column // inner % n - reach
            if wraps:
                place = (place + n) % n
            elif place < 0 or place >= n:
                return -1
        start += place * inner
    return int(start)


@kernel
def _add_to_row(row: NDArray[np.float32], boxes: Boxes, column: int, value: np.float32) -> None:
    """Add `value` to those of a row along the last axis that the box of `column` reaches."""
    n, reach = row.size, boxes.axes[boxes.axes.shape[0] - 1, 3]
    low, high = column % n - reach, column % n + reach + 1
    if reach >= n:
        low, high = 0, n
    for i in range(max(low, 0), min(high, n)):
        row[i] += value
    if boxes.wraps:
        for i in range(0, high - n):
            row[i] += value
        for i in range(low + n, n):
            row[i] += value


@step
def refresh(block: HtmRule, first: int, last: int) -> int:
    """Fill `boost_factors[first:last]` with exp((target - d) strength); see `Learning.refresh`.

    d is the active duty cycle, and the target the density, or the mean of d in the neighbourhood
    where there is room for it in `targets`; all columns are one block then.
    """
    own = at(block)
    boost_factors = own.columns.boost_factors[first:last]
    duty_cycles = own.columns.active_duty_cycles[first:last]
    strength, target = np.float32(own.boost_strength), np.float32(own.target_density)
    if own.targets.size == 0:
        for c in range(boost_factors.size):
            away = np.float32(target - np.float32(duty_cycles[c])) * strength
            boost_factors[c] = exp32(away)
        return 0
    targets, sizes = own.targets, own.boxes.sizes
    sum_near(own.boxes, duty_cycles, targets)
    for c in range(boost_factors.size):
        mean = np.float32(targets[c] / np.float32(sizes[c]))
        away = np.float32(mean - np.float32(duty_cycles[c])) * strength
        boost_factors[c] = exp32(away)
    return 0


@step
def refresh_with_ones(block: HtmRule, first: int, last: int) -> int:
    """Fill `boost_factors[first:last]` with 1."""
    own = at(block)
    own.columns.boost_factors[first:last] = 1.0
    return 0


class HtmRaising(NamedTuple):
    """What weak columns are raised with."""

    htm: HtmRule
    permanences: Permanences


@step
def raise_weak(block: HtmRaising, n: int, first: int, last: int) -> int:
    """Raise the weak of the columns `first` to `last`; see `Learning.raise_weak`."""
    outer = at(block)
    own = outer.htm
    columns, least = own.columns, own.min_overlap_duty_cycles
    increment = np.float32(own.weak_column_increment)
    for start in range(first, last, AT_ONCE):
        end = min(start + AT_ONCE, last)
        of_overlaps, wanted = columns.overlap_duty_cycles[start:end], least[start:end]
        n_weak: Any = np.int32(0)
        for i in range(of_overlaps.size):
            n_weak += np.int32(of_overlaps[i] < wanted[i])
        if n_weak > 0:
            for c in range(start, end):
                if columns.overlap_duty_cycles[c] < least[c] and columns.thresholds[c] != OFF:
                    raise_column(c, increment, outer.permanences)
    return 0


@kernel
def mean_span(
    synapses: Synapses, threshold: np.float32, coordinates: NDArray[np.int32]
) -> np.float32:
    """Return over how many inputs connected synapses spread along an axis, on average, in float32.

    Of a column, that is the mean over axes of the largest less the smallest coordinate + 1; 0 where
    no permanence is at least the threshold. `coordinates` (D, N) are those of the inputs.
    """
    total, n_axes = np.float32(0.0), coordinates.shape[0]
    n_columns = synapses.indptr.size - 1
    for column in range(n_columns):
        spread = np.int64(0)
        for d in range(n_axes):
            low, high = np.int32(2**31 - 1), np.int32(-1)
            for i in range(synapses.indptr[column], synapses.indptr[column + 1]):
                if synapses.permanences[i] >= threshold:
                    place = coordinates[d, synapses.indices[i]]
                    low, high = min(low, place), max(high, place)
            spread += np.int64(high) - np.int64(low) + 1 if high >= 0 else np.int64(0)
        total = np.float32(total + np.float32(spread) / np.float32(n_axes))
    return np.float32(total / np.float32(n_columns))
