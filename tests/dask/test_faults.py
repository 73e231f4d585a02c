"""Workers that die, on clusters of separate processes: nothing is lost, or the error says so."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import scipy.sparse
from clusters import local_cluster
from distributed import Client, Status, wait

import fastsp
import fastsp.dask
from fastsp.dask import ShardLostError

X = np.random.default_rng(0).random((1000, 200)) < 0.1
PARAMETERS = {"column_shape": (400,), "batch_size": 8, "random_state": 0}


@pytest.fixture(scope="module")
def cluster():
    with local_cluster() as client:
        yield client


@pytest.fixture
def client(cluster):
    started(cluster)  # those that died in an earlier test are replaced
    return cluster


def started(client):
    """Return the processes of both workers once they have started: before, none is replaced."""
    deadline = time.monotonic() + 60
    while True:
        processes = [nanny.process for nanny in client.cluster.workers.values()]
        up = [one for one in processes if one is not None and one.status == Status.running]
        if len(up) == len(client.cluster.scheduler.workers) == 2:
            return up
        assert time.monotonic() < deadline, [up, client.cluster.workers]
        time.sleep(0.05)


def kill(process):
    os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def kill_all(client):
    for process in started(client):
        kill(process)


def same_permanences(shards, X):
    wanted = fastsp.SpatialPooler(**PARAMETERS).fit(X).permanences_
    np.testing.assert_array_equal(shards.to_local().permanences_, wanted)


def slowly(block):
    time.sleep(0.05)
    return block


@pytest.mark.slow
def test_blocks_of_workers_that_die_are_done_again(client):
    pooler = fastsp.SpatialPooler(**PARAMETERS).fit(X)
    blocks = da.from_array(X, chunks=(20, -1)).map_blocks(slowly, dtype=bool)
    codes = fastsp.dask.transform(pooler, blocks).persist()
    kill_all(client)  # no copy of the pooler is left
    wait(codes)
    assert (codes.compute() != pooler.transform(X)).nnz == 0


@pytest.mark.slow
def test_a_shard_lost_without_a_snapshot_is_an_error_that_says_so(client):
    shards = fastsp.dask.SpatialPooler(**PARAMETERS).initialize(X.shape[1])
    kill_all(client)
    shards.fit(X[:500])  # nothing was learned before: all is drawn again
    kill_all(client)
    with pytest.raises(ShardLostError, match=r"the pooler is lost: .*after 500 cycles; fit it"):
        shards.partial_fit(X[500:])
    with pytest.raises(ShardLostError, match="the pooler is lost"):
        shards.transform(X)
    same_permanences(shards.fit(X), X)


@pytest.mark.slow
def test_workers_die_at_random_moments(client, tmp_path):
    random, stop = np.random.default_rng(), threading.Event()
    killed = []

    def kill_now_and_then():
        while not stop.wait(random.uniform(0.2, 1.5)) and len(killed) < 3:
            kill(started(client)[random.integers(2)])
            killed.append(True)

    shards = fastsp.dask.SpatialPooler(
        **PARAMETERS, checkpoint=tmp_path, checkpoint_every=5, n_shards=3
    )
    killer = threading.Thread(target=kill_now_and_then)
    killer.start()
    n = 0
    try:
        shards.initialize(X.shape[1])
        while len(killed) < 3 or n < 3:
            shards.partial_fit(X)
            n += 1
    finally:
        stop.set()
        killer.join()
    assert shards.n_cycles_ == n * len(X)
    same_permanences(shards, np.tile(X, (n, 1)))
    assert len(list(tmp_path.iterdir())) == 1 + 3


def test_training_is_taken_up_again_from_its_folder(client, tmp_path):
    made = fastsp.dask.SpatialPooler(**PARAMETERS, checkpoint=tmp_path).fit(X[:504])
    made.close()
    with pytest.raises(ShardLostError, match=re.escape(str(tmp_path))):
        made.partial_fit(X[504:])
    shards = fastsp.dask.SpatialPooler.restored(tmp_path)
    assert shards.n_cycles_ == 504
    same_permanences(shards.partial_fit(X[504:]), X)


@contextmanager
def running(*command):
    """Run a command of Dask until the end."""
    path = os.pathsep.join(filter(None, [str(Path(fastsp.__file__).parents[1]), *sys.path]))
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *command],
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_cluster_started_by_its_commands(tmp_path):
    file = tmp_path / "scheduler.json"
    address = ("--scheduler-file", str(file))
    scheduler = (
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--dashboard-address",
        ":0",
        *address,
    )
    worker = ("worker", *address, "--nthreads", "1", "--dashboard-address", ":0", "--no-nanny")
    with ExitStack() as stack:
        stack.enter_context(running(*scheduler))
        for i in range(2):
            where = ("--local-directory", str(tmp_path / str(i)))
            stack.enter_context(running(*worker, *where))
        while not file.exists():
            time.sleep(0.05)
        client = stack.enter_context(Client(scheduler_file=str(file), timeout=60))
        client.wait_for_workers(2, timeout=60)
        shards = fastsp.dask.SpatialPooler(**PARAMETERS).fit(X)
        whole = shards.to_local()
        codes = fastsp.dask.transform(whole, da.from_array(X, chunks=(300, -1)))
        wanted = fastsp.SpatialPooler(**PARAMETERS).fit_transform(X)
        assert (scipy.sparse.csr_matrix(codes.compute()) != wanted).nnz == 0
