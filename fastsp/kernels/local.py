"""Exact local inhibition: a column wins against all but a few columns of its neighbourhood.

Cui, Ahmad and Hawkins (2017), doi:10.3389/fncom.2017.00111. In come keys in the order of the
excitement, out go the positions of the active columns.

Few columns win, so first most losers are found cheaply. The neighbourhood is tiled with blocks, and
the largest key of every block of columns is found once for all columns. A block whose largest key
is above a column's own holds at least one column that beats it; a column beaten by as many blocks
as it may be beaten by columns has lost. The beating columns of the rest are counted exactly.

The grid is copied into a larger one, whose surplus cells hold key 0, which beats nobody, or repeat
the opposite edge where the grid wraps around. So every neighbourhood has the same shape, and is at
the same distances in memory from its column.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.vectors import (
    _I32,
    _I64,
    LANES,
    _load,
    _mask,
    _splat,
    _vector_at,
    compiled_by,
    lowest_one,
)

CELLS = 64
"""Cells looked at together for columns that may win."""

_VECTORS = CELLS // LANES
_COUNTS = ir.VectorType(_I32, LANES)


class Neighbourhood(NamedTuple):
    """The neighbourhoods of C columns, as distances in a padded copy of their grid, N cells.

    Cells `first_cell` to `last_cell` include all columns. Every array of N has room behind for a
    whole vector and a neighbourhood.
    """

    columns: NDArray[np.int32]
    """(N,) the column that each cell holds or repeats; -1 where there is none"""
    limits: NDArray[np.int32]
    """(N,) by so many columns a column must not be beaten, to be active; 0 in cells of padding"""
    copies: NDArray[np.int64]
    """(n_copies, 3) first column, first cell and length of the runs that fill the padded grid"""
    rows: NDArray[np.int64]
    """(n_rows,) from a column's cell to the first cell of each row of its neighbourhood"""
    blocks: NDArray[np.int64]
    """(n_blocks,) from a column's cell to the first cell of each block of its neighbourhood"""
    shifts: NDArray[np.int64]
    """(n_shifts,) the largest key of the block that starts at a cell is found by taking, for one
    shift after the other, the larger of the value at the cell and that one shift further on"""
    row_width: int
    """Cells in a row of a neighbourhood."""
    first_cell: int
    last_cell: int
    n_maxima: int
    """So many cells, a multiple of 32, get the largest keys of their blocks."""
    most_active: int
    """No more columns than this can win."""


class LocalScratch(NamedTuple):
    """Scratch space for choosing columns by local inhibition, N cells."""

    cells: NDArray[np.uint32]
    """(N,) keys of the padded grid; always 0 in cells that no run fills"""
    maxima: NDArray[np.uint32]
    """(N,) the largest key of the block that starts at each cell"""
    candidates: NDArray[np.int32]
    """(N,) cells that may win"""


@kernel
def new_local_scratch(neighbourhood: Neighbourhood) -> LocalScratch:
    """Allocate scratch space for columns with these neighbourhoods."""
    n = neighbourhood.limits.size
    return LocalScratch(np.zeros(n, np.uint32), np.empty(n, np.uint32), np.empty(n, np.int32))


def _generate_seldom_beaten(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    cells, maxima, limits, blocks, n_blocks, first = arguments
    starts = [builder.add(first, ir.Constant(_I64, LANES * i)) for i in range(_VECTORS)]
    own = [_load(builder, cells, start, _I32, LANES) for start in starts]
    zeros = ir.Constant(_COUNTS, [0] * LANES)
    before = builder.block
    loop, done = builder.append_basic_block("blocks"), builder.append_basic_block("counted")
    builder.branch(loop)
    builder.position_at_end(loop)
    j = builder.phi(_I64)
    j.add_incoming(ir.Constant(_I64, 0), before)
    counts = [builder.phi(_COUNTS) for _ in range(_VECTORS)]
    distance = builder.load(builder.gep(blocks, [j]))
    counted = []
    for start, keys, count in zip(starts, own, counts, strict=True):
        largest = _load(builder, maxima, builder.add(start, distance), _I32, LANES)
        beaten = builder.icmp_unsigned(">", largest, keys)
        counted.append(builder.sub(count, builder.sext(beaten, _COUNTS)))
        count.add_incoming(zeros, before)
        count.add_incoming(counted[-1], loop)
    following = builder.add(j, ir.Constant(_I64, 1))
    j.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, n_blocks), loop, done)
    builder.position_at_end(done)
    word = ir.Constant(_I64, 0)
    for i, (start, keys, count) in enumerate(zip(starts, own, counted, strict=True)):
        limit = _load(builder, limits, start, _I32, LANES)
        seldom = builder.icmp_signed("<", count, limit)
        allowed = builder.icmp_unsigned("!=", keys, zeros)
        found = _mask(builder, builder.and_(seldom, allowed))
        word = builder.or_(word, builder.shl(found, ir.Constant(_I64, LANES * i)))
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
    word = 0
    for i in range(CELLS):
        cell = first + i
        count = sum(int(maxima[cell + blocks[j]] > cells[cell]) for j in range(n_blocks))
        word |= int(cells[cell] != 0 and count < limits[cell]) << i
    return np.uint64(word)


def _generate_count_above(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    cells, cell, rows, n_rows, width, bound = arguments
    bounds = _splat(builder, builder.trunc(bound, _I32), LANES)
    lanes = ir.Constant(ir.VectorType(_I64, LANES), list(range(LANES)))
    zero, one = (ir.Constant(_I64, i) for i in (0, 1))
    before = builder.block
    parts, loop, part_done, done = (
        builder.append_basic_block(name) for name in ("parts", "rows", "part_done", "done")
    )
    builder.branch(parts)
    builder.position_at_end(parts)
    start, so_far = builder.phi(_I64), builder.phi(_COUNTS)
    start.add_incoming(zero, before)
    so_far.add_incoming(ir.Constant(_COUNTS, [0] * LANES), before)
    left = _splat(builder, builder.sub(width, start), LANES)
    inside = builder.icmp_signed("<", lanes, left)
    place = builder.add(cell, start)
    builder.branch(loop)
    builder.position_at_end(loop)
    j, count = builder.phi(_I64), builder.phi(_COUNTS)
    j.add_incoming(zero, parts)
    count.add_incoming(so_far, parts)
    position = builder.add(place, builder.load(builder.gep(rows, [j])))
    above = builder.icmp_unsigned(">", _load(builder, cells, position, _I32, LANES), bounds)
    counted = builder.sub(count, builder.sext(builder.and_(above, inside), _COUNTS))
    following = builder.add(j, one)
    j.add_incoming(following, loop)
    count.add_incoming(counted, loop)
    builder.cbranch(builder.icmp_signed("<", following, n_rows), loop, part_done)
    builder.position_at_end(part_done)
    next_start = builder.add(start, ir.Constant(_I64, LANES))
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
                ir.Constant(ir.VectorType(_I32, n), list(range(low, low + n))),
            )
            for low in (0, n)
        ]
        total = builder.add(*halves)
    return builder.zext(builder.extract_element(total, ir.Constant(_I32, 0)), _I64)


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
    return sum(int(cells[cell + rows[j] + i] > bound) for j in range(n_rows) for i in range(width))


def _generate_copy(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    keys, column, cells, cell, length = arguments
    source, target = builder.gep(keys, [column]), builder.gep(cells, [cell])
    cgutils.raw_memcpy(builder, target, source, length, 4)


@compiled_by(_generate_copy, types.none)
def copy_run(
    keys: NDArray[np.uint32], column: int, cells: NDArray[np.uint32], cell: int, length: int
) -> None:
    """Copy `length` of `keys` (C,), from `column` on, to `cells` (N,) from `cell` on."""
    cells[cell : cell + length] = keys[column : column + length]


def _generate_take_larger(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    source, shift, n, target = arguments
    before = builder.block
    loop, done = builder.append_basic_block("cells"), builder.append_basic_block("taken")
    builder.branch(loop)
    builder.position_at_end(loop)
    cell = builder.phi(_I64)
    cell.add_incoming(ir.Constant(_I64, 0), before)
    for i in range(2):
        place = builder.add(cell, ir.Constant(_I64, LANES * i))
        here = _load(builder, source, place, _I32, LANES)
        further = _load(builder, source, builder.add(place, shift), _I32, LANES)
        larger = builder.select(builder.icmp_unsigned(">", here, further), here, further)
        builder.store(larger, _vector_at(builder, target, place, _I32, LANES), align=4)
    following = builder.add(cell, ir.Constant(_I64, 2 * LANES))
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


@kernel
def _keep_active(
    cells: NDArray[np.uint32],
    columns: NDArray[np.int32],
    limits: NDArray[np.int32],
    rows: NDArray[np.int64],
    width: int,
    candidates: NDArray[np.int32],
    active: NDArray[np.int32],
) -> int:
    """Write to `active` the columns of those `candidates`, cells with keys, that are active.

    Returns how many there are.
    """
    n_active = 0
    for candidate in range(candidates.size):
        if n_active == active.size:  # never where it has the room that neighbourhoods need
            break
        cell = candidates[candidate]
        own, limit, column = cells[cell], limits[cell], columns[cell]
        # At the most, all equal ones but itself beat it, at the least none.
        if count_above(cells, cell, rows, rows.size, width, int(own) - 1) > limit:
            n_beating = count_above(cells, cell, rows, rows.size, width, int(own))
            for j in range(rows.size):
                if n_beating >= limit:
                    break
                first = cell + rows[j]
                for i in range(first, first + width):
                    n_beating += int(cells[i] == own and columns[i] < column)
            if n_beating >= limit:
                continue
        active[n_active] = column
        n_active += 1
    return n_active


@kernel
def select_local(
    keys: NDArray[np.uint32],
    neighbourhood: Neighbourhood,
    scratch: LocalScratch,
    active: NDArray[np.int32],
) -> int:
    """Write to `active` the ascending positions of the active columns, and count them.

    A column is active if its key (see `order_keys`) is not 0 and

        #{ b in N_c : key_b > key_c, or key_b = key_c and b < c }  <  s |N_c|

    with N_c its neighbourhood and s the density. Cui, Ahmad and Hawkins (2017),
    doi:10.3389/fncom.2017.00111. Changes `active`, which has room for `most_active` columns of the
    neighbourhood, and `scratch`, which must be of this neighbourhood (`new_local_scratch`).
    """
    cells, maxima, candidates = scratch.cells, scratch.cells, scratch.candidates
    copies, shifts, blocks = neighbourhood.copies, neighbourhood.shifts, neighbourhood.blocks
    for i in range(copies.shape[0]):
        copy_run(keys, copies[i, 0], cells, copies[i, 1], copies[i, 2])
    for i in range(shifts.size):
        take_larger(maxima, shifts[i], neighbourhood.n_maxima, scratch.maxima)
        maxima = scratch.maxima
    n_candidates = 0
    for first in range(neighbourhood.first_cell, neighbourhood.last_cell + 1, CELLS):
        found = seldom_beaten(cells, maxima, neighbourhood.limits, blocks, blocks.size, first)
        while found != 0:
            candidates[n_candidates] = first + lowest_one(found)
            found &= found - np.uint64(1)
            n_candidates += 1
    return _keep_active(
        cells,
        neighbourhood.columns,
        neighbourhood.limits,
        neighbourhood.rows,
        neighbourhood.row_width,
        candidates[:n_candidates],
        active,
    )
