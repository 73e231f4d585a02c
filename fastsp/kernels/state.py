"""The arrays that kernels share, grouped by what they describe.

Named tuples of arrays: Python code reads them by name, Numba compiles them away. Whoever builds
one owns its arrays; kernels change them only where their docstrings say so. What only one kind of
pooler has lies beside the kernels of that kind.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import inlined

OFF = 0xFFFF
"""Threshold of columns that are switched off, more than any overlap."""


class Synapses(NamedTuple):
    """Potential synapses of C columns as compressed rows, S in all."""

    indptr: NDArray[np.int64]
    """(C + 1,) where each column's synapses begin."""
    indices: NDArray[Any]
    """(S,) uint16, or uint32 for more than 65,536 inputs: input bit of each, ascending within a
    column; unsigned, so loops need no wrap-around"""
    permanences: NDArray[np.float32]
    """(S,) in [0, 1]."""


class Columns(NamedTuple):
    """What each of C columns remembers; with n segments to a column, each of its n C segments."""

    active_duty_cycles: NDArray[np.float64]
    log_duty_cycles: NDArray[np.float64]
    """Natural logarithm of the above, kept in step incrementally; used by logarithmic boosting."""
    boost_factors: NDArray[np.float32]
    tie_breakers: NDArray[np.float32]
    thresholds: NDArray[np.uint16]
    """The smallest overlap with which each may be active: the stimulus threshold, or `OFF`."""
    targets: NDArray[np.float64]
    """Mean duty cycle of the neighbourhood where boosting compares with that, else (0,)."""
    connected_counts: NDArray[np.int32]
    """How many synapses of each column are connected; (0,) where that is not needed"""
    overlap_duty_cycles: NDArray[np.float64]
    """Moving average of how often each sees enough to be active; (0,) where unused."""
    tie_keys: NDArray[np.uint32]
    """Keys above 0, below `Rule.overlap_step`, in the order of the tie-breakers, equal for equal
    ones; (0,) where tie-breakers are added to overlaps."""


class Rule(NamedTuple):
    """The numbers of one pooler that are the same for all of its columns."""

    n_active: int
    boost_strength: float
    target_density: float
    duty_cycle_decay: float
    """1 - 1 / duty_cycle_period"""
    permanence_increment: float
    permanence_decrement: float
    connected_threshold: float
    batch_size: int
    weak_column_share: float
    """0 where weak columns are left as they are"""
    weak_column_increment: float
    n_segments: int
    """Dendritic segments of each column, rows of all arrays of synapses and `Columns`"""
    tie_scale: float
    """What tie-breakers are multiplied by before they are added to shares"""
    overlap_step: int
    """Keys between one overlap and the next, where there are `Columns.tie_keys`"""
    lowest_exponent: float
    """Where boost factors can be too large for float32: the binary exponent that keys begin with"""
    key_scale: float
    """Then the steps of a key per step of a float's bits, at most 1; else 0"""


class Chunk(NamedTuple):
    """Inputs and their active columns."""

    inputs: NDArray[np.uint64]
    """(n, W) packed: bit i of an input is bit i % 64 of word i // 64"""
    active: NDArray[np.int32]
    """(n, k) ascending, with k the most there can be"""
    n_active: NDArray[np.int64]
    """(n,) how many entries of each row of `active` count"""
    progress: NDArray[np.int64]
    """(2,) inputs of the same batch in earlier chunks, -1 where it goes on in another one; and how
    many inputs of this chunk have been learned, or looked at, when all is done"""
    keys: NDArray[np.uint32]
    """(n, k) the keys that they were chosen by, written by a single worker; (n, 0) where nobody
    asks for them"""


@inlined
def room_behind(chunk: Chunk, i: int) -> NDArray[np.int32]:
    """Return where further active columns of input `i` are to be written."""
    return chunk.active[i, chunk.n_active[i] :]


@inlined
def active_of(chunk: Chunk, i: int, start: int, end: int) -> NDArray[np.int32]:
    """Return the active columns `start` to `end` of input `i`."""
    return chunk.active[i, start:end]
