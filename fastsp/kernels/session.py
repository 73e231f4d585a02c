"""Where Python enters the kernels: a chunk of inputs, alone or in parallel, or one input.

A session holds the arrays of a pooler and the scratch space of its workers in one object, which
passes from Python to a kernel in a fraction of a microsecond; the dozens of arrays in it would take
thirty.
"""

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import config, prange, typeof, types
from numba.core.dispatcher import Dispatcher
from numba.experimental import structref
from numpy.typing import NDArray

from fastsp.kernels.cycle import INFER, LEARN, run_chunk
from fastsp.kernels.jit import allocating_kernel, parallel_kernel
from fastsp.kernels.packing import pack_input
from fastsp.kernels.scratch import (
    NeighbourhoodScratch,
    Scratch,
    scratch_of,
)
from fastsp.kernels.state import Chunk, Pooler
from fastsp.kernels.workers import Team, Worker

_FIELDS = ("pooler", "team", "scratch", "near", "words", "n_active", "progress")


@structref.register
class _SessionType(types.StructRef):
    def preprocess_fields(self, fields: Any) -> Any:
        return tuple((name, types.unliteral(kind)) for name, kind in fields)


class Session(structref.StructRefProxy):
    """The arrays of one pooler, and scratch space: for one call at a time."""


if config.DISABLE_JIT:  # plain Python code cannot make a structref
    Session = namedtuple("Session", _FIELDS)  # type: ignore[misc, no-redef]
else:
    structref.define_constructor(Session, _SessionType, _FIELDS)
    structref.define_boxing(_SessionType, Session)


@allocating_kernel
def make_session(
    pooler: Pooler,
    team: Team,
    scratch: Scratch,
    near: NeighbourhoodScratch | None,
    words: NDArray[np.uint64],
    n_active: NDArray[np.int64],
    progress: NDArray[np.int64],
) -> Session:
    """Put all into one object; `words` (1, W), `n_active` and `progress` are for `run_cycle`."""
    return Session(pooler, team, scratch, near, words, n_active, progress)


@allocating_kernel
def _run(
    session: Session,
    inputs: NDArray[np.uint64],
    active: NDArray[np.int32],
    n_active: NDArray[np.int64],
    task: int,
    progress: NDArray[np.int64],
    worker: int,
) -> None:
    team, scratch = session.team, session.scratch
    first: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
    own, shared = scratch_of(scratch, worker), scratch_of(scratch, first)
    chunk = Chunk(inputs, active, n_active, progress)
    run_chunk(session.pooler, chunk, task, Worker(team, worker, own, shared, session.near))


@allocating_kernel
def run(
    session: Session,
    inputs: NDArray[np.uint64],
    active: NDArray[np.int32],
    n_active: NDArray[np.int64],
    task: int,
    progress: NDArray[np.int64],
) -> None:
    """Run the cycles of a chunk on one core; see `run_chunk`."""
    session.team.counters[:] = 0
    first: Any = np.int64(0)
    _run(session, inputs, active, n_active, task, progress, first)
    progress[1] = inputs.shape[0]


@parallel_kernel
def run_in_parallel(
    session: Session,
    inputs: NDArray[np.uint64],
    active: NDArray[np.int32],
    n_active: NDArray[np.int64],
    task: int,
    progress: NDArray[np.int64],
) -> None:
    """Run the cycles of a chunk on several cores, one worker each; see `run_chunk`."""
    session.team.counters[:] = 0
    for worker in prange(session.team.n_workers):
        signed: Any = np.int64(worker)
        _run(session, inputs, active, n_active, task, progress, signed)
    progress[1] = inputs.shape[0]


@allocating_kernel
def run_cycle(
    session: Session, x: NDArray[np.uint8], bound: int, learns: bool, active: NDArray[np.int32]
) -> int:
    """Run one cycle on the input bits `x > bound`, (N,); count and write the active columns."""
    words, input_mask = session.words[0], session.pooler.input_mask
    pack_input(x, bound, words)
    for w in range(words.size):
        words[w] &= input_mask[w]
    n_active = session.n_active
    task: Any = np.int64(LEARN if learns else INFER)
    none: Any = np.int64(0)
    _run(session, session.words, active.reshape(1, -1), n_active, task, session.progress, none)
    return int(n_active[0])


def without_lookup(session: Session) -> Callable[..., int]:
    """Return `run_cycle` for sessions such as this, compiled and with its types settled.

    Otherwise they are looked up at each call, which takes a microsecond and a half. Arguments are
    those of `run_cycle`, of exactly its types; read-only arrays will do for `x`.
    """
    if not isinstance(run_cycle, Dispatcher):  # a plain function where NUMBA_DISABLE_JIT is set
        return run_cycle
    arguments = types.uint8[::1], types.int64, types.boolean, types.int32[::1]
    signature = (typeof(session), *arguments)
    run_cycle.compile(signature)
    entry: Callable[..., int] = run_cycle.overloads[signature].entry_point
    return entry
