"""The arrays that kernels share, grouped by what they describe.

Named tuples of arrays: Python code reads them by name, Numba compiles them away. Whoever builds
one owns its arrays; kernels change them only where their docstrings say so.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NO_BOOSTING, LOG_BOOSTING, EXP_BOOSTING = 0, 1, 2
GLOBAL_INHIBITION, GAUSSIAN_INHIBITION = 0, 1


class Synapses(NamedTuple):
    """Potential synapses of C columns as compressed rows, S in all."""

    indptr: NDArray[np.int64]
    """(C + 1,) where each column's synapses begin."""
    indices: NDArray[np.uint32]
    """(S,) input bit of each, ascending within a column; unsigned, so loops need no wrap-around."""
    permanences: NDArray[np.float32]
    """(S,) in [0, 1]."""


class BitIndex(NamedTuple):
    """Connected synapses as bits, words x columns.

    Input word w (input bits 64 w to 64 w + 63) can be seen by one run of columns, from
    `first_columns[w]` on; `words[starts[w] : starts[w + 1]]` has a word for each of them, with a
    one where the column is connected to the input bit.
    """

    words: NDArray[np.uint64]
    starts: NDArray[np.int64]
    """(W + 1,)"""
    first_columns: NDArray[np.int64]
    """(W,)"""


class Columns(NamedTuple):
    """What each of C columns remembers."""

    active_duty_cycles: NDArray[np.float64]
    log_duty_cycles: NDArray[np.float64]
    """Natural logarithm of the above, kept in step incrementally; used by logarithmic boosting."""
    boost_factors: NDArray[np.float32]
    tie_breakers: NDArray[np.float32]


class Blur(NamedTuple):
    """A linear map over the grid of columns as a chain of matrix products, one axis at a time.

    A step sees its input as (outer, n, inner) and its output as (outer, m, inner), and multiplies
    along the middle axis with an (m, n) matrix, whose rows are zero outside a range of columns.
    Where inner is 1, the matrix is stored transposed and multiplied from the right, and the ranges
    are those of the outer rows: all of each.
    """

    matrices: NDArray[np.float32]
    steps: NDArray[np.int64]
    """(n_steps, 6): outer, m, n, inner, offset into matrices, offset into ranges."""
    ranges: NDArray[np.int64]
    """(rows of all steps, 2)"""


class Rule(NamedTuple):
    """The numbers and choices of one pooler."""

    n_active: int
    stimulus_threshold: int
    inhibition: int
    boosting: int
    boost_strength: float
    target_density: float
    duty_cycle_decay: float
    """1 - 1 / duty_cycle_period"""
    permanence_increment: float
    permanence_decrement: float
    connected_threshold: float
    batch_size: int
