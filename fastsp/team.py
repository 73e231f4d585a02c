"""Learning on several cores: Python threads that run one chunk of inputs together.

The threads live as long as a call of `partial_fit`; nothing is left behind, and nothing global is
touched. The state is that of one thread, bit for bit.
"""

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fastsp.engine import Active, Engine
from fastsp.kernels import team
from fastsp.kernels.counters import new_counters
from fastsp.kernels.cycle import new_scratch
from fastsp.kernels.state import CONNECTED_LISTS

SMALLEST_WORK = 20_000
"""Potential synapses adapted between two meetings of the threads, below which one is faster."""
SMALLEST_CALL = 1_000_000
"""Potential synapses adapted in all, below which it does not pay to start threads."""
LIST_UPKEEP = 4
"""That number as a multiple of all potential synapses, below which it does not pay to divide lists
of connected columns among threads."""
SMALLEST_BLOCK = 256
"""Columns in the block of one thread, at the least."""


def team_size(engine: Engine, n_threads: int, n: int) -> int:
    """Return how many of `n_threads` it pays to learn `n` inputs with; often 1."""
    rule, n_synapses = engine.rule, engine.synapses.indices.size
    n_columns = engine.synapses.indptr.size - 1
    n_threads = min(n_threads, n_columns // SMALLEST_BLOCK)
    adapted = rule.n_active * n_synapses / n_columns
    enough = SMALLEST_CALL
    if engine.index.layout == CONNECTED_LISTS:
        enough = max(enough, LIST_UPKEEP * n_synapses)
    pays = min(n, rule.batch_size) * adapted >= SMALLEST_WORK and n * adapted >= enough
    return n_threads if pays and n_threads > 1 and engine.can_be_shared else 1


class Team:
    """Threads that learn together, to be used in a `with` statement.

    Parameters
    ----------
    engine : what they learn.
    size : number of threads, at least 1; one is taken where the engine cannot be shared.
    """

    def __init__(self, engine: Engine, size: int) -> None:
        self._engine, self._size = engine, size if engine.can_be_shared else 1
        self._threads = ThreadPoolExecutor(size, "fastsp")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._threads.shutdown(wait=True)

    def learn(self, words: NDArray[np.uint64], then: Callable[[], None]) -> Active:
        """Find the active columns of each packed input and learn from it; `then` is called after.

        Where Ctrl-C interrupts, what has begun still goes on to its end, `then` included, before
        the `with` statement is left.
        """
        if self._size > 1:
            learning: Future[Active] = Future()
            try:
                self._threads.submit(self._learn_for, learning, words, then)
            except RuntimeError:
                # No thread can be started. One that is there may have taken it up all the same;
                # if not, none must do so later.
                if learning.cancel():
                    self._size = 1
            if self._size > 1:
                return learning.result()
        active, n_active = self._engine.room(len(words))
        n_active[:] = -1
        try:
            self._engine.learn(words, active, n_active)
        finally:
            # Ctrl-C is heard when the kernel ends: what it has learned was learned.
            if (n_active >= 0).all():
                then()
        return active, n_active

    def _learn_for(
        self, learning: Future[Active], words: NDArray[np.uint64], then: Callable[[], None]
    ) -> None:
        """Learn, unless `learning` was cancelled before, and leave there what comes of it."""
        if learning.set_running_or_notify_cancel():
            try:
                learning.set_result(self._learn(words, then))
            except BaseException as error:
                learning.set_exception(error)

    def _learn(self, words: NDArray[np.uint64], then: Callable[[], None]) -> Active:
        engine = self._engine
        active = np.empty((len(words), engine.most_active), np.int32)
        n_active = np.empty(len(words), np.int64)
        shared = share(engine, words.shape[1], self._size)

        def take_part(thread: int) -> None:
            team.learn(
                words,
                engine.synapses,
                engine.index,
                engine.columns,
                engine.inhibition,
                engine.rule,
                active,
                n_active,
                shared,
                thread,
            )

        others: list[Future[None]] = []
        # Where no further thread can be started, those that are there do it all.
        with contextlib.suppress(RuntimeError):
            for thread in range(1, self._size):
                others.append(self._threads.submit(take_part, thread))
        take_part(0)
        for other in others:
            # One that has not begun by now need not come.
            if not other.cancel():
                other.result()
        then()
        return active, n_active


def share(engine: Engine, n_words: int, n_blocks: int) -> team.Shared:
    """Allocate what threads share in a chunk of inputs of `n_words` words."""
    index = engine.index
    n_columns = engine.synapses.indptr.size - 1
    n_inputs = index.lists.lengths.size
    bounds = np.arange(n_blocks + 1) * n_columns // n_blocks // 64 * 64
    bounds[-1] = n_columns
    return team.Shared(
        counters=new_counters(n_blocks),
        bounds=bounds,
        starts=np.empty((n_blocks, n_inputs + 1), np.int64),
        lengths=np.empty((n_blocks, n_inputs), np.int64),
        changes=np.empty(64 * n_words, np.float32),
        scratch=new_scratch(engine.columns, index, engine.inhibition, engine.rule),
    )
