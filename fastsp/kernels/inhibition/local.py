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

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Block, at
from fastsp.kernels.jit import helper, kernel, step
from fastsp.kernels.llvm.bits import lowest_one
from fastsp.kernels.llvm.neighbourhoods import (
    CELLS,
    copy_run,
    count_above,
    seldom_beaten,
    take_larger,
)
from fastsp.kernels.state import Chunk, room_behind


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
    """For local inhibition, in a padded grid of N cells."""

    cells: NDArray[np.uint32]
    """(N,) keys of the padded grid; always 0 in cells that no run fills"""
    maxima: NDArray[np.uint32]
    """(N,) the largest key of the block that starts at each cell"""
    candidates: NDArray[np.int32]
    """(N,) cells that may win"""


@helper
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
def _find_candidates(
    keys: NDArray[np.uint32], neighbourhood: Neighbourhood, scratch: LocalScratch
) -> int:
    """Write to `scratch.candidates` the ascending cells that few blocks beat; count them."""
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
    return n_candidates


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
    n_candidates = _find_candidates(keys, neighbourhood, scratch)
    return _keep_active(
        scratch.cells,
        neighbourhood.columns,
        neighbourhood.limits,
        neighbourhood.rows,
        neighbourhood.row_width,
        scratch.candidates[:n_candidates],
        active,
    )


@kernel
def select_in_order(
    keys: NDArray[np.uint32],
    neighbourhood: Neighbourhood,
    scratch: LocalScratch,
    active: NDArray[np.int32],
) -> int:
    """Do what `select_local` does, but of equal columns let only those beat that have won before.

    Columns have their turn in ascending order. One is active if its key is not 0 and

        #{ b in N_c : key_b > key_c, or key_b = key_c and b is active already }

    is below the limit of its cell.
    """
    n_candidates = _find_candidates(keys, neighbourhood, scratch)
    # Maxima have served; the room is one for each column from here on: 1 where it is active.
    cells, has_won, columns = scratch.cells, scratch.maxima, neighbourhood.columns
    rows, width = neighbourhood.rows, neighbourhood.row_width
    for c in range(keys.size):
        has_won[c] = 0
    n_active = 0
    for candidate in range(n_candidates):
        cell = scratch.candidates[candidate]
        own, limit = cells[cell], neighbourhood.limits[cell]
        n_beating = count_above(cells, cell, rows, rows.size, width, int(own))
        for j in range(rows.size):
            if n_beating >= limit:
                break
            first = cell + rows[j]
            for i in range(first, first + width):
                if cells[i] == own:
                    n_beating += int(has_won[columns[i]])
        if n_beating < limit:
            active[n_active] = columns[cell]
            has_won[columns[cell]] = 1
            n_active += 1
    return n_active


class Local(NamedTuple):
    """Columns compete with those of their neighbourhood."""

    keys: NDArray[np.uint32]
    """(C,)"""
    neighbourhood: Neighbourhood
    scratch: LocalScratch
    chunk: Block[Chunk]


@step
def compete_locally(block: Local, i: int, first: int, last: int) -> int:
    """Let columns compete with those around them; see `Finding.compete`."""
    own = at(block)
    return select_local(own.keys, own.neighbourhood, own.scratch, room_behind(at(own.chunk), i))


@step
def compete_in_order(block: Local, i: int, first: int, last: int) -> int:
    """Do the same by `select_in_order`."""
    own = at(block)
    return select_in_order(own.keys, own.neighbourhood, own.scratch, room_behind(at(own.chunk), i))
