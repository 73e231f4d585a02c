"""What fastsp logs, for a page to show."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOGGER = logging.getLogger("fastsp")


class _Telling(logging.Handler):
    def __init__(self, tell: Callable[[str], object]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.WARNING:
            self._tell(record.getMessage())


@contextmanager
def telling(tell: Callable[[str], object]) -> Iterator[None]:
    """Hand on lines of level INFO; warnings go where they went before."""
    handlers: list[logging.Handler] = [_Telling(tell)]
    if logging.lastResort and not LOGGER.hasHandlers():
        handlers.append(logging.lastResort)
    level = LOGGER.level
    LOGGER.setLevel(min(LOGGER.getEffectiveLevel(), logging.INFO))
    for handler in handlers:
        LOGGER.addHandler(handler)
    try:
        yield
    finally:
        LOGGER.setLevel(level)
        for handler in handlers:
            LOGGER.removeHandler(handler)
