"""Where Python enters the kernels: a chunk of inputs, alone or in parallel, or one input.

A session holds the arrays of a pooler and the scratch space of its workers in one object, which
passes from Python to a kernel in a fraction of a microsecond; the dozens of arrays in it would take
thirty.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import config, prange, typeof, types
from numba.core.dispatcher import Dispatcher
from numba.experimental import structref
from numpy.typing import NDArray

from fastsp.kernels.cycle import run_chunk
from fastsp.kernels.jit import allocating_kernel, parallel_kernel
from fastsp.kernels.packing import pack_input
from fastsp.kernels.scratch import (
    NeighbourhoodScratch,
    Scratch,
    scratch_of,
)
from fastsp.kernels.state import Chunk, Pooler
from fastsp.kernels.workers import Team, Worker

_FIRST: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
_FIELDS = ("pooler", "team", "scratch", "near", "chunk", "one")


@structref.register
class _SessionType(types.StructRef):
    def preprocess_fields(self, fields: Any) -> Any:
        return tuple((name, types.unliteral(kind)) for name, kind in fields)


class Session(structref.StructRefProxy):
    """The arrays of one pooler, scratch space, and inputs: for one call at a time.

    `chunk` are the inputs of `run`, and `one` is what is kept for a single input.
    """


if config.DISABLE_JIT:  # plain Python code cannot make a structref

    class Session:  # type: ignore[no-redef]
        """The same in plain Python."""

        def __init__(self, *values: Any) -> None:
            vars(self).update(zip(_FIELDS, values, strict=True))

else:
    structref.define_constructor(Session, _SessionType, _FIELDS)
    structref.define_boxing(_SessionType, Session)


@allocating_kernel
def make_session(
    pooler: Pooler,
    team: Team | None,
    scratch: Scratch,
    near: NeighbourhoodScratch | None,
    one: Chunk,
) -> Session:
    """Put all into one object; `one` is a chunk of one input, whose `active` is not used."""
    return Session(pooler, team, scratch, near, one, one)


@allocating_kernel
def set_chunk(
    session: Session,
    inputs: NDArray[np.uint64],
    active: NDArray[np.int32],
    n_active: NDArray[np.int64],
    progress: NDArray[np.int64],
    keys: NDArray[np.uint32],
) -> None:
    """Give the session the chunk of its next run; see `Chunk`."""
    session.chunk = Chunk(inputs, active, n_active, progress, keys)


@allocating_kernel
def run(
    session: Session, x: NDArray[np.uint8], bound: int, task: int, active: NDArray[np.int32]
) -> int:
    """Run the cycles of the session's chunk on one core; see `run_chunk`.

    Or, where `x` (N,) is not empty, one cycle on the input bits `x > bound`; its active columns are
    written to `active`, and counted. Both are one kernel, since each would take seconds to compile.
    """
    pooler, chunk = session.pooler, session.chunk
    if x.size > 0:
        one = session.one
        words = one.inputs[0]
        pack_input(x, bound, words)
        for w in range(words.size):
            words[w] &= pooler.input_mask[w]
        chunk = Chunk(one.inputs, active.reshape(1, -1), one.n_active, one.progress, one.keys)
    own = scratch_of(session.scratch, _FIRST)
    run_chunk(pooler, chunk, task, Worker(_FIRST, own, own, session.near), None)
    if x.size > 0:
        return int(chunk.n_active[0])
    chunk.progress[1] = chunk.inputs.shape[0]
    session.chunk = session.one
    return 0


@allocating_kernel
def run_worker(session: Session, task: int, worker: int) -> None:
    """Run the cycles of the session's chunk as one worker of its team; see `run_chunk`."""
    own, shared = scratch_of(session.scratch, worker), scratch_of(session.scratch, _FIRST)
    worker_of_team = Worker(worker, own, shared, session.near)
    run_chunk(session.pooler, session.chunk, task, worker_of_team, session.team)


@parallel_kernel
def run_in_parallel(session: Session, task: int) -> None:
    """Run the cycles of the session's chunk on several cores, one worker each; see `run_chunk`."""
    session.team.counters[:] = 0
    for worker in prange(session.team.n_workers):
        signed: Any = np.int64(worker)
        run_worker(session, task, signed)
    session.chunk.progress[1] = session.chunk.inputs.shape[0]
    session.chunk = session.one


def without_lookup(session: Session) -> Callable[..., int]:
    """Return `run` for sessions such as this, compiled and with its types settled.

    Otherwise they are looked up at each call, which takes a microsecond and a half. Arguments are
    those of `run`, of exactly its types; read-only arrays will do for `x`.
    """
    if not isinstance(run, Dispatcher):  # a plain function where NUMBA_DISABLE_JIT is set
        return run
    arguments = types.uint8[::1], types.int64, types.int64, types.int32[::1]
    signature = (typeof(session), *arguments)
    run.compile(signature)
    entry: Callable[..., int] = run.overloads[signature].entry_point
    return entry
