"""Two threads beside one, taking turns; and what two threads are worth on the machine at the time.

The ceiling is the same ratio for counting the ones of words in the first-level cache: on a machine
that is shared it may be far below 2, and no ratio can be judged without it. It must be arithmetic
that keeps a core's vector units busy, since the two processors of a virtual machine may at times be
two threads of one core, which share those: then it falls to 0.9, where code that waits for its own
results still gains 1.8. Its threads keep to processors of their own where the system lets them,
since some schedulers prefer to pack them onto one.
"""

import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from statistics import median
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from numpy.typing import NDArray

from bench import machine
from bench.configurations import BY_NAME, Configuration

QUIET = 1.7
"""A ceiling from which on, before and after a turn, the machine had two cores to give."""
_PASSES = 200_000


def _bound_threads(n: int) -> ThreadPoolExecutor:
    """Return an executor whose threads each keep to a processor."""
    if not hasattr(os, "sched_setaffinity"):
        return ThreadPoolExecutor(n)
    processors = itertools.cycle(sorted(os.sched_getaffinity(0)))
    return ThreadPoolExecutor(n, initializer=lambda: os.sched_setaffinity(0, {next(processors)}))


@cache
def _inputs(configuration: Configuration, n: int) -> Any:
    """Return `n` inputs; those of the configuration, from the start again when they end."""
    rows = configuration.inputs()
    chosen = np.arange(n) % len(rows)
    return scipy.sparse.csr_matrix(rows)[chosen] if configuration.sparse else rows[chosen]


@contextlib.contextmanager
def _other_processes(n: int) -> Iterator[None]:
    """Keep `n` other processes busy."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


class Duel:
    """One thread and two at the same task, on the same inputs; the ceiling before and after."""

    def __init__(
        self,
        configuration: Configuration,
        n: int,
        act: Callable[[Any, Any], object],
        batch_size: int = 1,
    ) -> None:
        self.configuration, self.n, self.batch_size = configuration, n, batch_size
        inputs = _inputs(configuration, n)
        self.poolers = []
        for n_jobs in (1, 2):
            pooler = configuration.build_pooler().set_params(batch_size=batch_size, n_jobs=n_jobs)
            self.poolers.append(pooler.fit(inputs[:512]))
        self.one, self.two = (partial(act, pooler, inputs) for pooler in self.poolers)
        self.threads = _bound_threads(2)
        self.ratios: list[float] = []
        self.ceilings: list[float] = []
        self.two()
        self._measure_ceiling()

    def let_one(self) -> None:
        """Measure what two threads are worth now, and let one thread take its turn."""
        self.ceiling = self._measure_ceiling()
        self.seconds_of_one = _seconds(self.one)

    def turn(self) -> None:
        """Let two threads take their turn."""
        self.ratios.append(self.seconds_of_one / _seconds(self.two))
        self.ceilings.append(min(self.ceiling, self._measure_ceiling()))

    def record(self) -> dict[str, Any]:
        """Return the ratios, all and while the machine had two processors to give."""
        quiet = [
            ratio
            for ratio, ceiling in zip(self.ratios, self.ceilings, strict=True)
            if ceiling >= QUIET
        ]
        return {
            "configuration": self.configuration.name,
            "inputs_per_call": self.n,
            "batch_size": self.batch_size,
            "speed_up_of_two_threads": median(self.ratios),
            "ceiling": median(self.ceilings),
            "quiet_turns": len(quiet),
            "speed_up_in_quiet_turns": median(quiet) if quiet else None,
        } | machine.environment()

    def _measure_ceiling(self) -> float:
        one = _seconds(lambda: machine.popcount(2 * _PASSES))
        return one / _seconds(lambda: list(self.threads.map(machine.popcount, [_PASSES] * 2)))


def _hold(benchmark: Any, effort: Any, duel: Duel, task: str) -> None:
    benchmark.group = f"{task}, two threads"
    benchmark.pedantic(duel.turn, setup=duel.let_one, rounds=effort.n_rounds)
    record = duel.record()
    benchmark.extra_info.update(record | {"task": task})
    print(
        f"{task}, {record['configuration']}, {duel.n:,} inputs in batches of {duel.batch_size}:"
        f" {record['speed_up_of_two_threads']:.2f}, ceiling {record['ceiling']:.2f};"
        f" in {record['quiet_turns']} quiet turns {record['speed_up_in_quiet_turns'] or 0:.2f}"
    )


def _learn(pooler: Any, inputs: Any) -> None:
    pooler.partial_fit(inputs)


@pytest.mark.parametrize("n", [2_000, 100_000])
@pytest.mark.parametrize("name", ["A", "C", "D", "MNIST"])
def test_inference(benchmark, effort, name, n):
    duel = Duel(BY_NAME[name], n, lambda pooler, inputs: pooler.transform(inputs))
    _hold(benchmark, effort, duel, "inference")


@pytest.mark.parametrize(("name", "n", "batch_size"), [("D", 2_000, 1), ("MNIST", 20_000, 32)])
def test_learning(benchmark, effort, name, n, batch_size):
    duel = Duel(BY_NAME[name], n, _learn, batch_size)
    _hold(benchmark, effort, duel, "learning")
    states: list[NDArray[np.float32]] = [pooler.permanences_ for pooler in duel.poolers]
    # Two threads had an untimed turn more.
    duel.one()
    assert np.array_equal(*states)


def test_learning_on_a_busy_machine(benchmark, effort):
    duel = Duel(BY_NAME["D"], 2_000, _learn)
    with _other_processes(2):
        _hold(benchmark, effort, duel, "learning beside two busy processes")
