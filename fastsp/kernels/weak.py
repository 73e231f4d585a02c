"""Columns compared with their neighbourhood: targets of boosting, and weak columns."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Step, at, call
from fastsp.kernels.boosting import SMALLEST_DUTY_CYCLE
from fastsp.kernels.jit import helper, kernel, step
from fastsp.kernels.neighbourhoods import Boxes, max_boxes, sum_boxes
from fastsp.kernels.permanences import Permanences, raise_column
from fastsp.kernels.segments import max_segments, sum_segments
from fastsp.kernels.state import OFF, Columns, Rule


class BoxMean(NamedTuple):
    """Means over boxes of columns."""

    values: NDArray[np.float64]
    """(C,)"""
    means: NDArray[np.float64]
    """(C,)"""
    boxes: Boxes
    work: NDArray[np.float64]
    """(3, room of the boxes)"""


@step
def average_boxes(block: BoxMean) -> int:
    """Fill `means` from `values`."""
    own = at(block)
    sum_boxes(own.boxes, own.values, own.work, own.means)
    sizes = own.boxes.sizes
    for c in range(own.means.size):
        own.means[c] /= sizes[c]
    return 0


class Targets(NamedTuple):
    """Duty cycles, and the mean of those around each column."""

    columns: Columns
    n_segments: int
    values: NDArray[np.float64]
    """(C,) where columns have several segments, and then what `average` starts from"""
    means: NDArray[np.float64]
    """(C,) and what it fills; where there is one segment to a column, it fills the targets"""
    average: Step


@step
def fill_targets(block: Targets) -> int:
    """Fill the targets of columns with the mean duty cycle of those in the neighbourhood of each.

    See Cui, Ahmad and Hawkins 2017, doi:10.3389/fncom.2017.00111. Of their segments where there are
    several.
    """
    own = at(block)
    n, targets = own.n_segments, own.columns.targets
    if n > 1:
        sum_segments(own.columns.active_duty_cycles, own.values)
    call(own.average, ())
    if n > 1:
        for row in range(targets.size):
            targets[row] = own.means[row // n] / n
    return 0


class Following(NamedTuple):
    """Boost factors that follow from targets."""

    fill: Step
    refresh: Step


@step
def refresh_with_targets(block: Following, first: int, last: int) -> int:
    """Bring targets up to date, then boost factors; see `Learning.refresh`."""
    own = at(block)
    call(own.fill, ())
    return call(own.refresh, (first, last))


class Watching(NamedTuple):
    """What overlap duty cycles are advanced with."""

    overlaps: NDArray[np.uint16]
    """(n, C at least)"""
    columns: Columns
    rule: Rule


@step
def watch(block: Watching, place: int) -> int:
    """Advance the overlap duty cycles: o <- (1 - alpha) o + alpha [overlap >= max(1, threshold)].

    The threshold is the column's own. See `Learning.watch`.
    """
    own = at(block)
    overlaps, rule = own.overlaps[place], own.rule
    overlap_duty_cycles, thresholds = own.columns.overlap_duty_cycles, own.columns.thresholds
    decay, increase = rule.duty_cycle_decay, 1.0 - rule.duty_cycle_decay
    for c in range(overlap_duty_cycles.size):
        decayed = max(overlap_duty_cycles[c] * decay, SMALLEST_DUTY_CYCLE)
        sees = overlaps[c] >= max(thresholds[c], np.uint16(1))
        overlap_duty_cycles[c] = decayed + increase if sees else decayed
    return 0


class Raising(NamedTuple):
    """What weak columns are found and raised with."""

    permanences: Permanences
    columns: Columns
    rule: Rule
    boxes: Boxes
    values: NDArray[np.float64]
    """(C,) where columns have several segments, else (0,)"""
    best_near: NDArray[np.float64]
    """(C,) the largest overlap duty cycle in the neighbourhood of each column"""
    work: NDArray[np.float64]
    """(3, room of the boxes)"""


@step
def raise_weak(block: Raising, n: int, first: int, last: int) -> int:
    """Raise all permanences of weak columns by `n` times the increment, clipped to 1.

    Weak is a column whose overlap duty cycle is below a share of the largest in its neighbourhood:
    Cui, Ahmad and Hawkins 2017, doi:10.3389/fncom.2017.00111. Of columns with several segments,
    each segment is judged so, by the largest of all segments in the neighbourhood. Columns that are
    switched off are left as they are. See `Learning.raise_weak`; all rows are raised.
    """
    own = at(block)
    overlap_duty_cycles = own.columns.overlap_duty_cycles
    smallest, largest = overlap_duty_cycles[0], overlap_duty_cycles[0]
    for c in range(overlap_duty_cycles.size):
        smallest = min(smallest, overlap_duty_cycles[c])
        largest = max(largest, overlap_duty_cycles[c])
    # As a rule no column is weak even beside the best of all.
    if smallest >= own.rule.weak_column_share * largest:
        return 0
    fill_best_near(
        overlap_duty_cycles, own.boxes, own.rule.n_segments, own.values, own.work, own.best_near
    )
    _raise_below(own, n)
    return 0


@step
def raise_below(block: Raising, n: int) -> int:
    """Raise the columns that are weak beside `best_near`, which is given; see `raise_weak`."""
    _raise_below(at(block), n)
    return 0


@helper
def _raise_below(own: Raising, n_cycles: int) -> None:
    rule, columns, n = own.rule, own.columns, own.rule.n_segments
    increment = np.float32(n_cycles * rule.weak_column_increment)
    share, overlap_duty_cycles = rule.weak_column_share, columns.overlap_duty_cycles
    for c in range(overlap_duty_cycles.size):
        if overlap_duty_cycles[c] < share * own.best_near[c // n] and columns.thresholds[c] != OFF:
            raise_column(c, increment, own.permanences)


@kernel
def fill_best_near(
    overlap_duty_cycles: NDArray[np.float64],
    boxes: Boxes,
    n_segments: int,
    of_columns: NDArray[np.float64],
    work: NDArray[np.float64],
    best_near: NDArray[np.float64],
) -> None:
    """Fill `best_near` (C,) with the largest overlap duty cycle in each column's neighbourhood."""
    if n_segments == 1:
        max_boxes(boxes, overlap_duty_cycles, work, best_near)
    else:
        max_segments(overlap_duty_cycles, of_columns)
        max_boxes(boxes, of_columns, work, best_near)
