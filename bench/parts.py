"""Where the time of a cycle goes: `python -m bench.parts [A MNIST ...]`, one core.

Each step runs alone, over many inputs, on the state that a thousand learning cycles leave; its time
is the least of several rounds. At the end come the costs in fastsp's choice of the layout of the
overlap index.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import scipy.sparse

from bench import machine
from bench.configurations import BY_NAME, Configuration
from bench.contest import WARM_UP
from fastsp.engine.binding import Binding
from fastsp.engine.index import LAYOUTS, build_index
from fastsp.engine.packing import pack
from fastsp.kernels.boosting import (
    boost_overlaps,
    boosted_values,
    update_boost_factors,
    update_duty_cycles,
)
from fastsp.kernels.inhibition.gaussian import normalise
from fastsp.kernels.inhibition.grouped import select_in_groups
from fastsp.kernels.inhibition.local import select_local
from fastsp.kernels.inhibition.top import select_top
from fastsp.kernels.learning import adapt_columns, fill_changes
from fastsp.kernels.llvm.bits import ROWS, WORD, add_rows, count_common, lowest_one, unpack_counters
from fastsp.kernels.order import order_keys
from fastsp.kernels.overlap import count_overlaps
from fastsp.kernels.scratch import TOGETHER, Scratch
from fastsp.kernels.state import GAUSSIAN_INHIBITION, GROUPED_INHIBITION, LOCAL_INHIBITION

N_INPUTS, N_ROUNDS = 512, 15
_jit = numba.njit(nogil=True, error_model="numpy")


@_jit
def _count_all(inputs, index, n_columns, scratch, overlaps):
    for i in range(0, inputs.shape[0], TOGETHER):
        own = overlaps[i : i + TOGETHER]
        count_overlaps(inputs[i : i + TOGETHER], index, 0, n_columns, scratch, own)


@_jit
def _boost_all(overlaps, columns, rule, keys):
    for i in range(overlaps.shape[0]):
        boost_overlaps(overlaps[i], columns, rule, 0, keys.shape[1], keys[i])


@_jit
def _normalise_all(keys, rule, blur, scratch, normalised):
    for i in range(keys.shape[0]):
        boosted_values(keys[i], rule, scratch.boosted)
        normalise(scratch.boosted, blur, scratch.blur_work, normalised[i])


@_jit
def _select_all(keys, n_wanted, scratch, active):
    guess = 0
    for i in range(keys.shape[0]):
        _, guess = select_top(keys[i], n_wanted, guess, scratch, active[i])


@_jit
def _select_all_in_groups(keys, group_size, n_wanted, scratch, active):
    for i in range(keys.shape[0]):
        select_in_groups(keys[i], group_size, n_wanted, scratch, active[i])


@_jit
def _select_all_locally(keys, neighbourhood, scratch, active, n_active):
    for i in range(keys.shape[0]):
        n_active[i] = select_local(keys[i], neighbourhood, scratch, active[i])


@_jit
def _adapt_all(inputs, active, n_active, pooler, index, scratch):
    rule, changes = pooler.rule, scratch.changes
    for i in range(inputs.shape[0]):
        own = active[i, : n_active[i]]
        fill_changes(inputs[i], rule, changes)
        adapt_columns(own, pooler.synapses, rule, changes, index, scratch.flips)


@_jit
def _update_all(active, n_active, columns, rule, work):
    n = columns.boost_factors.size
    for i in range(active.shape[0]):
        update_boost_factors(columns, rule, 0, n)
        update_duty_cycles(active[i, : n_active[i]], columns, rule, 0, n, work)


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
            start = time.perf_counter()
            function(*arguments)
            if i > 0:
                times[name].append(time.perf_counter() - start)
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
    binding = pooler._engine._binding
    bound = binding.pooler
    columns, rule, scratch = bound.columns, bound.rule, first_scratch(binding._new_scratch(1))
    words = pack(inputs[WARM_UP : WARM_UP + N_INPUTS], pooler.threshold)
    n, n_columns = len(words), columns.tie_breakers.size
    overlaps = np.zeros((n, -(-n_columns // 64) * 64), np.uint16)
    keys = np.empty((n, n_columns), np.uint32)
    ways: dict[str, Call] = {}
    paired = pooler._engine._paired()
    for layout in LAYOUTS:
        index = build_index(
            bound.synapses, rows.shape[1], rule.connected_threshold, layout, paired=paired
        )
        ways[f"overlaps, {layout}"] = _count_all, (words, index, n_columns, scratch, overlaps)
    steps = best_microseconds(ways, n)
    steps["boosted overlaps"] = best(_boost_all, overlaps, columns, rule, keys, n=n)
    if rule.inhibition == GAUSSIAN_INHIBITION:
        normalised = np.empty((n, n_columns), np.float32)
        blurred = keys, rule, bound.inhibition.blur, scratch, normalised
        steps["two blurs"] = best(_normalise_all, *blurred, n=n)
        order_keys(normalised.ravel(), keys.ravel())
    active, n_active = np.empty((n, binding.max_active), np.int32), np.full(n, rule.n_active)
    selected: tuple[Any, ...]
    if rule.inhibition == LOCAL_INHIBITION:
        near = bound.inhibition.neighbourhood
        selected = _select_all_locally, keys, near, scratch.local, active, n_active
    elif rule.inhibition == GROUPED_INHIBITION:
        k = rule.n_active * rule.group_size // n_columns
        selected = _select_all_in_groups, keys, rule.group_size, k, scratch.selection, active
    else:
        selected = _select_all, keys, rule.n_active, scratch.selection, active
    steps["selection"] = best(*selected, n=n)
    steps["Hebbian update"] = _best_of_updates(binding, scratch, words, active, n_active)
    updated = active, n_active, columns, rule, scratch.work
    steps["duty cycles, boost factors"] = best(_update_all, *updated, n=n)
    return steps


def first_scratch(scratch: Any) -> Any:
    """Return the scratch space of the first worker."""
    if isinstance(scratch, tuple):
        return type(scratch)(*(first_scratch(part) for part in scratch))
    return scratch[0]


def _best_of_updates(
    binding: Binding, scratch: Scratch, words: Any, active: Any, n_active: Any
) -> float:
    """Return the microseconds of a Hebbian update; each round begins with the same permanences."""
    pooler = binding.pooler
    synapses, threshold = pooler.synapses, pooler.rule.connected_threshold
    name = next(name for name, code in LAYOUTS.items() if code == pooler.overlap_index.layout)
    n_inputs, paired = 64 * words.shape[1], pooler.overlap_index.bits.n_pairs > 0
    kept = synapses.permanences.copy()
    times = []
    for _ in range(N_ROUNDS + 1):
        synapses.permanences[:] = kept
        index = build_index(synapses, n_inputs, threshold, name, paired=paired)
        start = time.perf_counter()
        _adapt_all(words, active, n_active, pooler, index, scratch)
        times.append(time.perf_counter() - start)
    return 1e6 * min(times[1:]) / len(words)


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
        "adding seven rows of 512 columns (_ADD_ROWS)": 1e3
        * best(_add_groups, words, offsets, planes, run + 8, run, n_planes, n=n_groups * run // 8),
        "a digit of the sums of 64 columns to numbers (_UNPACK)": 1e3
        * best(_unpack_all, planes, run + 8, n_planes, overlaps, 1000, n=1000 * run * n_planes),
        "comparing 64 words (_COMPARE)": 1e3
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
    print("\n| nanoseconds | |\n| --- | ---: |")
    for step, cost in layout_costs().items():
        print(f"| {step} | {cost:.2f} |")


if __name__ == "__main__":
    main()
