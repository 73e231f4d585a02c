"""Rows of weights, one for each active column, of which eight values are added at once."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from fastsp.kernels.llvm.lowering import F32, I64, compiled_by, load, vector_at

WEIGHTS = 8
"""Values of a row that are added at once."""


def _loop_over_rows(builder: Any, arguments: Any, totals: Any, work: Any) -> Any:
    """Build a loop over the rows at `indices[start:end]`, `width` values each.

    `work` gets the position of value `first` of each row, and what it returned for the row before,
    `totals` at first; the last that it returned is returned.
    """
    width, first, indices, start, end = arguments
    before = builder.block
    loop, done = builder.append_basic_block("rows"), builder.append_basic_block("added")
    builder.cbranch(builder.icmp_signed("<", start, end), loop, done)
    builder.position_at_end(loop)
    i = builder.phi(I64)
    own = [builder.phi(total.type) for total in totals]
    row = builder.sext(builder.load(builder.gep(indices, [i])), I64)
    added = work(builder.add(builder.mul(row, width), first), own)
    following = builder.add(i, ir.Constant(I64, 1))
    i.add_incoming(start, before)
    i.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, end), loop, done)
    builder.position_at_end(done)
    results = []
    for total, phi, value in zip(totals, own, added, strict=True):
        phi.add_incoming(total, before)
        phi.add_incoming(value, loop)
        results.append(builder.phi(total.type))
        results[-1].add_incoming(total, before)
        results[-1].add_incoming(value, loop)
    return results


def _generate_sum(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    weights, base, sums, *rows = arguments
    first = rows[1]

    def add(position: Any, totals: Any) -> Any:
        return [builder.fadd(totals[0], load(builder, weights, position, F32, WEIGHTS))]

    begun = [load(builder, base, first, F32, WEIGHTS)]
    (total,) = _loop_over_rows(builder, rows, begun, add)
    builder.store(total, vector_at(builder, sums, first, F32, WEIGHTS), align=4)


@compiled_by(_generate_sum, types.none)
def sum_rows(
    weights: NDArray[np.float32],
    base: NDArray[np.float32],
    sums: NDArray[np.float32],
    width: int,
    first: int,
    indices: NDArray[np.int32],
    start: int,
    end: int,
) -> None:
    """Write to eight values of `sums` those of `base`, and of the rows of `weights`, added up.

    From value `first` on. The rows are those at `indices[start:end]`, in that order; each has
    `width` values.
    """
    for k in range(first, first + WEIGHTS):
        sums[k] = base[k]
        for i in range(start, end):
            sums[k] += weights[np.int64(indices[i]) * width + k]


def _generate_add(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    weights, change, *rows = arguments
    values = load(builder, change, rows[1], F32, WEIGHTS)

    def add(position: Any, totals: Any) -> Any:
        place = vector_at(builder, weights, position, F32, WEIGHTS)
        builder.store(builder.fadd(builder.load(place, align=4), values), place, align=4)
        return []

    _loop_over_rows(builder, rows, [], add)


@compiled_by(_generate_add, types.none)
def add_to_rows(
    weights: NDArray[np.float32],
    change: NDArray[np.float32],
    width: int,
    first: int,
    indices: NDArray[np.int32],
    start: int,
    end: int,
) -> None:
    """Add eight values of `change`, from value `first` on, to each row; rows as of `sum_rows`."""
    for i in range(start, end):
        for k in range(first, first + WEIGHTS):
            weights[np.int64(indices[i]) * width + k] += change[k]
