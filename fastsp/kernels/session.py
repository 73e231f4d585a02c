"""Where Python enters the kernels: a chunk of inputs, alone or in parallel, or one input.

Python passes workers as addresses, so what is here is compiled once for all kinds of poolers, and
in a fraction of a second.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import prange, types
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray

from fastsp.kernels.blocks import Closure, Step, address, array_at, at, call
from fastsp.kernels.jit import kernel, njit, step
from fastsp.kernels.packing import pack_input
from fastsp.kernels.state import Chunk


class Single(NamedTuple):
    """What serves a single input."""

    worker: Step
    """`run_chunk`, with a worker whose chunk is `chunk`"""
    chunk: Chunk
    """Of one input"""
    input_mask: NDArray[np.uint64]
    """(W,) a one for each input bit that is not switched off"""
    n_inputs: int


@step
def run_cycle(block: Single, x: Any, bound: int, task: int, active: Any) -> int:
    """Run one cycle on the input bits `x > bound`, (N,) uint8 at an address.

    Writes the active columns to `active`, int32 at an address, and returns their number.
    """
    own = at(block)
    chunk = own.chunk
    words = chunk.inputs[0]
    pack_input(array_at(x, own.n_inputs, np.uint8), bound, words)
    for w in range(words.size):
        words[w] &= own.input_mask[w]
    call(own.worker, (task,))
    n = int(chunk.n_active[0])
    found = array_at(active, n, np.int32)
    for j in range(n):
        found[j] = chunk.active[0, j]
    return n


@kernel
def run_one(
    function: Any,
    block: Any,
    x: NDArray[np.uint8],
    bound: int,
    task: int,
    active: NDArray[np.int32],
) -> int:
    """Call `run_cycle` with arrays; read-only ones will do for `x`."""
    return call(Closure(function, block), (address(x), bound, task, address(active)))


@njit(parallel=True)
def run_in_parallel(workers: NDArray[Any], task: int) -> None:
    """Call `run_chunk` for several workers, (n, 2) functions and blocks, on a thread each."""
    for i in prange(workers.shape[0]):
        call(Closure(workers[i, 0], workers[i, 1]), (task,))


def without_lookup() -> Callable[..., int]:
    """Return `run_one`, compiled and with its types settled.

    Otherwise they are looked up at each call, which takes a microsecond and a half. Arguments are
    to be of exactly its types; read-only arrays will do for `x`.
    """
    if not isinstance(run_one, Dispatcher):  # a plain function where NUMBA_DISABLE_JIT is set
        return run_one
    integer = types.int64
    signature = (integer, integer, types.uint8[::1], integer, integer, types.int32[::1])
    run_one.compile(signature)
    entry: Callable[..., int] = run_one.overloads[signature].entry_point
    return entry
