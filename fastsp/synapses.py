"""The synapses of a pooler, their overlap index, and what the kernels need of both."""

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.overlap import fill_index, index_runs
from fastsp.kernels.state import BitIndex, Synapses
from fastsp.kernels.vectors import ROW_WORDS


def as_synapses(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], permanences: NDArray[np.float32]
) -> Synapses:
    """View the public arrays as the kernels take them; nothing is copied."""
    return Synapses(indptr, indices.view(np.uint32), permanences)


def build_index(synapses: Synapses, n_inputs: int, connected_threshold: float) -> BitIndex:
    """Build the bit-packed overlap index of the connected synapses.

    Parameters
    ----------
    synapses : of C columns over `n_inputs` input bits.
    connected_threshold : a synapse is connected where its permanence, as float32, is at least the
        threshold as float32.
    """
    n_words = (n_inputs + 63) // 64
    first_columns = np.empty(n_words, np.int64)
    last_columns = np.empty(n_words, np.int64)
    index_runs(synapses, first_columns, last_columns)
    run_starts = first_columns // 64
    run_lengths = -(-(-(-last_columns // 64) - run_starts) // ROW_WORDS) * ROW_WORDS
    row_starts = np.concatenate([[0], np.cumsum(64 * run_lengths)]).astype(np.int64)
    longest_pool = int(np.diff(synapses.indptr).max())
    index = BitIndex(
        np.zeros(row_starts[-1] + run_lengths.max(), np.uint64),
        row_starts,
        run_starts,
        run_lengths,
        max(3, longest_pool.bit_length()),
    )
    fill_index(synapses, np.float32(connected_threshold), index)
    return index
