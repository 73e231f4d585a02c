"""Keys of a padded grid of columns, compared with those of their neighbourhoods."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numpy.typing import NDArray

from fastsp.kernels.llvm.lanes import LANES
from fastsp.kernels.llvm.lowering import I32, I64, compiled_by, load, mask, splat, vector_at

CELLS = 64
"""Cells looked at together for columns that may win."""

_VECTORS = CELLS // LANES
_COUNTS = ir.VectorType(I32, LANES)


def _generate_seldom_beaten(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    cells, maxima, limits, blocks, n_blocks, first = arguments
    starts = [builder.add(first, ir.Constant(I64, LANES * i)) for i in range(_VECTORS)]
    own = [load(builder, cells, start, I32, LANES) for start in starts]
    zeros = ir.Constant(_COUNTS, [0] * LANES)
    before = builder.block
    loop, done = builder.append_basic_block("blocks"), builder.append_basic_block("counted")
    builder.branch(loop)
    builder.position_at_end(loop)
    j = builder.phi(I64)
    j.add_incoming(ir.Constant(I64, 0), before)
    counts = [builder.phi(_COUNTS) for _ in range(_VECTORS)]
    distance = builder.load(builder.gep(blocks, [j]))
    counted = []
    for start, keys, count in zip(starts, own, counts, strict=True):
        largest = load(builder, maxima, builder.add(start, distance), I32, LANES)
        beaten = builder.icmp_unsigned(">", largest, keys)
        counted.append(builder.sub(count, builder.sext(beaten, _COUNTS)))
        count.add_incoming(zeros, before)
        count.add_incoming(counted[-1], loop)
    following = builder.add(j, ir.Constant(I64, 1))
    j.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, n_blocks), loop, done)
    builder.position_at_end(done)
    word = ir.Constant(I64, 0)
    for i, (start, keys, count) in enumerate(zip(starts, own, counted, strict=True)):
        limit = load(builder, limits, start, I32, LANES)
        seldom = builder.icmp_signed("<", count, limit)
        allowed = builder.icmp_unsigned("!=", keys, zeros)
        found = mask(builder, builder.and_(seldom, allowed))
        word = builder.or_(word, builder.shl(found, ir.Constant(I64, LANES * i)))
    return word


@compiled_by(_generate_seldom_beaten, types.uint64)
def seldom_beaten(
    cells: NDArray[np.uint32],
    maxima: NDArray[np.uint32],
    limits: NDArray[np.int32],
    blocks: NDArray[np.int64],
    n_blocks: int,
    first: int,
) -> np.uint64:
    """Return a word with a one for each of 64 cells, from `first` on, that may win.

    These are the cells with a key above 0 and fewer than `limits` (N,) among the first `n_blocks`,
    at least one, distances in `blocks` at which `maxima` (N,) is above the cell's own key in
    `cells` (N,).
    """
    word = np.uint64(0)
    for i in range(CELLS):
        own = cells[first + i]
        count: Any = np.int64(0)
        for j in range(n_blocks):
            count += np.int64(maxima[first + i + blocks[j]] > own)
        word |= np.uint64((own != 0) & (count < limits[first + i])) << np.uint64(i)
    return word


def _generate_count_above(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    cells, cell, rows, n_rows, width, bound = arguments
    bounds = splat(builder, builder.trunc(bound, I32), LANES)
    lanes = ir.Constant(ir.VectorType(I64, LANES), list(range(LANES)))
    zero, one = (ir.Constant(I64, i) for i in (0, 1))
    before = builder.block
    parts, loop, part_done, done = (
        builder.append_basic_block(name) for name in ("parts", "rows", "part_done", "done")
    )
    builder.branch(parts)
    builder.position_at_end(parts)
    start, so_far = builder.phi(I64), builder.phi(_COUNTS)
    start.add_incoming(zero, before)
    so_far.add_incoming(ir.Constant(_COUNTS, [0] * LANES), before)
    left = splat(builder, builder.sub(width, start), LANES)
    inside = builder.icmp_signed("<", lanes, left)
    place = builder.add(cell, start)
    builder.branch(loop)
    builder.position_at_end(loop)
    j, count = builder.phi(I64), builder.phi(_COUNTS)
    j.add_incoming(zero, parts)
    count.add_incoming(so_far, parts)
    position = builder.add(place, builder.load(builder.gep(rows, [j])))
    above = builder.icmp_unsigned(">", load(builder, cells, position, I32, LANES), bounds)
    counted = builder.sub(count, builder.sext(builder.and_(above, inside), _COUNTS))
    following = builder.add(j, one)
    j.add_incoming(following, loop)
    count.add_incoming(counted, loop)
    builder.cbranch(builder.icmp_signed("<", following, n_rows), loop, part_done)
    builder.position_at_end(part_done)
    next_start = builder.add(start, ir.Constant(I64, LANES))
    start.add_incoming(next_start, part_done)
    so_far.add_incoming(counted, part_done)
    builder.cbranch(builder.icmp_signed("<", next_start, width), parts, done)
    builder.position_at_end(done)
    total, n = counted, LANES
    while n > 1:
        n //= 2
        halves = [
            builder.shuffle_vector(
                total,
                ir.Constant(total.type, ir.Undefined),
                ir.Constant(ir.VectorType(I32, n), list(range(low, low + n))),
            )
            for low in (0, n)
        ]
        total = builder.add(*halves)
    return builder.zext(builder.extract_element(total, ir.Constant(I32, 0)), I64)


@compiled_by(_generate_count_above, types.int64)
def count_above(
    cells: NDArray[np.uint32],
    cell: int,
    rows: NDArray[np.int64],
    n_rows: int,
    width: int,
    bound: int,
) -> int:
    """Count the keys above `bound`, 0 to 2^32 - 1, in the neighbourhood of a cell.

    It is the first `n_rows`, at least one, rows, each of `width` cells of `cells` (N,) from
    `cell` + its distance in `rows` on. May read, but does not count, 15 cells behind each.
    """
    count: Any = np.int64(0)
    limit = np.uint32(bound)
    for j in range(n_rows):
        row = cells[cell + rows[j] : cell + rows[j] + width]
        for i in range(width):
            count += np.int64(row[i] > limit)
    return int(count)


def _generate_copy(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    keys, column, cells, cell, length = arguments
    source, target = builder.gep(keys, [column]), builder.gep(cells, [cell])
    cgutils.raw_memcpy(builder, target, source, length, 4)


@compiled_by(_generate_copy, types.none)
def copy_run(
    keys: NDArray[np.uint32], column: int, cells: NDArray[np.uint32], cell: int, length: int
) -> None:
    """Copy `length` of `keys` (C,), from `column` on, to `cells` (N,) from `cell` on."""
    for i in range(length):
        cells[cell + i] = keys[column + i]


def _generate_take_larger(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    source, shift, n, target = arguments
    before = builder.block
    loop, done = builder.append_basic_block("cells"), builder.append_basic_block("taken")
    builder.branch(loop)
    builder.position_at_end(loop)
    cell = builder.phi(I64)
    cell.add_incoming(ir.Constant(I64, 0), before)
    for i in range(2):
        place = builder.add(cell, ir.Constant(I64, LANES * i))
        here = load(builder, source, place, I32, LANES)
        further = load(builder, source, builder.add(place, shift), I32, LANES)
        larger = builder.select(builder.icmp_unsigned(">", here, further), here, further)
        builder.store(larger, vector_at(builder, target, place, I32, LANES), align=4)
    following = builder.add(cell, ir.Constant(I64, 2 * LANES))
    cell.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, n), loop, done)
    builder.position_at_end(done)


@compiled_by(_generate_take_larger, types.none)
def take_larger(source: NDArray[np.uint32], shift: int, n: int, target: NDArray[np.uint32]) -> None:
    """Write to each of the first `n` cells, a multiple of 32, of `target` the larger of two.

    They are its own of `source`, which may be the same array, and the one `shift` cells on.
    """
    for cell in range(n):
        target[cell] = max(source[cell], source[cell + shift])
