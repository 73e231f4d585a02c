"""Tells users why they wait while kernels compile: once, through the logger `fastsp`.

The message has the level INFO, which few programs show. So where nobody listens to it, and somebody
sits before a terminal or a notebook, it is written to stderr.
"""

import logging
import sys
import time

LONG = 1.0
"""Seconds of compilation after which users are told."""
_logger = logging.getLogger("fastsp")


class Waiting:
    """The compilations of this process, which may lie within one another."""

    def __init__(self) -> None:
        self._depth, self._began, self._seconds, self._told = 0, 0.0, 0.0, False
        self._warned = False

    def begin(self) -> None:
        """Note that a kernel begins to compile."""
        if self._depth == 0:
            self._began = time.monotonic()
        self._depth += 1

    def end(self, folder: str | None) -> None:
        """Note that it is compiled and kept in a folder; None where there is none."""
        self._depth -= 1
        taken = self._seconds + time.monotonic() - self._began
        if self._depth == 0:
            self._seconds = taken
        if folder is None and not self._warned:
            self._warned = True
            _logger.warning(
                "no folder can be written to keep compiled kernels in, so every process will "
                "compile them; set NUMBA_CACHE_DIR to one that can be"
            )
        elif folder is not None and taken > LONG and not self._told:
            self._told = True
            _tell(f"compiling kernels, once for this kind of pooler; they are kept in {folder}")


def _tell(message: str) -> None:
    if _logger.hasHandlers() and _logger.isEnabledFor(logging.INFO):
        _logger.info(message)
    elif "ipykernel" in sys.modules or (sys.stderr is not None and sys.stderr.isatty()):
        print(f"fastsp: {message}", file=sys.stderr, flush=True)


waiting = Waiting()
