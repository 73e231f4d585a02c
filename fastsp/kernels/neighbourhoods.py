"""Sums and maxima over the box of columns about each column, one axis of their grid at a time.

The time of a sum does not grow with the boxes, that of a maximum with the logarithm of their sides.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import helper, kernel

LANES = 8
"""Sums that grow side by side."""


class Boxes(NamedTuple):
    """The boxes of C columns: all columns within a reach along every axis.

    An axis sees the columns as (outer, n, inner). The boxes of reach n or more span the whole axis;
    others end at its ends, or continue at the opposite end where they wrap around, and do not meet
    themselves there: 2 reach + 1 < n.
    """

    axes: NDArray[np.int64]
    """(D, 4) outer, n, inner, reach"""
    wraps: int
    """1 where boxes continue at the opposite edge, else 0"""
    sizes: NDArray[np.float64]
    """(C,) number of columns in each box"""
    room: int
    """Scratch space is (3, room)."""


@helper
def _copy(source: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    # A slice assigned to a slice may be copied first, and kernels do not allocate.
    for i in range(out.size):
        out[i] = source[i]


@kernel
def _total(values: NDArray[np.float64], sums: NDArray[np.float64]) -> float:
    sums[:] = 0.0
    whole = values.size // LANES * LANES
    for start in range(0, whole, LANES):
        part = values[start : start + LANES]
        for i in range(LANES):
            sums[i] += part[i]
    total = 0.0
    for i in range(LANES):
        total += sums[i]
    for i in range(whole, values.size):
        total += values[i]
    return total


@kernel
def _sum_line(
    line: NDArray[np.float64],
    reach: int,
    wraps: int,
    up_to: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Fill `out` (n,) with sums of `line` (n,); `up_to` (n + 1,), or
    8, is scratch space."""
    n = line.size
    if reach >= n:
        out[:] = _total(line, up_to[:LANES])
        return
    total = 0.0
    up_to[0] = 0.0
    for j in range(n):
        total += line[j]
        up_to[j + 1] = total
    for j in range(n):
        low, high = j - reach, j + reach + 1
        out[j] = up_to[min(high, n)] - up_to[max(low, 0)]
    if wraps:
        for j in range(reach):
            out[j] += total - up_to[n + j - reach]
            out[n - 1 - j] += up_to[reach - j]


@kernel
def _add(
    rows: NDArray[np.float64], place: int, inner: int, sign: float, out: NDArray[np.float64]
) -> None:
    row = rows[place * inner : (place + 1) * inner]
    for i in range(inner):
        out[i] += sign * row[i]


@kernel
def _sum_rows(
    rows: NDArray[np.float64],
    n: int,
    inner: int,
    reach: int,
    wraps: int,
    out: NDArray[np.float64],
) -> None:
    """Fill `out` (n * inner,) with sums of `rows`, the same size, over its first axis."""
    before, after = (reach, reach) if reach < n else (0, n - 1)
    first = out[:inner]
    first[:] = 0.0
    for j in range(min(after, n - 1) + 1):
        _add(rows, j, inner, 1.0, first)
    if wraps and reach < n:
        for j in range(n - before, n):
            _add(rows, j, inner, 1.0, first)
    for j in range(1, n):
        row, last = out[j * inner : (j + 1) * inner], out[(j - 1) * inner : j * inner]
        for i in range(inner):
            row[i] = last[i]
        if reach >= n:
            continue
        enters, leaves = j + reach, j - reach - 1
        if enters < n or wraps:
            _add(rows, enters % n, inner, 1.0, row)
        if leaves >= 0 or wraps:
            _add(rows, leaves % n, inner, -1.0, row)


@kernel
def sum_boxes(
    boxes: Boxes,
    values: NDArray[np.float64],
    work: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Fill `out` (C,) with the sum of `values` (C,) over each box. `work` (3, room)."""
    current = values
    for d in range(boxes.axes.shape[0]):
        outer, n, inner, reach = boxes.axes[d]
        target = work[d % 2, : values.size]
        for o in range(outer):
            low, high = o * n * inner, (o + 1) * n * inner
            if inner == 1:
                _sum_line(current[low:high], reach, boxes.wraps, work[2], target[low:high])
            else:
                _sum_rows(current[low:high], n, inner, reach, boxes.wraps, target[low:high])
        current = target
    _copy(current, out)


@kernel
def _max_whole(rows: NDArray[np.float64], inner: int) -> None:
    """Replace `rows` (n * inner,) by their maxima over the first axis."""
    largest = rows[:inner]
    for start in range(inner, rows.size, inner):
        for i in range(inner):
            largest[i] = max(largest[i], rows[start + i])
    for start in range(inner, rows.size, inner):
        for i in range(inner):
            rows[start + i] = largest[i]


@kernel
def max_boxes(
    boxes: Boxes,
    values: NDArray[np.float64],
    work: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Fill `out` (C,) with the largest of `values` (C,), none below 0, in each box.

    `work` (3, room). Each line is copied with room for what its boxes reach beyond its ends. Then
    each place takes the larger of itself and the place 1, 2, 4, ... further on.
    """
    _copy(values, out)
    for d in range(boxes.axes.shape[0]):
        outer, n, inner, reach = boxes.axes[d]
        if reach >= n:
            for o in range(outer):
                _max_whole(out[o * n * inner : (o + 1) * n * inner], inner)
            continue
        length, margin = n * inner, reach * inner
        stride = length + 2 * margin
        source, target = work[0, : outer * stride], work[1, : outer * stride]
        for o in range(outer):
            line, padded = out[o * length : (o + 1) * length], source[o * stride : (o + 1) * stride]
            _copy(line, padded[margin : margin + length])
            if boxes.wraps:
                _copy(line[length - margin :], padded[:margin])
                _copy(line[:margin], padded[margin + length :])
            else:
                padded[:margin] = 0.0
                padded[margin + length :] = 0.0
        width, done = 2 * reach + 1, 1
        while done < width:
            step = min(done, width - done)
            _take_larger(source, step * inner, target)
            source, target = target, source
            done += step
        for o in range(outer):
            _copy(source[o * stride : o * stride + length], out[o * length : (o + 1) * length])


@kernel
def _take_larger(values: NDArray[np.float64], shift: int, out: NDArray[np.float64]) -> None:
    """Fill `out` with the larger of each value and the one `shift` further on, where there is."""
    n = max(0, values.size - shift)
    near, far, larger = values[:n], values[shift:], out[:n]
    for i in range(n):
        larger[i] = near[i] if near[i] > far[i] else far[i]
    _copy(values[n:], out[n:])
