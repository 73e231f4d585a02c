"""Threads that share a pooler, interruptions, and what a pooler tells while it learns."""

import copy
import logging
import pickle
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from fastsp import SpatialPooler, load, save
from fastsp.engine.binding import Binding


def digits(n, seed=0, share=0.2):
    return (np.random.default_rng(seed).random((n, 400)) < share).astype(np.uint8)


def pooler_of(**parameters):
    options = {"column_shape": (20, 20), "input_shape": (20, 20), "receptive_field": "box"}
    options |= {"potential_radius": 4, "random_state": 0} | parameters
    return SpatialPooler(**options)


def state_of(pooler):
    state = pooler.__getstate__()
    arrays = {key: value for key, value in state.items() if isinstance(value, np.ndarray)}
    return {key: value.tobytes() for key, value in arrays.items()} | {"n": pooler.n_cycles_}


def index_of(pooler, X):
    """What the pooler's own index says, and an index built anew from its permanences."""
    fresh = pickle.loads(pickle.dumps(pooler))
    traces = [[p.trace(x).overlaps.tolist() for x in X] for p in (pooler, fresh)]
    return traces


def own_index_is_right(pooler, X):
    own, rebuilt = index_of(pooler, X)
    return own == rebuilt


def test_readers_of_all_kinds_get_the_right_answers():
    # Inputs of very different density make each call want another layout of the index.
    inputs = [digits(100, seed, share) for seed, share in enumerate((0.02, 0.1, 0.5, 0.9))]
    pooler = pooler_of(overlap_index="auto").fit(digits(200))
    expected = [pooler.transform(X).indices.tolist() for X in inputs]
    before = state_of(pooler)
    for fresh in (pooler, pickle.loads(pickle.dumps(pooler))):

        def read(i, fresh=fresh):
            X = inputs[i % 4]
            if i % 8 < 4:
                return fresh.transform(X).indices.tolist()
            return np.concatenate([fresh.compute(x, learn=False) for x in X]).tolist()

        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(read, range(48)))
        assert found == [expected[i % 4] for i in range(48)]
        assert state_of(fresh) == before


@pytest.mark.parametrize("layout", ["rows", "lists"])
def test_calls_that_learn_take_turns(layout):
    # All learn the same inputs, so that the order of the calls does not matter.
    X = np.repeat(digits(1), 150, axis=0)
    fresh = pooler_of(overlap_index=layout).initialize(400)
    expected = copy.deepcopy(fresh)
    for _ in range(8):
        expected.partial_fit(X)
    together = copy.deepcopy(fresh)

    def learn(i):
        if i % 2:
            for x in X:
                together.compute(x)
        else:
            together.partial_fit(X)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(learn, range(8)))
    assert state_of(together) == state_of(expected)


def test_readers_and_a_learner_leave_the_state_whole():
    X, others = digits(600), digits(50, 1, 0.9)
    alone, shared = pooler_of().fit(X[:100]), pooler_of().fit(X[:100])
    alone.partial_fit(X)
    for x in X:
        alone.compute(x)
    done = threading.Event()

    def read():
        while not done.is_set():
            shared.transform(others)
            shared.compute(others[0], learn=False)
            pickle.loads(pickle.dumps(shared)).transform(others)

    with ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read) for _ in range(3)]
        try:
            shared.partial_fit(X)
            for x in X:
                shared.compute(x)
        finally:
            done.set()
        for reader in readers:
            reader.result()
    assert state_of(shared) == state_of(alone)
    own, rebuilt = index_of(shared, X[:5])
    assert own == rebuilt


def test_two_threads_that_come_first_draw_one_pooler():
    for _ in range(20):
        pooler = pooler_of()
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(pooler.compute, digits(8)))
        assert pooler.n_cycles_ == 8


def test_a_copy_however_shallow_learns_on_its_own():
    X = digits(50)
    pooler = pooler_of().fit(X)
    before = state_of(pooler)
    for other in (copy.copy(pooler), copy.deepcopy(pooler), clone(pooler).fit(X)):
        assert state_of(other) == before
        other.partial_fit(X)
        assert state_of(pooler) == before
        assert other._lock is not pooler._lock


def test_files_and_pickles_made_while_others_learn_are_of_one_moment(tmp_path):
    # An increment that moves every synapse of a winner: a torn state would not be reproduced.
    X = digits(400)
    pooler = pooler_of().fit(X[:10])
    states = {}
    alone = copy.deepcopy(pooler)
    states[alone.n_cycles_] = state_of(alone)
    for x in X:
        alone.compute(x)
        states[alone.n_cycles_] = state_of(alone)

    def learn():
        for x in X:
            pooler.compute(x)

    with ThreadPoolExecutor(1) as threads:
        learning = threads.submit(learn)
        while not learning.done():
            save(pooler, tmp_path / "model")
            for other in (load(tmp_path / "model"), pickle.loads(pickle.dumps(pooler))):
                assert state_of(other) == states[other.n_cycles_]
        learning.result()


def test_events_tell_the_count_and_true_stops():
    X, events = digits(2500), []
    pooler = pooler_of().fit(X, callback=events.append)
    assert [event.n_done for event in events] == [1024, 2048, 2500]
    assert [event.n_inputs for event in events] == [2500] * 3
    assert events[0].density == pytest.approx(0.02)
    assert events[-1].pooler is pooler
    pooler.partial_fit(X, callback=lambda event: np.bool_(event.n_done > 2000))
    assert pooler.n_cycles_ == 2500 + 2048
    expected = pooler_of().fit(X).partial_fit(X[:2048])
    assert state_of(pooler) == state_of(expected)
    # Anything but True means nothing.
    assert pooler_of().fit(X, callback=lambda event: 1).n_cycles_ == 2500


def test_events_reach_a_pooler_in_a_pipeline():
    events = []
    make_pipeline(pooler_of()).fit(digits(20), spatialpooler__callback=events.append)
    assert len(events) == 1
    pooler_of().fit_transform(digits(20), callback=events.append)
    assert len(events) == 2


def test_a_callback_may_read_save_and_copy(tmp_path):
    X = digits(2500)

    def look(event):
        event.pooler.transform(digits(5, 1, 0.9))
        event.pooler.compute(X[0], learn=False)
        save(event.pooler, tmp_path / str(event.n_cycles))
        assert state_of(copy.deepcopy(event.pooler)) == state_of(event.pooler)

    pooler = pooler_of().fit(X, callback=look)
    assert state_of(pooler) == state_of(pooler_of().fit(X))
    resumed = load(tmp_path / "1024").partial_fit(X[1024:])
    assert state_of(resumed) == state_of(pooler)


def test_a_callback_may_change_parameters():
    X = digits(2500)

    def anneal(event):
        event.pooler.set_params(permanence_increment=0.01, density=0.05)
        event.pooler.transform(X[:3])

    changed = pooler_of().fit(X, callback=anneal)
    expected = pooler_of().fit(X[:1024]).set_params(permanence_increment=0.01, density=0.05)
    assert state_of(changed) == state_of(expected.partial_fit(X[1024:]))


@pytest.mark.parametrize(
    "call",
    [
        lambda pooler: pooler.fit(digits(3)),
        lambda pooler: pooler.partial_fit(digits(3)),
        lambda pooler: pooler.compute(digits(1)[0]),
        lambda pooler: pooler.initialize(400),
        lambda pooler: pooler.switch_off([1]),
    ],
)
def test_learning_from_within_a_callback_is_refused(call):
    pooler = pooler_of()
    with pytest.raises(RuntimeError, match="is learning and has called back"):
        pooler.fit(digits(1500), callback=lambda event: call(event.pooler))
    assert state_of(pooler) == state_of(pooler_of().fit(digits(1500)[:1024]))
    pooler.partial_fit(digits(3))


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_an_error_in_a_callback_leaves_a_pooler_that_goes_on(error):
    X = digits(2500)

    def fail(event):
        if event.n_done > 2000:
            raise error

    pooler = pooler_of()
    with pytest.raises(error):
        pooler.fit(X, callback=fail)
    assert pooler.n_cycles_ == 2048
    with ThreadPoolExecutor(1) as threads:
        threads.submit(pooler.partial_fit, X[2048:]).result()
    assert state_of(pooler) == state_of(pooler_of().fit(X))


@pytest.mark.parametrize("batch_size", [1, 2000])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c_within_a_chunk_counts_what_was_learned(n_jobs, batch_size, monkeypatch):
    X = digits(3000)
    pooler = pooler_of(n_jobs=n_jobs, batch_size=batch_size)
    monkeypatch.setattr("fastsp.engine.engine.n_learning", lambda pooler, n_threads, n: n_threads)
    # Numba turns an interrupt while it loads a kernel into an error of another kind.
    pooler_of(n_jobs=n_jobs, batch_size=batch_size).fit(X)
    run, calls = Binding.run, []

    def run_with_signal(binding, *arguments):
        calls.append(arguments)
        if len(calls) == 4:
            # Python hears a pending signal as soon as it can: after the next call of C code.
            timer = threading.Timer(0.001, lambda: signal.raise_signal(signal.SIGINT))
            timer.start()
        return run(binding, *arguments)

    monkeypatch.setattr(Binding, "run", run_with_signal)

    def learn_and_wait():
        pooler.fit(X)
        pooler.partial_fit(X)
        threading.Event().wait(10)

    with pytest.raises(KeyboardInterrupt):
        learn_and_wait()
    monkeypatch.undo()
    expected = pooler_of(batch_size=batch_size)
    for start in range(0, pooler.n_cycles_, 3000):
        expected.partial_fit(X[: pooler.n_cycles_ - start])
    if batch_size == 1:
        assert state_of(pooler) == state_of(expected)
    else:  # a batch that was cut short goes on as another
        assert pooler.n_cycles_ in (1024, 2000, 3000, 4024, 5000, 6000)
        assert own_index_is_right(pooler, X[:3])


def test_ctrl_c_in_a_loop_of_single_inputs_counts_what_was_learned():
    X = digits(500)
    alone = pooler_of().initialize(400)
    states = [state_of(alone)]
    for x in X:
        alone.compute(x)
        states.append(state_of(alone))

    def interrupt():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    def learn_and_wait(timer, pooler):
        timer.start()
        for x in X[1:]:
            pooler.compute(x)
        threading.Event().wait(10)

    for trial in range(10):
        pooler = pooler_of().initialize(400)
        pooler.compute(X[0])
        timer = threading.Timer(0.0005 * trial, interrupt)
        with pytest.raises(KeyboardInterrupt):
            learn_and_wait(timer, pooler)
        assert state_of(pooler) == states[pooler.n_cycles_]


def test_verbose_logs(caplog, capfd):
    with caplog.at_level(logging.INFO, "fastsp"):
        pooler_of(verbose=2).fit(digits(1500))
    words = [record.getMessage() for record in caplog.records]
    assert "400 columns (20, 20)" in words[0]
    assert words[1:] == [
        "SpatialPooler: 1024 learning cycles",
        "SpatialPooler: 1500 learning cycles",
    ]
    caplog.clear()
    pooler_of().fit(digits(3))
    assert not caplog.records
    assert capfd.readouterr().out == ""
