"""How an experiment tells its caller where it is, and how it is stopped half way."""

from collections.abc import Callable
from typing import Generic, TypeVar

Progress = Callable[[str, int, int], None]
"""Called between chunks with the name of the phase, the inputs done and their total number.

What it raises ends the experiment there: KeyboardInterrupt keeps what was learned (`Interrupted`).
"""

Result = TypeVar("Result")


def silent(phase: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def part_of(progress: Progress, before: int, total: int) -> Progress:
    """Return a progress for one step of several: `before` inputs were done by earlier steps."""

    def part(phase: str, done: int, of_part: int) -> None:
        progress(phase, before + done, total)

    return part


def with_seed(progress: Progress, seed: int, n_seeds: int) -> Progress:
    """Return a progress whose phases name the seed, where there are several."""
    if n_seeds == 1:
        return progress
    return lambda phase, done, total: progress(f"seed {seed}, {phase}", done, total)


def counter(progress: Progress, phase: str, total: int) -> Callable[[], None]:
    """Begin a phase and return what tells of one more of `total` steps done."""
    done = 0
    progress(phase, done, total)

    def tell() -> None:
        nonlocal done
        done += 1
        progress(phase, done, total)

    return tell


class Interrupted(KeyboardInterrupt, Generic[Result]):
    """An experiment stopped half way by KeyboardInterrupt.

    Attributes
    ----------
    result
        What there was by then; figures not yet measured are None.
    """

    def __init__(self, result: Result) -> None:
        super().__init__("interrupted")
        self.result = result
