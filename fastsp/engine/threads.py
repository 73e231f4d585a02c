"""How many threads work on a chunk, and what Numba's threading layers demand.

Nothing global is changed: no layer is started unless a call asks for threads, and the number of
threads is set for that call alone.
"""

import os
import threading
from collections.abc import Callable
from typing import Any

import numba
from numba.core.compiler_lock import global_compiler_lock

from fastsp.engine.steps import Pooler

SMALLEST_WORK = 20_000
"""Potential synapses adapted between two meetings of the threads, below which one is faster."""
SMALLEST_CALL = 1_000_000
"""Potential synapses adapted in all, below which it does not pay to start threads."""
SMALLEST_BLOCK = 256
"""Columns in the block of one thread, at the least."""

_REENTRANT = ("omp", "tbb")
"""Layers that any number of Python threads may enter at once; the other one aborts the process."""
_entrance = threading.Lock()
_forked = False


def _layer() -> str | None:
    """Return the name of the threading layer, None where none has been started."""
    try:
        return str(numba.threading_layer())
    except ValueError:
        return None


def _note_fork() -> None:
    # No layer survives a fork once it has threads, and GNU OpenMP aborts the process.
    global _forked, _entrance
    _forked = _forked or _layer() is not None
    _entrance = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
    # A fork waits until other threads have compiled: nobody would end that in the child.
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )


def n_available(n_threads: int) -> int:
    """Return how many of `n_threads` can be had in this process."""
    return 1 if _forked else max(1, min(n_threads, int(numba.config.NUMBA_NUM_THREADS)))


def n_learning(pooler: Pooler, n_threads: int, n: int) -> int:
    """Return how many of `n_threads` it pays to learn `n` inputs with; often 1.

    Columns of several segments, and such as are compared with their neighbourhood, take one.
    """
    rule, n_synapses = pooler.rule, pooler.synapses.indices.size
    n_rows = pooler.columns.tie_breakers.size
    n_threads = min(n_available(n_threads), n_rows // SMALLEST_BLOCK)
    n_threads = min(n_threads, pooler.overlap_index.most_workers(n_rows))
    adapted = rule.n_active * n_synapses / n_rows
    pays = min(n, rule.batch_size) * adapted >= SMALLEST_WORK and n * adapted >= SMALLEST_CALL
    return n_threads if pays and n_threads > 1 and pooler.can_be_shared else 1


def run_with(
    n_threads: int,
    in_parallel: Callable[..., None],
    alone: Callable[..., None],
    *arguments: Any,
) -> None:
    """Call a parallel kernel on `n_threads`, or its serial twin where the layer cannot be entered.

    That is where one thread is asked for, in a process that was forked after threads were started,
    and where another Python thread is in a layer that bears only one.
    """
    n_threads = n_available(n_threads)
    if n_threads == 1:
        alone(*arguments)
    elif numba.config.DISABLE_JIT or _layer() in _REENTRANT:
        _run_masked(n_threads, in_parallel, *arguments)
    elif _entrance.acquire(blocking=False):
        try:
            _run_masked(n_threads, in_parallel, *arguments)
        finally:
            _entrance.release()
    else:
        alone(*arguments)


def _run_masked(n_threads: int, in_parallel: Callable[..., None], *arguments: Any) -> None:
    before = numba.get_num_threads()
    numba.set_num_threads(n_threads)
    try:
        in_parallel(*arguments)
    finally:
        numba.set_num_threads(before)
