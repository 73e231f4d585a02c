"""Neighbourhood targets for boosting, and raising weak columns."""

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.boosting import SMALLEST_DUTY_CYCLE, update_boost_factors
from fastsp.kernels.inhibition.gaussian import blur_grid
from fastsp.kernels.jit import kernel
from fastsp.kernels.neighbourhoods import max_boxes, sum_boxes
from fastsp.kernels.overlap import flip
from fastsp.kernels.scratch import NeighbourhoodScratch
from fastsp.kernels.segments import max_segments, sum_segments
from fastsp.kernels.state import (
    GAUSSIAN_INHIBITION,
    NEIGHBOURHOOD_TARGET,
    OFF,
    Boxes,
    Columns,
    Inhibition,
    OverlapIndex,
    Pooler,
    Rule,
    Synapses,
)


@kernel
def _average(
    values: NDArray[np.float64],
    inhibition: Inhibition,
    rule: Rule,
    scratch: NeighbourhoodScratch,
    means: NDArray[np.float64],
) -> None:
    """Fill `means` (C,) with the mean of `values` (C,) in the neighbourhood of each column."""
    n = values.size
    if rule.inhibition == GAUSSIAN_INHIBITION:
        narrow, blurred = scratch.blurred[0, :n], scratch.blurred[1, :n]
        for c in range(n):
            narrow[c] = np.float32(values[c])
        blur_grid(inhibition.blur, narrow, scratch.blurred[2:], blurred)
        for c in range(n):
            means[c] = blurred[c]
        return
    sum_boxes(inhibition.boxes, values, scratch.work, means)
    sizes = inhibition.boxes.sizes
    for c in range(n):
        means[c] /= sizes[c]


@kernel
def fill_targets(
    columns: Columns, inhibition: Inhibition, rule: Rule, scratch: NeighbourhoodScratch
) -> None:
    """Fill `columns.targets` with the mean duty cycle of the columns in the neighbourhood of each.

    See Cui, Ahmad and Hawkins 2017, doi:10.3389/fncom.2017.00111. Of their segments where there are
    several.
    """
    if rule.n_segments == 1:
        _average(columns.active_duty_cycles, inhibition, rule, scratch, columns.targets)
        return
    of_columns, means, n = scratch.values[0], scratch.values[1], rule.n_segments
    sum_segments(columns.active_duty_cycles, of_columns)
    _average(of_columns, inhibition, rule, scratch, means)
    for row in range(columns.targets.size):
        columns.targets[row] = means[row // n] / n


@kernel
def refresh_boost_factors(
    columns: Columns, inhibition: Inhibition, rule: Rule, scratch: NeighbourhoodScratch
) -> None:
    """Bring the boost factors up to date with the duty cycles (see `update_boost_factors`).

    Where columns are compared with their neighbourhood, `fill_targets` comes first.
    """
    if rule.boost_target == NEIGHBOURHOOD_TARGET:
        fill_targets(columns, inhibition, rule, scratch)
    update_boost_factors(columns, rule, 0, columns.boost_factors.size)


@kernel
def update_overlap_duty_cycles(overlaps: NDArray[np.uint16], columns: Columns, rule: Rule) -> None:
    """Advance the overlap duty cycles: o <- (1 - alpha) o + alpha [overlap >= max(1, threshold)].

    `overlaps` (C,) at least; the threshold is the column's own. Changes
    `columns.overlap_duty_cycles`.
    """
    overlap_duty_cycles, thresholds = columns.overlap_duty_cycles, columns.thresholds
    decay, increase = rule.duty_cycle_decay, 1.0 - rule.duty_cycle_decay
    for c in range(overlap_duty_cycles.size):
        decayed = max(overlap_duty_cycles[c] * decay, SMALLEST_DUTY_CYCLE)
        sees = overlaps[c] >= max(thresholds[c], np.uint16(1))
        overlap_duty_cycles[c] = decayed + increase if sees else decayed


@kernel
def raise_column(
    column: int,
    synapses: Synapses,
    increment: np.float32,
    threshold: np.float32,
    index: OverlapIndex,
) -> None:
    """Add `increment` to all permanences of `column`, clipped to 1; keep `index` in step."""
    start, end = synapses.indptr[column], synapses.indptr[column + 1]
    own = synapses.permanences[start:end]
    n_low, n_flips = np.int32(0), np.int32(0)
    for i in range(own.size):
        raised = own[i] + increment
        n_low += np.int32(own[i] < np.float32(1.0))
        n_flips += np.int32((own[i] < threshold) & (raised >= threshold))
    if n_low == 0:  # as of columns that see nothing for long
        return
    if n_flips > 0:
        for i in range(own.size):
            if own[i] < threshold and own[i] + increment >= threshold:
                flip(index, column, np.uint32(synapses.indices[start + i]), True)
    for i in range(own.size):
        own[i] = min(own[i] + increment, np.float32(1.0))


@kernel
def raise_weak_columns(n_cycles: int, pooler: Pooler, scratch: NeighbourhoodScratch) -> None:
    """Raise all permanences of weak columns by `n_cycles` times the increment, clipped to 1.

    Weak is a column whose overlap duty cycle is below a share of the largest in its neighbourhood:
    Cui, Ahmad and Hawkins 2017, doi:10.3389/fncom.2017.00111. Of columns with several segments,
    each segment is judged so, by the largest of all segments in the neighbourhood. Columns that are
    switched off are left as they are. Changes `synapses.permanences`, and `index` in step.
    """
    columns, rule, boxes = pooler.columns, pooler.rule, pooler.inhibition.boxes
    share, overlap_duty_cycles = rule.weak_column_share, columns.overlap_duty_cycles
    smallest, largest = overlap_duty_cycles[0], overlap_duty_cycles[0]
    for c in range(overlap_duty_cycles.size):
        smallest = min(smallest, overlap_duty_cycles[c])
        largest = max(largest, overlap_duty_cycles[c])
    # As a rule no column is weak even beside the best of all.
    if smallest >= share * largest:
        return
    best_near = scratch.values[1]
    fill_best_near(overlap_duty_cycles, boxes, rule, scratch, best_near)
    raise_below(n_cycles, best_near, columns, rule, pooler.synapses, pooler.overlap_index)


@kernel
def fill_best_near(
    overlap_duty_cycles: NDArray[np.float64],
    boxes: Boxes,
    rule: Rule,
    scratch: NeighbourhoodScratch,
    best_near: NDArray[np.float64],
) -> None:
    """Fill `best_near` (C,) with the largest overlap duty cycle in each column's neighbourhood."""
    if rule.n_segments == 1:
        max_boxes(boxes, overlap_duty_cycles, scratch.work, best_near)
    else:
        max_segments(overlap_duty_cycles, scratch.values[0])
        max_boxes(boxes, scratch.values[0], scratch.work, best_near)


@kernel
def raise_below(
    n_cycles: int,
    best_near: NDArray[np.float64],
    columns: Columns,
    rule: Rule,
    synapses: Synapses,
    index: OverlapIndex,
) -> None:
    """Raise the columns that are weak beside `best_near` (C,); see `raise_weak_columns`."""
    share, overlap_duty_cycles = rule.weak_column_share, columns.overlap_duty_cycles
    increment = np.float32(n_cycles * rule.weak_column_increment)
    threshold, n = np.float32(rule.connected_threshold), rule.n_segments
    for c in range(overlap_duty_cycles.size):
        if overlap_duty_cycles[c] < share * best_near[c // n] and columns.thresholds[c] != OFF:
            raise_column(c, synapses, increment, threshold, index)
