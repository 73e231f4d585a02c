"""Where Python enters the kernels: with a chunk of inputs, on any number of threads, or with one.

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
from fastsp.kernels.jit import allocating_kernel, njit
from fastsp.kernels.llvm.lowering import call_at, compiled_by
from fastsp.kernels.packing import pack_input
from fastsp.kernels.scratch import NeighbourhoodScratch, Scratch, scratch_of
from fastsp.kernels.state import Chunk, Pooler
from fastsp.kernels.workers import Team, Worker

_FIRST: Any = np.int64(0)  # a plain 0 would be a type of its own, and compile twice
NO_INPUT, NO_COLUMNS = np.empty(0, np.uint8), np.empty(0, np.int32)
_FIELDS = ("pooler", "team", "scratch", "near", "chunk", "one")


@structref.register
class _SessionType(types.StructRef):
    def preprocess_fields(self, fields: Any) -> Any:
        return tuple((name, types.unliteral(kind)) for name, kind in fields)


class Session(structref.StructRefProxy):
    """The arrays of one pooler, scratch space, and inputs: for one call at a time.

    `chunk` are the inputs of the next run, and `one` is what is kept for a single input.
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
    pooler: Pooler, team: Team, scratch: Scratch, near: NeighbourhoodScratch | None, one: Chunk
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
    """Give the session the chunk of its next run; see `Chunk`. A worker alone lets go of it."""
    session.chunk = Chunk(inputs, active, n_active, progress, keys)
    session.team.counters[:] = 0


@allocating_kernel
def run(
    session: Session,
    x: NDArray[np.uint8],
    bound: int,
    task: int,
    active: NDArray[np.int32],
    worker: int,
) -> int:
    """Run the cycles of the session's chunk as one worker of its team; see `run_chunk`.

    Or, where `x` (N,) is not empty, one cycle on the input bits `x > bound`, without others; its
    active columns are written to `active`, and counted. Everything is one kernel, since each would
    take seconds to compile.
    """
    pooler, team, chunk = session.pooler, session.team, session.chunk
    if x.size > 0:
        one = session.one
        words = one.inputs[0]
        pack_input(x, bound, words)
        for w in range(words.size):
            words[w] &= pooler.input_mask[w]
        chunk = Chunk(one.inputs, active.reshape(1, -1), one.n_active, one.progress, one.keys)
        team.counters[:] = 0
    own, shared = scratch_of(session.scratch, worker), scratch_of(session.scratch, _FIRST)
    run_chunk(pooler, chunk, task, Worker(worker, own, shared, session.near), team)
    if x.size > 0:
        return int(chunk.n_active[0])
    chunk.progress[1] = chunk.inputs.shape[0]  # which nobody reads before all workers are done
    if team.n_workers == 1:
        session.chunk = session.one
    return 0


_RUN = types.uint8[::1], types.int64, types.int64, types.int32[::1], types.int64
"""The types of its arguments but for the session."""


def compiled_run(session: Session) -> tuple[Callable[..., int], Any]:
    """Return `run` for sessions such as this, compiled and with its types settled; and its address.

    Otherwise types are looked up at each call, which takes a microsecond and a half. Arguments are
    those of `run`, of exactly its types; read-only arrays will do for `x`.
    """
    if not isinstance(run, Dispatcher):  # a plain function where NUMBA_DISABLE_JIT is set
        return run, run
    signature = (typeof(session), *_RUN)
    run.compile(signature)
    compiled = run.overloads[signature]
    name = compiled.fndesc.llvm_func_name
    return compiled.entry_point, compiled.library.get_pointer_to_function(name)


def without_fields(session: Session) -> Session:
    """Return the same session as one of a type that all poolers have in common."""
    if not isinstance(run, Dispatcher):
        return session
    same: Session = Session._numba_box_(_SessionType(()), session._meminfo)
    return same


def _generate_call(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    address, session, task, worker = arguments
    x, bound, _, active, _ = (context.get_constant_null(kind) for kind in _RUN)
    of_run = types.int64(signature.args[1], *_RUN)
    call_at(context, builder, address, of_run, [session, x, bound, task, active, worker])


@compiled_by(_generate_call, types.none)
def _run_at(address: Any, session: Session, task: int, worker: int) -> None:
    """Run the cycles of the session's chunk by `run`, of which this is the address."""
    address(session, NO_INPUT, 0, task, NO_COLUMNS, worker)


@njit(parallel=True)
def run_in_parallel(address: Any, session: Session, task: int, n_workers: int) -> None:
    """Run the cycles of the session's chunk on several cores, one worker each.

    The session is one `without_fields`, and `run` for it lies at the address: so this is compiled
    once for all poolers. It neither allocates nor raises: an error of one thread would be lost.
    """
    for worker in prange(n_workers):
        _run_at(address, session, task, worker)
