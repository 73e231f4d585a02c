"""What looks at the neighbourhood of each column to keep all in use: the targets of boosting."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.boosting import update_boost_factors
from fastsp.kernels.boxes import sum_boxes
from fastsp.kernels.inhibition import Inhibition, blur_grid
from fastsp.kernels.jit import kernel
from fastsp.kernels.state import (
    GAUSSIAN_INHIBITION,
    NEIGHBOURHOOD_TARGET,
    Columns,
    Rule,
)


class UpkeepScratch(NamedTuple):
    """Scratch space for what is looked up in neighbourhoods; empty where nothing is."""

    values: NDArray[np.float64]
    """(C,)"""
    work: NDArray[np.float64]
    """(3, room of the boxes)"""
    blurred: NDArray[np.float32]
    """(4, largest step of the blur)"""


@kernel
def new_upkeep_scratch(columns: Columns, inhibition: Inhibition, rule: Rule) -> UpkeepScratch:
    """Allocate scratch space for `refresh_boost_factors`."""
    n_columns = columns.thresholds.size
    size, blur_size, blur = 0, 0, inhibition.blur
    if rule.boost_target == NEIGHBOURHOOD_TARGET:
        size = n_columns
        if rule.inhibition == GAUSSIAN_INHIBITION:
            blur_size = n_columns
            for i in range(blur.steps.shape[0]):
                blur_size = max(blur_size, blur.steps[i, 0] * blur.steps[i, 1] * blur.steps[i, 3])
    return UpkeepScratch(
        np.empty(size, np.float64),
        np.empty((3, min(size, 1) * inhibition.boxes.room), np.float64),
        np.empty((4, blur_size), np.float32),
    )


@kernel
def _average(
    values: NDArray[np.float64],
    inhibition: Inhibition,
    rule: Rule,
    scratch: UpkeepScratch,
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
def refresh_boost_factors(
    columns: Columns, inhibition: Inhibition, rule: Rule, scratch: UpkeepScratch
) -> None:
    """Bring the boost factors up to date with the duty cycles (see `update_boost_factors`).

    Where columns are compared with their neighbourhood, first fills `columns.targets` with the mean
    duty cycle of the columns there (Cui, Ahmad and Hawkins 2017, doi:10.3389/fncom.2017.00111).
    """
    if rule.boost_target == NEIGHBOURHOOD_TARGET:
        _average(columns.active_duty_cycles, inhibition, rule, scratch, columns.targets)
    update_boost_factors(columns, rule)


@kernel
def set_boost_factors(columns: Columns, inhibition: Inhibition, rule: Rule) -> None:
    """As `refresh_boost_factors`, once."""
    scratch = new_upkeep_scratch(columns, inhibition, rule)
    refresh_boost_factors(columns, inhibition, rule, scratch)
