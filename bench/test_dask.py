"""Dask on one machine: `transform` on two workers beside one process, and what an exchange costs.

    python -m pytest bench/test_dask.py -s

The cost of a batch of a pooler in shards is held against `bench/dask_costs.py`, of which every rate
is measured on its own: an exchange of nothing, of many bytes, a cycle in one process, a merge.
"""

import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster
from numpy.typing import NDArray

import fastsp.dask
from bench import machine
from bench.configurations import BY_NAME
from bench.dask_costs import Network, Shards, Work, seconds
from bench.test_threads import _bound_threads
from fastsp import SpatialPooler
from fastsp.dask.actors import Actors
from fastsp.engine.coordinator import Coordinator
from fastsp.engine.draw import seeds_of
from fastsp.engine.packing import pack
from fastsp.engine.shard import Shard

BATCHES = (1, 4, 16, 64, 256, 1024)
POOLER = {"column_shape": (16384,), "n_potential": 256, "density": 0.02}
_PASSES = 200_000


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    options = {"dashboard_address": ":0", "processes": True, "threads_per_worker": 1}
    with (
        LocalCluster(n_workers=2, **options) as cluster,
        Client(cluster, direct_to_workers=True) as client,
    ):
        yield client


def _seconds(act: Callable[[], Any]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _ceiling() -> float:
    """Return what two cores are worth beside one, at this moment."""
    with _bound_threads(2) as threads:
        one = _seconds(lambda: machine.popcount(2 * _PASSES))
        return one / _seconds(lambda: list(threads.map(machine.popcount, [_PASSES] * 2)))


def test_transform_on_two_workers(benchmark, effort, client):
    inputs = np.asarray(BY_NAME["D"].inputs())
    pooler = SpatialPooler(**POOLER, random_state=0, n_jobs=1).fit(inputs[:512])
    wanted = 1.0 if effort.n_rounds < 5 else 12.0
    per_input = _seconds(lambda: pooler.transform(inputs)) / len(inputs)
    n_blocks = max(4, round(wanted / (per_input * len(inputs))))
    block = da.from_delayed(client.scatter(inputs), inputs.shape, inputs.dtype)
    blocks = da.concatenate([block] * n_blocks).persist()
    codes = fastsp.dask.transform(pooler, blocks, client)
    n_ones = codes.map_blocks(_count, chunks=((1,) * n_blocks, (1,)), dtype=np.int64)

    def alone() -> int:
        return sum(int(pooler.transform(inputs).nnz) for _ in range(n_blocks))

    def together() -> int:
        return int(n_ones.sum().compute())

    assert together() == alone()
    pairs = [(_ceiling(), _seconds(alone), _seconds(together)) for _ in range(3)]
    benchmark.pedantic(together, rounds=1)
    ratio = median(one / two for _, one, two in pairs)
    record = {
        "seconds_of_one_process": median(one for _, one, _ in pairs),
        "speed_up_of_two_workers": ratio,
        "ceiling": median(ceiling for ceiling, _, _ in pairs),
    }
    benchmark.extra_info.update(record | machine.environment())
    print(*(f"{name}: {value:.2f}" for name, value in record.items()), sep="\n")


def _count(block: Any) -> NDArray[np.int64]:
    return np.array([[block.nnz]])


class Echo:
    """An actor that returns what it is sent."""

    def exchange(self, _: None, words: NDArray[np.uint64], n_bytes: int) -> NDArray[np.uint8]:
        return np.zeros(n_bytes, np.uint8)


def _measure_network(client: Client) -> Network:
    """Return the latency of an exchange with two workers, and the bandwidth of large ones."""
    workers = sorted(client.ncores())
    futures = [client.submit(Echo, actor=True, pure=False, workers=[w]) for w in workers]
    actors = [future.result() for future in futures]

    def exchange(n_bytes: int) -> float:
        words = np.zeros(1, np.uint64)
        return _seconds(
            lambda: [c.result() for c in [a.exchange(None, words, n_bytes) for a in actors]]
        )

    latency = median(exchange(8) for _ in range(200))
    large = 2**24
    return Network(latency, 2 * large / (median(exchange(large) for _ in range(10)) - latency))


def _measure_work(words: NDArray[np.uint64], parameters: dict[str, Any]) -> Work:
    """Return what a column takes in a shard that is all there is, and a key in the coordinator."""
    coordinator = Coordinator(words.shape[1] * 64, 1, seeds_of(0), **parameters)
    shard = Shard(coordinator.parts[0], coordinator.different_ties()).begin(np.empty(0))
    of_columns, of_keys = [], []
    for start in range(0, len(words), 64):
        some = words[start : start + 64]
        begin = time.perf_counter()
        candidates = [shard.find(some, True)]
        middle = time.perf_counter()
        rows, (_, counts) = coordinator.winners(candidates)
        winners_of_shards = coordinator.winners_of_shards(rows, counts)
        batch_ends = coordinator.batch_ends([(rows, counts)], candidates)
        end = time.perf_counter()
        shard.learn(winners_of_shards, batch_ends[0])
        of_columns.append(middle - begin + time.perf_counter() - end)
        of_keys.append(end - middle)
    n, k = 64 * coordinator.bounds[-1], 64 * coordinator.rule.n_active
    return Work(median(of_columns[2:]) / n, median(of_keys[2:]) / k)


def _per_batch(pooler: Any, inputs: NDArray[np.uint8], n_batches: int) -> float:
    return min(_seconds(lambda: pooler.partial_fit(inputs)) for _ in range(3)) / n_batches


@pytest.mark.parametrize("n_shards", [1, 2])
def test_the_cost_of_an_exchange(benchmark, effort, client, n_shards):
    inputs = np.asarray(BY_NAME["D"].inputs())[: 2048 if effort.n_rounds >= 5 else 512]
    words = pack(inputs, 0.5)
    work, network = _measure_work(words, POOLER), _measure_network(client)
    print(
        f"\nlatency {1e3 * network.latency:.2f} ms, {network.bandwidth / 1e9:.2f} GB/s, "
        f"{1e9 * work.column:.2f} ns a column, {1e9 * work.key:.1f} ns a key"
    )
    n_columns, rows = POOLER["column_shape"][0], []
    for batch in [size for size in BATCHES if size <= len(inputs)]:
        pooler = fastsp.dask.SpatialPooler(
            **POOLER, batch_size=batch, random_state=0, n_shards=n_shards, client=client
        )
        pooler.fit(inputs[:64])
        some = inputs[: 64 * batch]
        n_batches = -(-len(some) // batch)
        measured = _per_batch(pooler, some, n_batches)
        alone = SpatialPooler(**POOLER, batch_size=batch, random_state=0).fit(inputs[:64])
        of_one = _per_batch(alone, some, n_batches)
        shape = Shards(n_columns, n_shards, batch, POOLER["density"], n_inputs=inputs.shape[1])
        predicted = seconds(shape, network, work)
        total = sum(predicted.values())
        rows.append((n_shards, batch, measured, total, of_one))
        print(
            f"{n_shards} shards, B {batch:5}: {1e3 * measured:8.2f} ms a batch, model "
            f"{1e3 * total:8.2f} ({measured / total:.2f}); one process {1e3 * of_one:8.2f}"
        )
    benchmark.extra_info.update({"rows": rows} | machine.environment())
    benchmark.pedantic(lambda: pooler.partial_fit(some), rounds=1)
    assert len(Actors(client, 1)) == 1  # workers are still there
