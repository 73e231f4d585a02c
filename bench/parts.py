"""Where the time of a cycle goes: `python -m bench.parts [A MNIST ...]`, one core.

Each step runs alone, over many inputs, on the state that a thousand learning cycles leave; its
time, of the processor, is the least of several rounds. At the end come the costs in fastsp's choice
of the layout of the overlap index.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numba
import numpy as np
import scipy.sparse

from bench import machine
from bench.configurations import BY_NAME, Configuration
from bench.contest import WARM_UP
from fastsp.engine.binding import Session
from fastsp.engine.index import LAYOUTS, build_index
from fastsp.engine.packing import pack
from fastsp.kernels.blocks import Closure, call
from fastsp.kernels.llvm.bits import ROWS, WORD, add_rows, count_common, lowest_one, unpack_counters
from fastsp.kernels.llvm.target import vector_kind
from fastsp.kernels.state import Chunk

N_INPUTS, N_ROUNDS = 512, 15
_jit = numba.njit(nogil=True, error_model="numpy")


@_jit
def _count_all(function, block, n, together, n_rows):
    for i in range(0, n, together):
        call(Closure(function, block), (i, i + together, 0, n_rows, 1))


@_jit
def _boost_all(function, block, n, together, n_columns):
    for i in range(n):
        call(Closure(function, block), (i % together, 0, n_columns))


@_jit
def _choose_all(boosting, competing, n, together, n_active, n_columns):
    for i in range(n):
        n_active[i] = 0
        call(Closure(boosting[0], boosting[1]), (i % together, 0, n_columns))
        n_active[i] = call(Closure(competing[0], competing[1]), (i, 0, n_columns))


@_jit
def _adapt_all(function, block, n_active):
    for i in range(n_active.size):
        call(Closure(function, block), (i, 0, n_active[i]))


@_jit
def _update_all(advancing, refreshing, n_active, n_rows):
    for i in range(n_active.size):
        call(Closure(refreshing[0], refreshing[1]), (0, n_rows))
        call(Closure(advancing[0], advancing[1]), (i, 0, n_active[i], 0, n_rows))


@_jit
def _add_groups(words, offsets, planes, stride, run, n_planes):
    for group in range(offsets.shape[0]):
        for i in range(0, run, 8):
            add_rows(words, offsets[group], i, planes, stride, i, n_planes)


@_jit
def _unpack_all(planes, stride, n_planes, overlaps, n):
    for _ in range(n):
        for i in range(overlaps.size // 64):
            unpack_counters(planes, stride, i, n_planes, overlaps, 64 * i)


@_jit
def _compare_all(words, masks, run, counts):
    for i in range(words.size // (WORD * run)):
        count_common(masks, 0, run, words, WORD * run * i, counts, 0)


@_jit
def _find_ones(words, found, n):
    for _ in range(n):
        k = 0
        for w in range(words.size):
            word = words[w]
            while word != 0:
                found[k % 64] = 64 * w + lowest_one(word)
                word &= word - np.uint64(1)
                k += 1


Call = tuple[Callable[..., Any], tuple[Any, ...]]


def best_microseconds(calls: dict[str, Call], n: int) -> dict[str, float]:
    """Return the least time of each call, divided by `n`; calls take turns, the first untimed."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for i in range(N_ROUNDS + 1):
        for name, (function, arguments) in calls.items():
            start = time.process_time()
            function(*arguments)
            if i > 0:
                times[name].append(time.process_time() - start)
    return {name: 1e6 * min(own) / n for name, own in times.items()}


def best(function: Callable[..., Any], *arguments: Any, n: int) -> float:
    """Return the least time of one call in microseconds, divided by `n`."""
    return best_microseconds({"": (function, arguments)}, n)[""]


def measure(configuration: Configuration) -> dict[str, float]:
    """Return the microseconds of each step of a cycle."""
    rows = configuration.inputs()
    inputs = scipy.sparse.csr_matrix(rows) if configuration.sparse else rows
    pooler = configuration.build_pooler().initialize(rows.shape[1])
    pooler.partial_fit(inputs[:WARM_UP])
    bound = pooler._engine._binding.pooler
    words = pack(inputs[WARM_UP : WARM_UP + N_INPUTS], pooler.threshold)
    n, n_rows = len(words), bound.columns.tie_breakers.size
    ways: dict[str, Call] = {}
    sessions = []  # what is called by its address must be kept
    paired = pooler._engine._paired()
    for layout in LAYOUTS:
        index = build_index(
            bound.synapses, rows.shape[1], bound.rule.connected_threshold, layout, paired=paired
        )
        counting = _opened(replace(bound, overlap_index=index), words)
        sessions.append(counting)
        find = counting._workers[0].block.value.find
        together = index.together
        ways[f"overlaps, {layout}"] = (
            _count_all,
            (*find.count_overlaps.closure, n, together, n_rows),
        )
    steps = best_microseconds(ways, n)
    session = _opened(bound, words)
    worker, chunk = session._workers[0].block.value, session._chunk.value
    find, learn, together = worker.find, worker.learn, worker.together
    _count_all(*find.count_overlaps.closure, together, together, n_rows)
    boost = *find.boost.closure, n, together, bound.n_columns
    steps["boosted overlaps"] = best(_boost_all, *boost, n=n)
    choose = find.boost.closure, find.compete.closure, n, together, chunk.n_active, bound.n_columns
    steps["competition"] = best(_choose_all, *choose, n=n) - steps["boosted overlaps"]
    kept = bound.synapses.permanences.copy()
    steps["Hebbian update"] = best(_adapt_all, *learn.adapt.closure, chunk.n_active, n=n)
    bound.synapses.permanences[:] = kept
    update = learn.advance.closure, learn.refresh.closure, chunk.n_active, n_rows
    steps["duty cycles, boost factors"] = best(_update_all, *update, n=n)
    return steps


def _opened(pooler: Any, words: Any) -> Session:
    """Return a session whose chunk are these inputs."""
    n = len(words)
    active = np.empty((n, pooler.max_active), np.int32)
    no_keys = np.empty((n, 0), np.uint32)
    session = Session(pooler, 1, True)
    session._chunk.set(Chunk(words, active, np.zeros(n, np.int64), np.zeros(2, np.int64), no_keys))
    return session


def layout_costs() -> dict[str, float]:
    """Return nanoseconds of the steps that `fastsp.engine.index.Costs` reckons with.

    As in configuration MNIST: runs of 48 words, sums of 7 binary digits.
    """
    random = np.random.default_rng(0)
    run, n_planes, n_rows, n_groups = 48, 7, 1568, 2000
    words = random.integers(2**63, size=run * n_rows, dtype=np.uint64)
    offsets = run * random.integers(n_rows, size=(n_groups, ROWS))
    planes = np.zeros(n_planes * (run + 8), np.uint64)
    overlaps = np.zeros(64 * run, np.uint16)
    packed = np.packbits(random.random(1568) < 0.5, bitorder="little").view(np.uint8)
    packed = np.pad(packed, (0, -packed.size % 8)).view(np.uint64)
    n_on = int(np.bitwise_count(packed).sum())
    counted = random.integers(64 * run, size=2**17).astype(np.uint16)
    return {
        "adding seven rows of 512 columns (add_rows)": 1e3
        * best(_add_groups, words, offsets, planes, run + 8, run, n_planes, n=n_groups * run // 8),
        "a digit of the sums of 64 columns to numbers (unpack)": 1e3
        * best(_unpack_all, planes, run + 8, n_planes, overlaps, 1000, n=1000 * run * n_planes),
        "comparing 64 words (compare)": 1e3
        * best(_compare_all, words, packed, packed.size, overlaps, n=words.size // WORD),
        "counting a connected synapse (_COUNT)": 1e3
        * best(machine._increment, counted, overlaps, n=counted.size),
        "finding an on-bit (_NEXT_BIT)": 1e3
        * best(_find_ones, packed, np.empty(64, np.int64), 2000, n=2000 * n_on),
    }


def main() -> None:
    """Read the command line, measure, print tables in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m bench.parts", description=__doc__)
    parser.add_argument("names", nargs="*", default=["A", "C", "D", "E", "MNIST"])
    names = parser.parse_args().names
    tables = {name: measure(BY_NAME[name]) for name in names}
    environment = machine.environment()
    print(f"{environment['cpu']}, load average {environment['load_average']:.1f}\n")
    print(f"| microseconds | {' | '.join(names)} |\n| --- |{' ---: |' * len(names)}")
    steps = {step: None for table in tables.values() for step in table}
    for step in steps:
        cells = (f"{table[step]:.1f}" if step in table else "" for table in tables.values())
        print(f"| {step} | {' | '.join(cells)} |")
    print(f"\n| nanoseconds, {vector_kind()} | |\n| --- | ---: |")
    for step, cost in layout_costs().items():
        print(f"| {step} | {cost:.2f} |")


if __name__ == "__main__":
    main()
