"""Work shared out among the workers of a team, each a thread; or one worker alone.

A chunk of cycles goes in phases, each of several parts, and a phase begins when all parts of the
one before are done. Parts belong to nobody: a worker prefers the part of its own number, whose
memory its processor knows, but takes any that is left. So nobody waits for a worker that has no
processor, unless that is amid a part; one worker can do it all, and no worker must come.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.llvm.atomics import (
    increment_counter,
    increment_from,
    load_counter,
    spin_pause,
    yield_thread,
)

SMALLEST_SHARE = 8
"""Inputs in a part, where these are shared out."""
SHARES = 16
"""Parts for each worker where inputs are shared out, so that all end at about the same time."""
_LINE = 16
"""Counters that threads share are this many int64 apart: on cache lines, and pairs of lines, of
their own."""
_SPINS = 100
"""Tries, of some ten nanoseconds each, before a waiting thread offers its processor to others."""


class Team(NamedTuple):
    """So many workers, and the blocks of columns that they share out."""

    n_workers: int
    bounds: NDArray[np.int64]
    """(P + 1,) block b is rows bounds[b] to bounds[b + 1]; multiples of 64, but for the last"""
    counters: NDArray[np.int64]
    """The first counts the parts done; on a line of its own each, how often a part was taken."""


def new_counters(n_parts: int) -> NDArray[np.int64]:
    """Return counters for phases of up to `n_parts` parts; all 0 before a chunk begins."""
    return np.zeros((n_parts + 1) * _LINE, np.int64)


@kernel
def take_part(team: Team, worker: int, n_parts: int, phase: int, done: int) -> int:
    """Return the number of a part of `phase` that nobody has taken; `n_parts` if there is none.

    `done` is the part that this worker has just done in this phase, -1 at first. Waits until the
    phase before is done. All phases of a chunk have the same `n_parts`.
    """
    counters = team.counters
    if done >= 0:
        increment_counter(counters, 0)
    tries = 0
    while load_counter(counters, 0) < phase * n_parts:
        tries += 1
        if tries < _SPINS:
            spin_pause()
        else:
            yield_thread()
    for i in range(n_parts):
        part = (worker + i) % n_parts
        place = _LINE * (part + 1)
        if load_counter(counters, place) == phase and increment_from(counters, place, phase):
            return part
    return n_parts


@kernel
def n_shares(team: Team, n: int) -> int:
    """Return the number of parts that `n` inputs are shared out in, where only these are read."""
    if team.n_workers == 1:
        return 1
    return max(1, min(n // SMALLEST_SHARE, team.counters.size // _LINE - 1))


@kernel
def share(n: int, part: int, n_parts: int) -> tuple[int, int]:
    """Return where a part of `n` things begins and ends, all parts nearly equal."""
    return n * part // n_parts, n * (part + 1) // n_parts
