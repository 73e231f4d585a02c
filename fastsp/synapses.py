"""The synapses of a pooler and their overlap index, in the layout that promises to be the fastest.

Both layouts give the same integers. Rows of bits cost time in proportion to the columns that can
see an on-bit, however few of them are connected; lists in proportion to the connected ones, but
much more for each.
"""

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.overlap import fill_index, index_runs
from fastsp.kernels.state import (
    BIT_ROWS,
    CONNECTED_LISTS,
    BitRows,
    ConnectedLists,
    OverlapIndex,
    Synapses,
)
from fastsp.kernels.vectors import ROW_WORDS, ROWS

LAYOUTS = {"rows": BIT_ROWS, "lists": CONNECTED_LISTS}
# Measured, in nanoseconds: adding seven rows of 512 columns, with the carries; turning the sums of
# 64 columns into numbers; counting one connected synapse; finding the next on-bit.
_ADD_ROWS, _UNPACK, _COUNT, _NEXT_BIT = 12.0, 4.0, 0.5, 2.0
# Bytes of an index that stay in a core's own cache, and bytes a nanosecond from beyond it.
_CACHE, _BANDWIDTH = 2**20, 15.0


def as_synapses(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    permanences: NDArray[np.float32],
    n_inputs: int,
) -> Synapses:
    """Return the public arrays as the kernels take them: indices in the narrowest type, copied.

    Learning is bound by memory in large pools, and reads all indices of the columns that learn.
    """
    narrow = np.uint16 if n_inputs <= 2**16 else np.uint32
    return Synapses(indptr, indices.astype(narrow), permanences)


def predict_costs(synapses: Synapses, n_inputs: int, n_on: float) -> dict[str, float]:
    """Predict what the overlaps for one input cost in each layout.

    Parameters
    ----------
    synapses : of C columns over `n_inputs` input bits.
    n_on : on-bits of an input, on average.

    Returns
    -------
    Nanoseconds, by the name of the layout.
    """
    n_columns = synapses.indptr.size - 1
    _, lengths = _runs(synapses, n_inputs)
    vectors = lengths.mean() / ROW_WORDS
    # Groups end with the run: half of the last one is empty, of each word or of all of them.
    n_runs = 1.0 if len(np.unique(lengths)) == 1 else float(lengths.size)
    groups = n_on / ROWS + 0.5 * min(n_runs, n_on)
    seen = synapses.indices.size / n_inputs
    connected = 0.5
    touched_rows, touched_lists = lengths.mean() * 8.0, seen * connected * 2.0
    return {
        "rows": groups * vectors * _ADD_ROWS
        + n_columns / 64 * _UNPACK
        + n_on * (_NEXT_BIT + _fetch(touched_rows, n_inputs)),
        "lists": n_on * (_NEXT_BIT + seen * connected * _COUNT + _fetch(touched_lists, n_inputs)),
    }


def _fetch(n_bytes: float, n_inputs: int) -> float:
    """Return the nanoseconds to fetch the row or list of an input bit, one of `n_inputs`."""
    return n_bytes / _BANDWIDTH if n_bytes * n_inputs > _CACHE else 0.0


def choose_layout(synapses: Synapses, n_inputs: int, n_on: float) -> str:
    """Return the name of the layout that promises to be faster (see `predict_costs`)."""
    costs = predict_costs(synapses, n_inputs, n_on)
    return min(costs, key=costs.__getitem__)


def build_index(
    synapses: Synapses, n_inputs: int, connected_threshold: float, layout: str
) -> OverlapIndex:
    """Build the overlap index of the connected synapses.

    Parameters
    ----------
    synapses : of C columns over `n_inputs` input bits.
    connected_threshold : a synapse is connected where its permanence, as float32, is at least the
        threshold as float32.
    layout : "rows" or "lists".
    """
    longest_pool = int(np.diff(synapses.indptr).max())
    rows, lists = _empty_rows(), _empty_lists(synapses)
    if layout == "rows":
        rows = _new_rows(synapses, n_inputs)
    else:
        lists = _new_lists(synapses, n_inputs)
    index = OverlapIndex(LAYOUTS[layout], max(3, longest_pool.bit_length()), rows, lists)
    fill_index(synapses, np.float32(connected_threshold), index)
    return index


def _runs(synapses: Synapses, n_inputs: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the run of columns of each input word: its first word of columns, and its length."""
    first_columns, last_columns = np.empty((2, (n_inputs + 63) // 64), np.int64)
    index_runs(synapses, first_columns, last_columns)
    starts = first_columns // 64
    return starts, -(-(-(-last_columns // 64) - starts) // ROW_WORDS) * ROW_WORDS


def _new_rows(synapses: Synapses, n_inputs: int) -> BitRows:
    run_starts, run_lengths = _runs(synapses, n_inputs)
    row_starts = np.concatenate([[0], np.cumsum(64 * run_lengths)]).astype(np.int64)
    words = np.zeros(row_starts[-1] + run_lengths.max(), np.uint64)
    return BitRows(words, row_starts, run_starts, run_lengths)


def _empty_rows() -> BitRows:
    nothing = np.empty(0, np.int64)
    return BitRows(np.empty(0, np.uint64), nothing, nothing, nothing)


def _new_lists(synapses: Synapses, n_inputs: int) -> ConnectedLists:
    room = np.bincount(synapses.indices, minlength=n_inputs)
    starts = np.concatenate([[0], np.cumsum(room)]).astype(np.int64)
    columns = np.empty(synapses.indices.size, _column_type(synapses))
    return ConnectedLists(columns, starts, np.zeros(n_inputs, np.int64))


def _empty_lists(synapses: Synapses) -> ConnectedLists:
    nothing = np.empty(0, np.int64)
    return ConnectedLists(np.empty(0, _column_type(synapses)), nothing, nothing)


def _column_type(synapses: Synapses) -> type[np.unsignedinteger]:
    return np.uint16 if synapses.indptr.size - 1 <= 2**16 else np.uint32
