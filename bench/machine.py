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
_WORDS = np.random.default_rng(0).integers(2**63, size=2048, dtype=np.uint64)


@numba.njit(nogil=True)
def _add(a: Any, b: Any, c: Any) -> Any:
    """Add three bits in each bit position: return the sums' ones and twos."""
    either = a ^ b
    return either ^ c, (a & b) | (either & c)


@numba.njit(nogil=True)
def _add_rows(rows: Any, planes: Any) -> None:
    a, b, c, d = rows[0], rows[1], rows[2], rows[3]
    e, f, g = rows[4], rows[5], rows[6]
    plane_0, plane_1, plane_2 = planes[0], planes[1], planes[2]
    for i in range(a.size):
        ones_a, twos_a = _add(a[i], b[i], c[i])
        ones_b, twos_b = _add(d[i], e[i], f[i])
        ones, twos_c = _add(ones_a, ones_b, g[i])
        twos, fours = _add(twos_a, twos_b, twos_c)
        held = plane_0[i]
        plane_0[i], carry = held ^ ones, held & ones
        plane_1[i], carry = _add(plane_1[i], twos, carry)
        plane_2[i] ^= fours ^ carry


@numba.njit(nogil=True)
def _add_many(rows: Any, planes: Any, n: int) -> None:
    for _ in range(n):
        _add_rows(rows, planes)


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


@intrinsic
def _count_ones(typing_context: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


@numba.njit(nogil=True, error_model="numpy")
def _popcount_many(words: Any, mask: Any, n: int) -> Any:
    total = np.uint64(0)
    for i in range(n):
        own = mask + np.uint64(i)
        for j in range(words.size):
            total += _count_ones(words[j] & own)
    return total


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
def row_words_per_second() -> float:
    """Return the rate at which words of bit rows are added, seven rows at a time, in the L1 cache.

    As a carry-save adder does it: 64 counters a word, of which three binary digits are kept.
    """
    rows = np.random.default_rng(0).integers(2**63, size=(7, 256), dtype=np.uint64)
    planes = np.zeros((3, 256), np.uint64)
    return _rate(_add_many, rows, planes, 100, work=100 * rows.size)


@cache
def popcounted_words_per_second() -> float:
    """Return the rate at which words are ANDed with another and their ones counted, in L1."""
    return _rate(popcount, 100, work=100 * _WORDS.size)


def popcount(n: int) -> None:
    """Count ones in 2,048 words, `n` times, without the interpreter."""
    _popcount_many(_WORDS, np.uint64(0x5555555555555555), n)


@cache
def bytes_per_second() -> float:
    """Return the memory bandwidth of a large copy, reads and writes both counted."""
    source = np.ones(2**27, np.uint8)
    return _rate(np.copyto, np.empty_like(source), source, work=2 * source.size)


@cache
def increments_per_second(n_columns: int) -> float:
    """Return the rate of counts[position] += 1 at random positions among `n_columns`."""
    positions = np.random.default_rng(0).integers(n_columns, size=2**16, dtype=np.uint32)
    return _rate(_increment, positions, np.zeros(n_columns, np.uint16), work=positions.size)


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

    The overlap needs, for each on-bit, either the words of its row added, 64 columns to a word and
    only words in which some column can see the bit; or a count for each column connected to it; or,
    for each column and each 64 input bits of which it can see any and any is on, a popcount:
    whichever is the fastest. Selection reads every column once. Learning updates every potential
    synapse of the active columns.

    Not counted: boosting, duty cycles, what selection does after its first pass, the blur of
    Gaussian and the comparisons of local inhibition, and the upkeep of the overlap index.
    """

    n_columns: int
    n_inputs: int
    n_potential: int
    row_words: float
    popcounts: float
    counts: float
    updates: float

    @classmethod
    def of(cls, pooler: SpatialPooler, rows: Bits) -> "Work":
        """Count the work of `pooler` on input bits `rows`, (n, N)."""
        n_columns, n_inputs = pooler.tie_breakers_.size, pooler.n_features_in_
        n_potential = max(1, round(pooler.indices_.size / n_columns))
        connected = pooler.permanences_ >= np.float32(pooler.connected_threshold)
        columns = np.repeat(np.arange(n_columns), np.diff(pooler.indptr_))
        places = np.unique(columns // 64 * n_inputs + pooler.indices_)
        row_words = np.bincount(places % n_inputs, minlength=n_inputs)
        counting = np.bincount(pooler.indices_[connected], minlength=n_inputs)
        blocks = -(-n_inputs // 64)
        seen = np.unique(columns * blocks + pooler.indices_ // 64) % blocks
        starts = np.arange(0, n_inputs, 64)
        on = np.maximum.reduceat(np.asarray(rows, bool), starts, axis=1)
        n_active = pooler.transform(rows).nnz / len(rows)
        return cls(
            n_columns,
            n_inputs,
            n_potential,
            row_words=float((rows @ row_words).mean()),
            popcounts=float((on @ np.bincount(seen, minlength=blocks)).mean()),
            counts=float((rows @ counting).mean()),
            updates=n_active * n_potential,
        )

    def least_seconds(self, learning: bool) -> float:
        """Return the least time of a cycle at the machine's rates."""
        overlap = min(
            self.row_words / row_words_per_second(),
            self.popcounts / popcounted_words_per_second(),
            self.counts / increments_per_second(self.n_columns),
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
