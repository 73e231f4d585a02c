"""How many threads work on a chunk, and whose they are: Numba's, or this process's own.

Nothing global is changed: no layer is started unless a call asks for threads, and the number of
threads is set for that call alone.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from functools import partial

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
_FORKED_NO_EXEC = 0x40


def _was_forked() -> bool:
    """Return whether this process began as a copy of another one; known under Linux alone."""
    try:
        with open("/proc/self/stat", encoding="utf-8", errors="replace") as stat:
            flags = int(stat.read().rpartition(")")[2].split()[6])
    except (OSError, ValueError, IndexError):
        return False
    return bool(flags & _FORKED_NO_EXEC)


_home = 0 if _was_forked() else os.getpid()
"""The process in which layers may be entered, which is not a forked one: there GNU's OpenMP ends or
hangs where the parent has used it, no matter in which library."""

if hasattr(os, "register_at_fork"):
    # A fork waits until other threads have compiled: nobody would end that in the child.
    os.register_at_fork(
        before=global_compiler_lock.acquire,
        after_in_parent=global_compiler_lock.release,
        after_in_child=global_compiler_lock.release,
    )


def n_available(n_threads: int) -> int:
    """Return how many of `n_threads` can be had in this process."""
    return max(1, min(n_threads, int(numba.config.NUMBA_NUM_THREADS)))


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


InParallel = Callable[[int], object]
Work = Callable[[int, int], object]
Share = Callable[[int, InParallel, Work], None]
"""How threads share work; see `run_with`."""


def run_with(n_threads: int, in_parallel: InParallel, work: Work) -> None:
    """Let `n_threads`, at least 2, share work.

    Parameters
    ----------
    in_parallel : a parallel kernel, of the number of threads; run where Numba's threading layer
        bears several Python threads, and may be entered in this process.
    work : run in threads of this process everywhere else, once for each number of a thread, of that
        and how many there are; releases the GIL. The present thread does what no other began.
    """
    if not _layer_is_safe():
        _run_in_own_threads(n_threads, work)
        return
    before = numba.get_num_threads()
    numba.set_num_threads(n_threads)
    try:
        in_parallel(n_threads)
    finally:
        numba.set_num_threads(before)


def _layer_is_safe() -> bool:
    if os.getpid() != _home:
        return False
    try:
        numba.get_num_threads()  # starts a layer where there is none
        return numba.threading_layer() in _REENTRANT
    except ValueError:  # the environment asks for a layer that is not installed
        return False


class _Others:
    """Threads at work beside the present one; none begins once they are dismissed."""

    def __init__(self) -> None:
        self.left: list[Callable[[], object]] = []
        """What nobody has begun"""
        self._changed = threading.Condition()
        self._n_at_work = 0
        self._dismissed = False

    def begin(self, work: Callable[[], object]) -> None:
        """Let another thread work, if there can be one."""
        self.left.append(work)
        with contextlib.suppress(RuntimeError):  # too many threads, or Python is about to end
            threading.Thread(target=self._work, args=(work,)).start()

    def _work(self, work: Callable[[], object]) -> None:
        with self._changed:
            if self._dismissed:
                return
            self.left.remove(work)
            self._n_at_work += 1
        try:
            work()
        finally:
            with self._changed:
                self._n_at_work -= 1
                self._changed.notify()

    def dismiss(self) -> None:
        """Wait until nobody is at work any more, Ctrl-C or not; then raise what came meanwhile."""
        raised: BaseException | None = None
        while True:
            try:
                with self._changed:
                    self._dismissed = True
                    while self._n_at_work:
                        self._changed.wait()
                break
            except BaseException as error:
                raised = error
        if raised is not None:
            raise raised


def _run_in_own_threads(n_threads: int, work: Work) -> None:
    others = _Others()
    try:
        for number in range(1, n_threads):
            others.begin(partial(work, number, n_threads))
        work(0, n_threads)
    finally:
        others.dismiss()
    for work_left in others.left:
        work_left()
