"""Two threads beside one, taking turns; and what two threads are worth on the machine at the time.

The ceiling is the same ratio for counting the ones of words in the first-level cache: on a machine
that is shared it may be far below 2, and no ratio can be judged without it. It must be arithmetic
that keeps a core's vector units busy, since the two processors of a virtual machine may at times be
two threads of one core, which share those: then it falls to 0.9, where code that waits for its own
results still gains 1.8. Threads are bound to processors of their own where the system lets them be,
since some schedulers prefer to pack them onto one.
"""

import itertools
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median
from typing import Any

import fastsp.team
import numpy as np
import pytest
import scipy.sparse
from numpy.typing import NDArray

import fastsp.pooler
from bench import machine
from bench.configurations import BY_NAME, CONFIGURATIONS, Configuration

QUIET = 1.7
"""A ceiling from which on, before and after a turn, the machine had two cores to give."""
_PASSES = 200_000


def _bound_threads(n: int, name: str = "") -> ThreadPoolExecutor:
    """Return an executor whose threads each keep to a processor."""
    if not hasattr(os, "sched_setaffinity"):
        return ThreadPoolExecutor(n, name)
    processors = itertools.cycle(sorted(os.sched_getaffinity(0)))
    return ThreadPoolExecutor(
        n, name, initializer=lambda: os.sched_setaffinity(0, {next(processors)})
    )


@pytest.fixture(autouse=True)
def _bind_threads(monkeypatch):
    for module in (fastsp.pooler, fastsp.team):
        monkeypatch.setattr(module, "ThreadPoolExecutor", _bound_threads)


def _seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


class Duel:
    """One thread and two at the same task, on the same inputs; the ceiling before and after."""

    def __init__(
        self, configuration: Configuration, batch_size: int, act: Callable[[Any, Any], object]
    ) -> None:
        self.configuration, self.batch_size = configuration, batch_size
        rows = configuration.inputs()[: 4 * configuration.cycles]
        inputs: Any = scipy.sparse.csr_matrix(rows) if configuration.sparse else rows
        self.n = inputs.shape[0]
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
    benchmark.extra_info.update(duel.record() | {"task": task})


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=lambda one: one.name)
def test_inference(benchmark, effort, configuration):
    duel = Duel(configuration, 1, lambda pooler, inputs: pooler.transform(inputs))
    _hold(benchmark, effort, duel, "inference")


@pytest.mark.parametrize(("name", "batch_size"), [("D", 1), ("A", 32), ("MNIST", 32)])
def test_learning(benchmark, effort, name, batch_size):
    duel = Duel(BY_NAME[name], batch_size, lambda pooler, inputs: pooler.partial_fit(inputs))
    _hold(benchmark, effort, duel, "learning")
    states: list[NDArray[np.float32]] = [pooler.permanences_ for pooler in duel.poolers]
    # Two threads had an untimed turn more.
    duel.one()
    assert np.array_equal(*states)
