"""Learning by several threads, which must be what one thread learns, bit for bit."""

import _thread
import copy
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples, inputs_for, poolers

from fastsp import SpatialPooler
from fastsp.inputs import pack
from fastsp.kernels import counters as shared
from fastsp.kernels.state import CONNECTED_LISTS
from fastsp.team import Team, team_size

ROOT = Path(__file__).parents[1]
SIZES = [1, 2, 3, 5]


def state_of(pooler):
    """All arrays of the pooler, and which synapses its index holds for connected."""
    index, connected = pooler._engine.index, []
    if index.layout != CONNECTED_LISTS:
        connected.append(index.bits.words)
    else:
        lists = index.lists
        for start, length in zip(lists.starts, lists.lengths, strict=False):
            connected.append(np.sort(lists.columns[start : start + length]))
    arrays = [value for value in vars(pooler).values() if isinstance(value, np.ndarray)]
    return [array.tobytes() for array in arrays + connected]


def learn(pooler, X, size):
    """Learn from `X` by a team, in two chunks; return the active columns of all inputs."""
    words = pack(X, pooler.threshold)
    engine = pooler._configured(words)
    cut = len(words) // 2 // pooler.batch_size * pooler.batch_size
    learned = []
    with Team(engine, size) as team:
        for part in (words[:cut], words[cut:]):
            active, n_active = team.learn(part, lambda: None)
            learned += [row[:n].tolist() for row, n in zip(active, n_active, strict=True)]
    return learned


def assert_same(pooler, X, sizes):
    alone = copy.deepcopy(pooler)
    expected = learn(alone, X, 1), state_of(alone)
    for size in sizes:
        together = copy.deepcopy(pooler)
        assert learn(together, X, size) == expected[0]
        assert state_of(together) == expected[1]


@st.composite
def wide_poolers(draw, **fixed):
    """A pooler with columns for several blocks of 64."""
    parameters = {
        "column_shape": (draw(st.integers(1, 30)), draw(st.integers(1, 30))),
        "input_shape": (draw(st.integers(1, 12)), draw(st.integers(1, 12)), 2),
        "receptive_field": draw(st.sampled_from(["global", "box"])),
        "potential_fraction": draw(st.floats(0.05, 1.0)),
        "density": draw(st.floats(0.01, 0.3)),
        "inhibition": draw(st.sampled_from(["global", "gaussian", "local", "grouped"])),
        "inhibition_radius": draw(st.floats(0.3, 4.0)),
        "boosting": draw(st.sampled_from(["log", "exp", None])),
        "duty_cycle_period": draw(st.floats(1.5, 200.0)),
        "stimulus_threshold": draw(st.sampled_from([0, 1, 3])),
        "overlap_index": draw(st.sampled_from(["rows", "words", "lists"])),
        "random_state": draw(st.integers(0, 2**31)),
    } | fixed
    if parameters["receptive_field"] == "box":
        parameters["potential_radius"] = draw(st.integers(0, 6))
    if parameters["inhibition"] == "grouped":
        parameters["column_shape"] = (*parameters["column_shape"][:1], 3, 13)
    if parameters["inhibition"] in ("global", "grouped"):
        del parameters["inhibition_radius"]
    return SpatialPooler(**parameters).initialize(int(np.prod(parameters["input_shape"])))


@pytest.mark.core
@examples(60)
@given(st.data())
def test_a_team_of_any_size_learns_what_one_thread_does(data):
    kind = data.draw(st.sampled_from([poolers, wide_poolers]))
    pooler = data.draw(kind(batch_size=data.draw(st.sampled_from([1, 3, 32]))))
    X = data.draw(inputs_for(pooler, data.draw(st.sampled_from([1, 40]))))
    assert_same(pooler, X, SIZES)


def pooler_of_digits(**parameters):
    return SpatialPooler((40, 40), random_state=0, **parameters).initialize(400)


def digits(n, seed=0):
    return (np.random.default_rng(seed).random((n, 400)) < 0.2).astype(np.uint8)


@pytest.mark.parametrize("batch_size", [1, 3, 32])
@pytest.mark.parametrize("layout", ["rows", "words", "lists"])
@pytest.mark.parametrize("inhibition", ["global", "gaussian", "local", "grouped"])
def test_a_long_run_stays_the_same(batch_size, layout, inhibition):
    radius = 3.0 if inhibition in ("gaussian", "local") else None
    pooler = pooler_of_digits(
        batch_size=batch_size,
        overlap_index=layout,
        inhibition=inhibition,
        inhibition_radius=radius,
    )
    assert_same(pooler, digits(600), SIZES)


def test_several_poolers_learn_at_once():
    fresh = pooler_of_digits(batch_size=4)
    inputs = [digits(200, seed) for seed in range(4)]

    def run(X, size):
        pooler = copy.deepcopy(fresh)
        return learn(pooler, X, size), state_of(pooler)

    expected = [run(X, 1) for X in inputs]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda X: run(X, 3), inputs)) == expected


def test_learning_ends_on_a_crowded_machine():
    code = "import sys\nprint(flush=True)\nwhile True: pass"
    busy = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        for _ in range(2 * (os.cpu_count() or 1))
    ]
    try:
        for process in busy:
            process.stdout.readline()
        assert_same(pooler_of_digits(), digits(200), [2, 5])
    finally:
        for process in busy:
            process.kill()
            process.communicate()


def test_a_single_thread_of_a_team_does_all_the_work(monkeypatch):
    pooler, X = pooler_of_digits(), digits(100)
    alone = copy.deepcopy(pooler)
    expected = learn(alone, X, 1), state_of(alone)
    start, started = threading.Thread.start, []

    def refuse(thread):
        if len(started) >= n_possible:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for n_possible in (0, 1, 2):
        started.clear()
        together = copy.deepcopy(pooler)
        assert learn(together, X, 4) == expected[0]
        assert state_of(together) == expected[1]
        assert len(started) == n_possible


@pytest.mark.parametrize("at_once", [True, False])
def test_what_a_thread_takes_up_when_no_other_could_be_started_is_learned_once(
    monkeypatch, at_once
):
    pooler, X = pooler_of_digits(), digits(100)
    alone = copy.deepcopy(pooler)
    expected = learn(alone, X, 1), state_of(alone)
    taken_up = []

    def submit(threads, work, *arguments):
        if at_once:
            work(*arguments)
        taken_up.append((work, arguments))
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
    together = copy.deepcopy(pooler)
    assert learn(together, X, 3) == expected[0]
    assert taken_up
    if not at_once:
        for work, arguments in taken_up:
            work(*arguments)
    assert state_of(together) == expected[1]


def test_a_chunk_is_whole_after_an_interruption():
    pooler, X = pooler_of_digits(), digits(100)
    alone = copy.deepcopy(pooler)
    learn(alone, X, 1)
    words = pack(X, pooler.threshold)
    counted = []

    def then():
        _thread.interrupt_main()
        counted.append(len(words))

    def run():
        with Team(pooler._configured(words), 2) as team:
            team.learn(words, then)
            threading.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run()
    assert counted == [100]
    assert state_of(pooler) == state_of(alone)


def test_an_error_in_a_thread_is_raised():
    def then():
        raise ValueError("then")

    words = pack(digits(4), 0.5)
    with (
        Team(pooler_of_digits()._configured(words), 2) as team,
        pytest.raises(ValueError, match="then"),
    ):
        team.learn(words, then)


def test_small_work_is_left_to_one_thread():
    words = pack(digits(64), 0.5)

    def sizes(n, **parameters):
        engine = pooler_of_digits(**parameters)._configured(words)
        return [team_size(engine, n_threads, n) for n_threads in (1, 2, 100)]

    # 32 active columns adapt 200 potential synapses each.
    assert sizes(10_000) == [1, 1, 1]
    assert sizes(10_000, batch_size=64) == [1, 2, 6]
    assert sizes(64, batch_size=64) == [1, 1, 1]
    # A batch is no larger than the inputs there are.
    assert sizes(1, batch_size=64) == [1, 1, 1]
    assert sizes(180, batch_size=64, overlap_index="rows") == [1, 2, 6]
    assert sizes(180, batch_size=64, overlap_index="lists") == [1, 1, 1]


@pytest.mark.parametrize("compiled", [False, True])
def test_counters_are_exact_among_threads(compiled):
    def count(counters, n, taken):
        for i in range(n):
            shared.increment_counter(counters, 0)
            if shared.increment_from(counters, 16, i):
                taken[0] += 1
            while shared.load_counter(counters, 16) <= i:
                shared.relax()
                shared.give_way()

    run = numba.njit(nogil=True)(count) if compiled else count
    counters, n = np.zeros(32, np.int64), 500
    taken = np.zeros((4, 1), np.int64)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda mine: run(counters, n, mine), taken))
    assert counters[0] == 4 * n
    assert counters[16] == n == taken.sum()


CODE = """
import numpy as np
from fastsp import SpatialPooler
from fastsp.inputs import pack
from fastsp.kernels import team
from fastsp.team import Team
for batch_size, layout in ((1, "rows"), (3, "lists")):
    pooler = SpatialPooler((200,), random_state=0, batch_size=batch_size, overlap_index=layout)
    pooler.initialize(64)
    words = pack(np.random.default_rng(0).random((9, 64)) < 0.3, 0.5)
    with Team(pooler._configured(words), 3) as threads:
        active, n_active = threads.learn(words, lambda: None)
    print(active.sum(), n_active.sum(), pooler.permanences_.sum(), pooler.boost_factors_.sum())
print(sum(team.learn.stats.cache_hits.values()) if hasattr(team.learn, "stats") else "plain")
"""


def run(cache, **environment):
    return subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=ROOT,
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache), **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()


def test_a_second_process_needs_no_compiling_and_none_needs_a_compiler(tmp_path):
    *learned, n_hits = run(tmp_path)
    assert n_hits == "0"
    assert run(tmp_path) == [*learned, "1"]
    assert run(tmp_path, NUMBA_DISABLE_JIT="1") == [*learned, "plain"]
