"""A lock for one pooler: calls that learn take turns, readers never wait.

A call that learns has its turn from its beginning to its end, its callback included. The moment, in
which arrays change, it holds for one chunk at a time: copies and pickles wait for that alone.
"""

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Lock:
    """Both locks of one pooler, re-entrant; a process forked from this one gets open ones.

    Attributes
    ----------
    turn : held by a call that learns, draws or switches.
    moment : held while arrays change, and while they are copied.
    is_learning : whether a call that learns many inputs has the turn.
    """

    def __init__(self) -> None:
        self.if_torn: weakref.WeakMethod[Callable[[], None]] | None = None
        self._open()
        _LOCKS.add(self)

    def _open(self) -> None:
        self.turn: Any = threading.RLock()
        self.moment: Any = threading.RLock()
        self.is_learning = False

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Take the turn, once other threads have had theirs.

        Raises RuntimeError in the thread that has it already, and has called back.
        """
        with self.turn:
            self.check_not_learning()
            self.is_learning = True
            try:
                yield
            finally:
                self.is_learning = False

    def check_not_learning(self) -> None:
        """Raise RuntimeError where this thread, which has the turn, is learning already."""
        if self.is_learning:
            raise RuntimeError(
                "this pooler is learning and has called back: until that call ends it can be read, "
                "copied and saved, but not made to learn or be drawn anew"
            )

    def reopen(self) -> None:
        """Open both in a new process, where the thread that held them is gone."""
        torn = not self.moment.acquire(blocking=False)
        self._open()
        if torn and self.if_torn is not None and (call := self.if_torn()) is not None:
            call()


_LOCKS: weakref.WeakSet[Lock] = weakref.WeakSet()


def _reopen_all() -> None:
    for lock in list(_LOCKS):
        lock.reopen()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reopen_all)
