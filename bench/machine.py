"""What the machine can do, what a cycle asks of it at the least, and what the machine is.

Small kernels, measured in the same run as the pooler, give the machine's rates; the shapes of a
pooler give the work of a cycle. Together they give the least time a cycle can take.
"""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

from fastsp import SpatialPooler
from fastsp.experiments.environment import describe_environment

Bits = NDArray[np.uint8]


@intrinsic
def _population_count(typing_context: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


@numba.njit(nogil=True)
def _count_words(words: Any, mask: Any) -> Any:
    total = np.uint64(0)
    for i in range(words.size):
        total += _population_count(words[i] & mask)
    return total


@numba.njit(nogil=True)
def _increment(positions: Any, counts: Any) -> Any:
    for i in range(positions.size):
        counts[positions[i]] += 1


@numba.njit(nogil=True)
def _compare(values: Any, bound: Any) -> Any:
    count = np.int32(0)
    for i in range(values.size):
        count += np.int32(values[i] >= bound)
    return count


@numba.njit(nogil=True, error_model="numpy")
def _update_rows(values: Any, indices: Any, rows: Any, table: Any, gathered: Any) -> None:
    n = gathered.size
    for r in range(rows.size):
        row, inputs = values[rows[r] * n : (rows[r] + 1) * n], indices[rows[r] * n :]
        for i in range(n):
            gathered[i] = table[inputs[i]]
        for i in range(n):
            moved = row[i] + gathered[i]
            moved = moved if moved > np.float32(0.0) else np.float32(0.0)
            row[i] = moved if moved < np.float32(1.0) else np.float32(1.0)


def _rate(function: Callable[..., Any], *arguments: Any, work: int) -> float:
    """Return units of work per second, the best of several calls after an untimed one."""
    function(*arguments)
    seconds = []
    deadline = time.perf_counter() + 0.1
    while len(seconds) < 5 or time.perf_counter() < deadline:
        start = time.perf_counter()
        function(*arguments)
        seconds.append(time.perf_counter() - start)
    return work / min(seconds)


@cache
def words_per_second() -> float:
    """Return the rate of AND, population count and accumulate over 256 KB of words."""
    words = np.random.default_rng(0).integers(2**63, size=2**15, dtype=np.uint64)
    return _rate(_count_words, words, np.uint64(2**62 - 1), work=words.size)


@cache
def bytes_per_second() -> float:
    """Return the memory bandwidth of a large copy, reads and writes both counted."""
    source = np.ones(2**27, np.uint8)
    return _rate(np.copyto, np.empty_like(source), source, work=2 * source.size)


@cache
def increments_per_second(n_columns: int) -> float:
    """Return the rate of counts[position] += 1 at random positions among `n_columns`."""
    positions = np.random.default_rng(0).integers(n_columns, size=2**16, dtype=np.uint32)
    return _rate(_increment, positions, np.zeros(n_columns, np.int32), work=positions.size)


@cache
def comparisons_per_second(n_columns: int) -> float:
    """Return the rate of counting, among `n_columns` floats, those above a bound."""
    values = np.random.default_rng(0).random(n_columns, dtype=np.float32)
    # Many passes a call, so that the call itself does not count.
    values = np.tile(values, -(-(2**15) // n_columns))
    return _rate(_compare, values, np.float32(0.98), work=values.size)


@cache
def updates_per_second(n_columns: int, n_potential: int, n_inputs: int) -> float:
    """Return the rate of p += table[index], clipped, in random rows of a pool's size."""
    random = np.random.default_rng(0)
    size = n_columns * n_potential
    indices = random.integers(n_inputs, size=size, dtype=np.uint32)
    rows = random.integers(n_columns, size=max(1, 2**17 // n_potential))
    table = np.where(random.random(n_inputs) < 0.1, 0.02, -0.006).astype(np.float32)
    return _rate(
        _update_rows,
        random.random(size, dtype=np.float32),
        indices,
        rows,
        table,
        np.empty(n_potential, np.float32),
        work=rows.size * n_potential,
    )


@dataclass(frozen=True)
class Work:
    """What one cycle cannot do without, as means over inputs.

    The overlap needs either a word of 64 connections for each pair of a column and a word of the
    input in which both have something, or an increment for each connected synapse whose input bit
    is on: whichever is faster. Selection reads every column once. Learning updates every potential
    synapse of the active columns. Boosting, duty cycles and the blur of Gaussian inhibition come on
    top and are not counted.
    """

    n_columns: int
    n_inputs: int
    n_potential: int
    words: float
    increments: float
    updates: float

    @classmethod
    def of(cls, pooler: SpatialPooler, rows: Bits) -> "Work":
        """Count the work of `pooler` on input bits `rows`, (n, N)."""
        n_columns, n_inputs = pooler.tie_breakers_.size, pooler.n_features_in_
        n_words = -(-n_inputs // 64)
        columns = np.repeat(np.arange(n_columns), np.diff(pooler.indptr_))
        pairs = columns * n_words + pooler.indices_ // 64
        first = np.concatenate([[True], pairs[1:] != pairs[:-1]])
        columns_of_word = np.bincount(pairs[first] % n_words, minlength=n_words)
        connected = pooler.permanences_ >= np.float32(pooler.connected_threshold)
        columns_of_bit = np.bincount(pooler.indices_[connected], minlength=n_inputs)
        padded = np.pad(rows, ((0, 0), (0, 64 * n_words - n_inputs)))
        words_on = padded.reshape(len(rows), n_words, 64).any(axis=2)
        n_potential = max(1, round(pooler.indices_.size / n_columns))
        return cls(
            n_columns,
            n_inputs,
            n_potential,
            words=float((words_on @ columns_of_word).mean()),
            increments=float((rows @ columns_of_bit).mean()),
            updates=float(pooler.n_active_ * n_potential),
        )

    def least_seconds(self, learning: bool) -> float:
        """Return the least time of a cycle at the machine's rates."""
        overlap = min(
            self.words / words_per_second(),
            self.increments / increments_per_second(self.n_columns),
        )
        seconds = overlap + self.n_columns / comparisons_per_second(self.n_columns)
        if learning:
            shape = self.n_columns, self.n_potential, self.n_inputs
            seconds += self.updates / updates_per_second(*shape)
        return seconds


def environment() -> dict[str, Any]:
    """Return what timings depend on: processor, threads, versions, load."""
    try:
        threading_layer = numba.threading_layer()
    except ValueError:  # nothing has run in parallel
        threading_layer = None
    return asdict(describe_environment(n_jobs=1)) | {
        "numba_threads": numba.config.NUMBA_NUM_THREADS,
        "threading_layer": threading_layer,
        "load_average": os.getloadavg()[0],
    }
