"""Learning by several workers, which must be what one learns, bit for bit; and threading layers."""

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
from fastsp.engine.threads import _run_in_own_threads, n_learning
from fastsp.kernels.cycle import LEARN
from fastsp.kernels.llvm import atomics
from fastsp.kernels.state import Chunk

ROOT = Path(__file__).parents[2]
SIZES = [1, 2, 3, 5]


def state_of(pooler):
    """All arrays of the pooler, and which synapses its index holds for connected."""
    index, connected = pooler._engine._bound(np.zeros((1, 0)), 1).pooler.overlap_index, []
    if index.layout != "lists":
        connected.append(index.bits.words)
    else:
        lists = index.lists
        for pair, bit in np.ndindex(lists.middles.shape):
            middle, (below, above) = lists.middles[pair, bit], lists.lengths[pair, bit]
            connected.append(np.sort(lists.columns[middle - below : middle + above]))
    arrays = [value for value in pooler.__getstate__().values() if isinstance(value, np.ndarray)]
    return [array.tobytes() for array in arrays + connected]


def in_layer(n, in_parallel, work):
    in_parallel(n)


def in_own_threads(n, in_parallel, work):
    _run_in_own_threads(n, work)


def by_the_first(n, in_parallel, work):
    work(0, n)


def learn(pooler, X, size, way=by_the_first):
    """Learn from `X` by so many workers, in two chunks; return the active columns of all inputs."""
    engine = pooler._engine
    words = engine._pack(X)
    binding = engine._bound(X, len(X))
    size = size if binding.pooler.can_be_shared else 1
    cut = len(words) // 2 // pooler.batch_size * pooler.batch_size
    learned = []
    for part in (words[:cut], words[cut:]):
        active, n_active = binding.new_output(len(part))
        no_keys = np.empty((len(part), 0), np.uint32)
        chunk = Chunk(part, active, n_active, np.zeros(2, np.int64), no_keys)
        own = binding._take(size, True)
        own.run(chunk, LEARN, way)
        binding._give_back(own)
        learned += [row[:n].tolist() for row, n in zip(active, n_active, strict=True)]
    return learned


def assert_same(pooler, X, sizes):
    alone = copy.deepcopy(pooler)
    expected = learn(alone, X, 1), state_of(alone)
    for size in sizes:
        for way in (in_layer, in_own_threads, by_the_first):
            together = copy.deepcopy(pooler)
            assert learn(together, X, size, way) == expected[0]
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


@pytest.mark.parametrize("layout", ["rows", "words", "lists"])
@pytest.mark.parametrize("column_shape", [39, 100, 16_500])
def test_blocks_of_columns_are_cut_where_the_columns_end(column_shape, layout):
    # Lists lie in pairs of blocks, of which few columns do not even fill the first.
    pooler = SpatialPooler(column_shape, overlap_index=layout, random_state=0).initialize(8)
    binding = pooler._engine._bound(np.zeros((1, 8)), 1)
    for size in SIZES:
        bounds = binding.pooler.overlap_index.bounds(column_shape, size)
        assert bounds[0] == 0
        assert bounds[-1] == column_shape
        assert (np.diff(bounds) > 0).all()
    X = np.random.default_rng(0).integers(0, 2, (12, 8), np.uint8)
    for _ in range(5):
        assert_same(pooler, X, SIZES[1:])


def test_work_that_no_other_thread_begins_is_done_by_the_present_one(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    done = []
    _run_in_own_threads(3, lambda number, n: done.append((number, n)))
    assert sorted(done) == [(0, 3), (1, 3), (2, 3)]


def test_several_poolers_learn_at_once():
    fresh = pooler_of_digits(batch_size=4)
    inputs = [digits(200, seed) for seed in range(4)]

    def run(X, n_jobs):
        pooler = copy.deepcopy(fresh).set_params(n_jobs=n_jobs)
        return state_of(pooler.partial_fit(X)), pooler.transform(X).indices.tolist()

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


def test_small_work_is_left_to_one_thread():
    X = digits(64)

    def sizes(n, **parameters):
        pooler = pooler_of_digits(**parameters)._engine._bound(X, 64).pooler
        return [n_learning(pooler, n_threads, n) for n_threads in (1, 2, 100)]

    most = min(6, numba.config.NUMBA_NUM_THREADS)
    # 32 active columns adapt 200 potential synapses each.
    assert sizes(10_000) == [1, 1, 1]
    assert sizes(10_000, batch_size=64) == [1, min(2, most), most]
    assert sizes(64, batch_size=64) == [1, 1, 1]
    # A batch is no larger than the inputs there are.
    assert sizes(1, batch_size=64) == [1, 1, 1]
    assert sizes(180, batch_size=64, overlap_index="rows") == [1, min(2, most), most]
    # Two blocks of columns have lists of their own.
    assert sizes(180, batch_size=64, overlap_index="lists") == [1, min(2, most), min(2, most)]


@pytest.mark.parametrize("compiled", [False, True])
def test_counters_are_exact_among_threads(compiled):
    def count(counters, n, taken):
        for i in range(n):
            atomics.increment_counter(counters, 0)
            if atomics.increment_from(counters, 16, i):
                taken[0] += 1
            while atomics.load_counter(counters, 16) <= i:
                atomics.spin_pause()
                atomics.yield_thread()

    run = numba.njit(nogil=True)(count) if compiled else count
    counters, n = np.zeros(32, np.int64), 500
    taken = np.zeros((4, 1), np.int64)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda mine: run(counters, n, mine), taken))
    assert counters[0] == 4 * n
    assert counters[16] == n == taken.sum()


COMMON = """
import os, sys, threading, warnings
import numpy as np, numba
from fastsp import SpatialPooler
random = np.random.default_rng(0)
X = (random.random((300, 400)) < 0.2).astype(np.uint8)
def pooler(n_jobs=2):
    return SpatialPooler((40, 40), batch_size=64, n_jobs=n_jobs, random_state=0,
                         overlap_index="rows")
def state(pooler):
    return pooler.permanences_.tobytes(), pooler.transform(X).indices.tobytes()
expected = state(pooler(1).fit(X))
"""
IN_THREADS = """
outcomes = []
def run():
    for _ in range(5):
        outcomes.append(state(pooler().fit(X)) == expected)
threads = [threading.Thread(target=run) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert outcomes == [True] * 15, outcomes
print(numba.threading_layer())
"""
FORKED = """
assert state(pooler().fit(X)) == expected
print(numba.threading_layer(), flush=True)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    child = os.fork()
if child == 0:
    code = 1
    try:
        code = int(state(pooler().fit(X)) != expected)
    finally:
        os._exit(code)
assert os.waitpid(child, 0)[1] == 0
assert state(pooler().fit(X)) == expected
"""
FORKED_WHILE_LEARNING = """
shared = pooler().fit(X)
long = np.repeat(X, 200, axis=0)
learning = threading.Thread(target=shared.partial_fit, args=(long,))
learning.start()
for _ in range(20):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            shared.compute(X[0])
            shared.partial_fit(X)
            again = SpatialPooler.__new__(SpatialPooler)
            again.__setstate__(shared.__getstate__())
            code = int((again.transform(X) != shared.transform(X)).nnz > 0)
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
learning.join()
print("done")
"""
BESIDE_OTHERS = """
@numba.njit(parallel=True, nogil=True)
def count(many):
    for i in numba.prange(many.size):
        many[i] += 1
count(np.zeros(10))
done = threading.Event()
def go_on():
    while not done.is_set():
        count(np.zeros(100_000))
other = threading.Thread(target=go_on)
other.start()
try:
    assert all(state(pooler().fit(X)) == expected for _ in range(10))
finally:
    done.set()
    other.join()
print(numba.threading_layer())
"""
USED_BY_NUMBA = """
import numba, numpy as np
@numba.njit(parallel=True)
def use(many):
    for i in numba.prange(many.size):
        many[i] += 1
use(np.zeros(1000))
"""
USED_BY_ANOTHER_LIBRARY = """
import ctypes, time
@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def body(_):
    time.sleep(0.01)
ctypes.CDLL("libgomp.so.1").GOMP_parallel(body, None, 2, 0)
"""
IN_A_COPY = """
import os, signal, warnings
warnings.simplefilter("ignore", DeprecationWarning)
def exit_code_of(act, fork, generation):
    child = fork()
    if child == 0:
        code = 1
        signal.alarm(200)  # of what hangs
        try:
            code = act() if generation == 1 else exit_code_of(act, fork, generation - 1)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
def act():
    exec(COMMON, globals())
    return int(state(pooler().fit(X)) != expected)
"""
ONE_THREAD = """
assert state(pooler(8).fit(X)) == expected
try:
    print(numba.threading_layer())
except ValueError:
    print("none")
"""
NEVER_ASKED = """
from fastsp.kernels import packing, session
pooler(None).fit(X).compute(X[0])
try:
    print(numba.threading_layer())
except ValueError:
    print("none")
assert not session.run_in_parallel.signatures
assert not packing.pack_in_parallel.signatures
"""
MANY_JOBS = """
before = numba.get_num_threads()
assert state(pooler(64).fit(X)) == expected
assert numba.get_num_threads() == before
print(numba.threading_layer())
"""
INTERRUPTED = """
import signal, time
from fastsp.engine import engine
engine.n_learning = lambda pooler, n_threads, n: n_threads
assert state(pooler().fit(X)) == expected
long = np.repeat(X, 60, axis=0)
for delay in (0.001, 0.02, 0.05):
    one = pooler()
    try:  # the signal may come before `start` returns
        threading.Timer(delay, signal.raise_signal, [signal.SIGINT]).start()
        one.fit(long)
        while True:
            time.sleep(0.01)
    except KeyboardInterrupt:
        pass
    if hasattr(one, "permanences_") and one.n_cycles_:
        assert state(one) == state(pooler(1).fit(long[: one.n_cycles_]))
print(numba.threading_layer())
"""


def run_code(code, **environment):
    return run_alone(COMMON + code, **environment)


def run_alone(code, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1:]


@pytest.mark.parametrize("layer", ["workqueue", "omp"])
@pytest.mark.parametrize(
    "code",
    [IN_THREADS, MANY_JOBS, INTERRUPTED, BESIDE_OTHERS],
    ids=["threads", "many jobs", "interrupted", "beside others"],
)
def test_every_threading_layer(layer, code):
    assert run_code(code, NUMBA_THREADING_LAYER=layer) == [layer]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("layer", ["workqueue", "omp"])
def test_a_child_forked_after_threads_were_used(layer):
    assert run_code(FORKED, NUMBA_THREADING_LAYER=layer) == [layer]


@pytest.mark.skipif(sys.platform != "linux", reason="the OpenMP of other systems can be forked")
@pytest.mark.parametrize("layer", ["workqueue", "omp"])
@pytest.mark.parametrize("generation", [1, 2])
@pytest.mark.parametrize("imported", ["before", "in the child"])
@pytest.mark.parametrize("used", [USED_BY_NUMBA, USED_BY_ANOTHER_LIBRARY], ids=["numba", "another"])
def test_a_child_of_a_process_in_which_others_used_threads(used, imported, generation, layer):
    first = "import fastsp" if imported == "before" else ""
    code = f"{first}\n{used}\nCOMMON = {COMMON!r}\n{IN_A_COPY}\n"
    run_alone(
        f"{code}assert exit_code_of(act, os.fork, {generation}) == 0", NUMBA_THREADING_LAYER=layer
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the OpenMP of other systems can be forked")
def test_a_child_that_python_did_not_fork():
    code = f"import ctypes, fastsp\n{USED_BY_NUMBA}\nCOMMON = {COMMON!r}\n{IN_A_COPY}\n"
    run_alone(f"{code}assert exit_code_of(act, ctypes.PyDLL(None).fork, 1) == 0")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_children_forked_while_another_thread_learns_wait_for_no_lock():
    assert run_code(FORKED_WHILE_LEARNING) == ["done"]


def test_one_thread_in_all_starts_no_layer():
    assert run_code(ONE_THREAD, NUMBA_NUM_THREADS="1") == ["none"]


def test_who_never_asks_for_threads_compiles_no_parallel_code():
    assert run_code(NEVER_ASKED) == ["none"]
