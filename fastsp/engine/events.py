"""What a pooler tells while it learns: events for callbacks, and lines for the log.

Lines go to the logger "fastsp" of the standard library.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOGGER = logging.getLogger("fastsp")


@dataclass(frozen=True, eq=False)
class LearningEvent:
    """A chunk of inputs has been learned; `SpatialPooler.fit` tells its `callback`.

    Attributes
    ----------
    pooler : SpatialPooler
        Whole, and idle until the callback returns: it may be read, copied, pickled and saved, and
        its parameters may be changed; it cannot learn meanwhile (RuntimeError).
    n_cycles : int
        Learning cycles of the pooler so far, `n_cycles_`.
    n_done, n_inputs : int
        Inputs that this call has learned, and was given.
    n_active : (n,) int64
        Active columns of each input of the chunk.
    """

    pooler: Any
    n_cycles: int
    n_done: int
    n_inputs: int
    n_active: NDArray[np.int64]

    @property
    def density(self) -> float:
        """Mean share of active columns in the chunk."""
        return float(self.n_active.mean()) / int(np.prod(self.pooler.column_shape_))


Callback = Callable[[LearningEvent], Any]


def wants_stop(answer: Any) -> bool:
    """Return whether a callback's answer is True itself; other values mean nothing."""
    return isinstance(answer, (bool, np.bool_)) and bool(answer)


def log(message: str, *arguments: Any) -> None:
    """Log at level INFO; to stderr where the program has not set logging up."""
    if not LOGGER.hasHandlers():
        LOGGER.addHandler(logging.StreamHandler())
        if LOGGER.level == logging.NOTSET:
            LOGGER.setLevel(logging.INFO)
    LOGGER.info(message, *arguments)
