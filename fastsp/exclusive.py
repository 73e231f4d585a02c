"""One learner at a time: what threads that share an estimator may do, and what they wait for.

Learning changes arrays in place, so calls that learn, or save, take turns. Calls that only read do
not wait for each other.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Exclusive:
    """Gives an estimator a lock of its own, which its copies and pickles do not share."""

    _lock: Any = None
    _learning = False
    """Whether a thread is within a call that learns many inputs, its callback included."""

    def _holding(self) -> Any:
        """Return the lock, to be used in a `with` statement; the thread that has it may again."""
        # One dictionary operation, so that two threads that come first get the same lock.
        return self._lock or vars(self).setdefault("_lock", threading.RLock())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Learn, while other threads that want to wait."""
        with self._holding():
            self._check_not_learning()
            self._learning = True
            try:
                yield
            finally:
                self._learning = False

    def _check_not_learning(self) -> None:
        """Raise where this thread, which has the lock, is learning already."""
        if self._learning:
            raise RuntimeError(
                f"this {type(self).__name__} is learning and has called back: until that call ends "
                "it can be read, copied and saved, but not made to learn or be drawn anew"
            )
