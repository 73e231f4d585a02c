"""The engine without scikit-learn, and what its locks, arrays and parameters promise."""

import copy
import multiprocessing
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from inspect import signature
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from joblib import Parallel, delayed

from fastsp import SpatialPooler
from fastsp.engine import Engine
from fastsp.engine.parameters import DEFAULTS
from fastsp.kernels.llvm.target import KINDS
from fastsp.kernels.state import Synapses

ROOT = Path(__file__).parents[2]


def digits(n, seed=0, share=0.2):
    return (np.random.default_rng(seed).random((n, 400)) < share).astype(np.uint8)


def small(**parameters):
    return SpatialPooler((100,), random_state=0, **parameters)


def state_of(pooler):
    state = pooler.__getstate__()
    return {key: v.tobytes() if isinstance(v, np.ndarray) else v for key, v in state.items()}


def test_the_engine_does_what_the_estimator_does():
    X = digits(100)
    pooler = small(batch_size=3).fit(X)
    engine = Engine(400, column_shape=(100,), batch_size=3, random_state=0).learn(X)
    assert engine.permanences.tobytes() == pooler.permanences_.tobytes()
    indices, counts = engine.infer(X)
    codes = pooler.transform(X)
    assert indices.tolist() == codes.indices.tolist()
    assert np.cumsum(counts).tolist() == codes.indptr[1:].tolist()
    assert engine.compute(X[0]).tolist() == pooler.compute(X[0]).tolist()
    assert engine.trace(X[1]).active.tolist() == pooler.trace(X[1]).active.tolist()
    again = pickle.loads(pickle.dumps(engine))
    assert again.compute(X[2]).tolist() == engine.compute(X[2]).tolist()


def test_the_engine_has_the_defaults_of_the_estimator():
    own = {name: p.default for name, p in signature(SpatialPooler).parameters.items()}
    for name in ("sparse_output", "n_jobs", "random_state", "verbose"):
        del own[name]
    assert own == DEFAULTS
    with pytest.raises(TypeError, match="unknown parameter colour"):
        Engine(10, colour=1)


def test_the_engine_does_without_scikit_learn():
    code = (
        "import sys, numpy as np\n"
        "from fastsp.engine import Engine\n"
        "engine = Engine(100, column_shape=(50,), random_state=0)\n"
        "engine.compute(np.ones(100, np.uint8))\n"
        "engine.learn(np.eye(100)).infer(np.eye(100))\n"
        "assert not {'sklearn', 'pandas', 'scipy.stats', 'joblib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones((2, 10)), r"shape \(10,\); got shape \(2, 10\)"),
        (np.arange(4), r"shape \(10,\); got shape \(4,\).*positions of on-bits"),
        (np.array(["a"] * 10), "must hold numbers"),
        (np.full(10, np.nan), "must be finite"),
        (scipy.sparse.csr_array(np.eye(10)), "sparse matrix of 10 rows"),
    ],
)
def test_what_is_no_input_is_refused_with_what_would_do(x, message):
    pooler = SpatialPooler((20,), random_state=0).initialize(10)
    for learn in (True, False):
        with pytest.raises(ValueError, match=message):
            pooler.compute(x, learn)
    assert pooler.n_cycles_ == 0


@pytest.mark.parametrize("x", [np.ones((3, 4)), np.ones(()), np.ones(0), np.full(9, np.nan)])
def test_a_first_input_that_is_none_draws_no_pooler(x):
    pooler = SpatialPooler((20,), random_state=0)
    with pytest.raises(ValueError, match="x must"):
        pooler.compute(x)
    assert not hasattr(pooler, "permanences_")
    pooler.compute(np.ones(7))
    assert pooler.n_features_in_ == 7


def test_an_input_may_have_the_shape_of_the_inputs_or_be_a_sparse_row():
    x = (np.random.default_rng(0).random((5, 8)) < 0.3).astype(np.uint8)
    pooler = SpatialPooler(30, input_shape=(5, 8), random_state=0)  # an integer is a shape
    assert pooler.compute(x).size == 1
    expected = pooler.compute(x.ravel(), learn=False).tolist()
    sparse = scipy.sparse.csr_array(x.reshape(1, -1)), scipy.sparse.coo_array(x.ravel())
    for other in (x, x > 0, x.astype(float), x.ravel(), *sparse):
        assert pooler.compute(other, learn=False).tolist() == expected
        assert pooler.trace(other).active.tolist() == expected
    sparse[1].coords[0][-1] = 10**6  # beyond the memory of the matrix
    with pytest.raises(ValueError, match="col indices must be >= 0 and < 40"):
        pooler.compute(sparse[1], learn=False)
    assert pooler.column_shape_ == (30,)


@pytest.mark.parametrize(
    ("n", "error"),
    [(0, ValueError), (-5, ValueError), (True, TypeError), (2.5, TypeError), ("5", TypeError),
     (10**400, ValueError)],
)  # fmt: skip
def test_numbers_of_features_are_checked(n, error):
    pooler = small()
    with pytest.raises(error, match="n_features must be"):
        pooler.initialize(n)
    assert not hasattr(pooler, "permanences_")


@pytest.mark.parametrize(
    "name", ["density", "batch_size", "potential_radius", "verbose", "n_potential", "threshold"]
)
def test_numbers_beyond_all_bounds_are_refused_by_name(name):
    parameters = {name: -(10**400)}
    with pytest.raises((ValueError, TypeError), match=name):
        small(receptive_field="box", **{"potential_radius": 3} | parameters).fit(digits(3))


def test_names_are_those_of_the_first_frame():
    frame = pd.DataFrame(digits(5)[:, :8], columns=list("abcdefgh"))
    pooler = small().initialize(8)
    assert pooler.partial_fit(frame).feature_names_in_.tolist() == list("abcdefgh")
    pooler.partial_fit(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        pooler.partial_fit(frame.rename(columns={"a": "z"}))
    assert not hasattr(pooler.initialize(20), "feature_names_in_")
    with pytest.raises(ValueError, match="9 features"):
        small().initialize(8).partial_fit(pd.DataFrame(np.ones((2, 9)), columns=list("abcdefghi")))


def test_generators_and_flags_are_taken():
    X = digits(5)
    one, other = (small().set_params(random_state=np.random.default_rng(3)).fit(X) for _ in "ab")
    assert one.permanences_.tobytes() == other.permanences_.tobytes()
    small(verbose=True).fit(X)
    for verbose in ("loud", -1, 0.5):
        with pytest.raises((TypeError, ValueError), match="verbose must be"):
            small(verbose=verbose).fit(X)
    for seed in ("a", -1, 2**32, 0.5):
        with pytest.raises((TypeError, ValueError), match="random_state must be"):
            small().set_params(random_state=seed).fit(X)


def test_types_of_parameters_are_checked_even_where_values_are_equal():
    pooler = small(batch_size=64).fit(digits(3))
    pooler.set_params(batch_size=64.0)
    with pytest.raises(TypeError, match="batch_size"):
        pooler.transform(digits(3))


def test_what_shaped_the_draw_waits_for_the_next(tmp_path):
    X = digits(50)
    parameters = {
        "input_shape": (20, 20),
        "receptive_field": "box",
        "potential_radius": 4,
        "inhibition": "local",
        "wrap": True,
    }
    pooler = SpatialPooler((20, 20), random_state=0, **parameters).fit(X)
    expected = copy.deepcopy(pooler)
    pooler.set_params(wrap=False, potential_radius=9, segments=2, column_shape=(3, 3))
    for one in (pooler, pickle.loads(pickle.dumps(pooler))):
        assert (one.transform(X) != expected.transform(X)).nnz == 0
        learned = copy.deepcopy(expected).partial_fit(X)
        assert one.partial_fit(X).permanences_.tobytes() == learned.permanences_.tobytes()
    assert pooler.fit(X).column_shape_ == (3, 3)


@pytest.mark.parametrize("n_jobs", [0, "many"])
def test_a_fit_that_fails_keeps_what_was_learned(n_jobs, monkeypatch):
    X = digits(30)
    pooler = small().fit(X)
    before = state_of(pooler)
    pooler.set_params(n_jobs=n_jobs)
    for call in (pooler.fit, pooler.partial_fit):
        with pytest.raises((ValueError, TypeError)):
            call(X)
    pooler.set_params(n_jobs=None)
    astray = scipy.sparse.csr_matrix(X)
    astray.indices[3] = 5000
    with pytest.raises(ValueError, match=r"indices|index values"):
        pooler.fit(astray)

    def no_memory(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("fastsp.engine.state.build_index", no_memory)
        with pytest.raises(MemoryError):
            pooler.fit(X)
    after = state_of(pooler)
    assert {k: v for k, v in after.items() if k != "n_jobs"} == {
        k: v for k, v in before.items() if k != "n_jobs"
    }


@pytest.mark.parametrize("boosting", ["log", "exp"])
def test_assigned_duty_cycles_set_boost_factors(boosting):
    pooler = small(boosting=boosting).fit(digits(50))
    a = np.random.default_rng(0).uniform(0.001, 0.5, 100)
    pooler.active_duty_cycles_ = a
    pooler.transform(digits(1))
    expected = np.log(a) / np.log(0.02) if boosting == "log" else np.exp(100 * (0.02 - a))
    np.testing.assert_allclose(pooler.boost_factors_, expected, rtol=1e-5)
    assert pooler.active_duty_cycles_ is a


def test_assigned_boost_factors_are_used_until_the_next_learning_cycle(tmp_path):
    X = digits(50)
    pooler = small().fit(X)
    factors = np.full(100, 1e-3, np.float32)
    factors[[3, 70]] = 50
    pooler.boost_factors_ = factors
    for one in (pooler, pickle.loads(pickle.dumps(pooler)), copy.copy(pooler)):
        assert one.compute(X[0], learn=False).tolist() == [3, 70]
        assert one.transform(X[:2]).indices.tolist() == [3, 70, 3, 70]
        assert one.set_params(permanence_increment=0.05).trace(X[1]).active.tolist() == [3, 70]
        assert one.compute(X[1]).tolist() == [3, 70]
        np.testing.assert_allclose(
            one.boost_factors_, np.log(one.active_duty_cycles_) / np.log(0.02), rtol=1e-5
        )
    strong = small(boosting="exp", boost_strength=1000.0).fit(X)
    strong.boost_factors_ = factors
    with pytest.raises(ValueError, match=r"boost_factors_ cannot be assigned .* boost_strength"):
        strong.transform(X)


@pytest.mark.parametrize("name", ["tie_breakers_", "permanences_", "boost_factors_"])
def test_assigned_numbers_must_be_finite_in_single_precision(name):
    pooler = small().fit(digits(3))
    setattr(pooler, name, np.full(getattr(pooler, name).size, 1e300))
    with pytest.raises(ValueError, match=f"{name} must be finite as float32"):
        pooler.transform(digits(3))


@pytest.mark.parametrize("assigned", [{"n_cycles_": 3}, {"n_active_": 3}, {"column_shape_": (3,)}])
def test_counts_and_shapes_cannot_be_assigned(assigned):
    pooler = small().fit(digits(3))
    ((name, value),) = assigned.items()
    with pytest.raises(AttributeError, match=name):
        setattr(pooler, name, value)


def test_one_input_never_builds_an_index_anew(monkeypatch):
    built = []
    from fastsp.engine import state

    build = state.build_index
    monkeypatch.setattr(state, "build_index", lambda *a, **k: built.append(a) or build(*a, **k))
    for layout in ("auto", "rows"):
        pooler = small(overlap_index=layout).fit(digits(100, share=0.02))
        built.clear()
        for i in range(20):
            pooler.transform(digits(1, i, 0.9 if i % 2 else 0.01))
            pooler.compute(digits(1, i, 0.9 if i % 2 else 0.01)[0])
        assert not built


def test_large_batches_are_learned_in_chunks_that_callbacks_see():
    X = digits(3000)
    events = []
    chunked = small(batch_size=2500, weak_column_share=0.5).fit(X, callback=events.append)
    assert [event.n_done for event in events] == [1024, 2048, 2500, 3000]
    whole = small(batch_size=2500, weak_column_share=0.5)
    from fastsp.engine import engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "CHUNK", 5000)
        whole.fit(X)
    assert state_of(chunked) == state_of(whole)
    stopped = small(batch_size=2500).fit(X, callback=lambda event: event.n_done > 1500)
    assert stopped.n_cycles_ == 2048
    expected = np.log(stopped.active_duty_cycles_) / np.log(0.02)
    stopped.transform(X[:1])
    np.testing.assert_allclose(stopped.boost_factors_, expected, rtol=1e-5)


def learned(pooler):
    return pooler.n_cycles_, pooler.permanences_.tobytes()


def test_a_callback_may_send_the_pooler_to_processes_and_threads_and_wait():
    X, found = digits(1500), []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as processes, ThreadPoolExecutor(1) as threads:

        def send(event):
            expected = learned(event.pooler)
            found.append(processes.submit(learned, event.pooler).result(timeout=120) == expected)
            copied = threads.submit(copy.deepcopy, event.pooler).result(timeout=60)
            found.append(learned(copied) == expected)
            codes = threads.submit(event.pooler.transform, X[:3]).result(timeout=60)
            found.append(codes.nnz == 6)
            again = Parallel(n_jobs=2, backend="threading")(
                delayed(learned)(event.pooler) for _ in range(2)
            )
            found.append(again == [expected] * 2)

        small().fit(X, callback=send)
    assert found == [True] * 8


def test_a_copy_waits_for_a_chunk_and_not_for_the_whole_fit():
    X = digits(2100)
    pooler = small().initialize(400)
    inside, copied = threading.Event(), threading.Event()
    copies = []

    def copy_amid():
        assert inside.wait(60)
        copies.append(copy.deepcopy(pooler).n_cycles_)
        copied.set()

    def hold(event):
        inside.set()
        assert copied.wait(60)

    thread = threading.Thread(target=copy_amid)
    thread.start()
    pooler.partial_fit(X, callback=hold)
    thread.join()
    assert copies == [1024]


def test_readers_see_one_pooler_while_another_thread_fits_others():
    X, done, wrong = digits(40), threading.Event(), []
    pooler = SpatialPooler((100,), random_state=0).fit(X)

    def read():
        while not done.is_set():
            codes = pooler.transform(X)
            codes.check_format(full_check=True)
            if codes.shape[1] not in (100, 350):
                wrong.append(codes.shape)

    with ThreadPoolExecutor(2) as threads:
        readers = [threads.submit(read) for _ in range(2)]
        try:
            for i in range(40):
                pooler.set_params(column_shape=(350,) if i % 2 else (100,)).fit(X)
        finally:
            done.set()
        for reader in readers:
            reader.result()
    assert not wrong


def test_a_pooler_brought_back_compares_with_its_neighbourhood_at_once():
    parameters = {
        "column_shape": (130,),
        "inhibition": "gaussian",
        "inhibition_radius": 3.0,
        "boosting": "exp",
        "boost_target": "neighbourhood",
        "boost_strength": 5000.0,  # keys come from duty cycles then, not from boost factors
    }
    X = np.random.default_rng(0).random((40, 70)) < 0.3
    learned = Engine(70, random_state=5, **parameters).learn(X)
    again = pickle.loads(pickle.dumps(learned))
    for found, wanted in zip(again.infer(X), learned.infer(X), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_the_layout_suits_the_processor_that_kernels_are_compiled_for(monkeypatch):
    from fastsp.engine import index

    pooler = small().initialize(400)
    synapses = Synapses(pooler.indptr_, pooler.indices_, pooler.permanences_)
    taken = {}
    for kind in KINDS:
        monkeypatch.setattr(index, "vector_kind", lambda kind=kind: kind)
        taken[kind] = index.Costs(synapses, 400, 0.0).cheapest(80.0)
    assert taken["vpopcntdq"] == "words"
    assert taken["sse2"] == "rows"


def test_more_segments_than_there_are_numbers_for_are_refused_before_memory_is_taken():
    # Segments are numbered by 32 bits, in codes and in kernels.
    with pytest.raises(ValueError, match=r"segments times .* below 2\^31; got 4096 times 1048576"):
        Engine(8, column_shape=(1024, 1024), segments=4096)
