"""Progress callbacks of experiments, and their interruption."""

from collections.abc import Callable
from typing import Generic, TypeVar

Progress = Callable[[str, int, int], None]
"""Called between chunks with the name of the phase, the inputs done and their total number.

Exceptions that it raises end the experiment. After KeyboardInterrupt partial results are kept, see
`Interrupted`.
"""

Result = TypeVar("Result")


def silent(phase: str, done: int, total: int) -> None:
    """Do nothing: the default callback."""


def part_of(progress: Progress, before: int, total: int) -> Progress:
    """Return a callback for one of several steps; earlier steps have done `before` inputs."""

    def part(phase: str, done: int, of_part: int) -> None:
        progress(phase, before + done, total)

    return part


def with_seed(progress: Progress, seed: int, n_seeds: int) -> Progress:
    """Return a callback that adds the seed to the name of the phase, if there are several seeds."""
    if n_seeds == 1:
        return progress
    return lambda phase, done, total: progress(f"seed {seed}, {phase}", done, total)


def counter(progress: Progress, phase: str, total: int) -> Callable[[], None]:
    """Begin a phase of `total` steps; return a function to call after each step."""
    done = 0
    progress(phase, done, total)

    def tell() -> None:
        nonlocal done
        done += 1
        progress(phase, done, total)

    return tell


class Interrupted(KeyboardInterrupt, Generic[Result]):
    """An experiment was stopped by KeyboardInterrupt.

    Attributes
    ----------
    result
        The partial result; what was not yet measured is None.
    """

    def __init__(self, result: Result) -> None:
        super().__init__("interrupted")
        self.result = result
