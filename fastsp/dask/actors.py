"""Shards as Dask actors: where they live, how they are called, and how their loss shows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from distributed import Client
from distributed.client import Future
from numpy.typing import NDArray

from fastsp.archive import read_archive, write_archive
from fastsp.engine.shard import BatchEnd, Candidates, Part, Shard, Winners

POLL = 2.0
"""Seconds between two looks at whether a worker that does not answer is still there."""
PATIENCE = 60.0
"""Seconds to wait for a worker where there is none."""

PendingUpdate = tuple[Sequence[Winners], BatchEnd]
"""What a shard is to learn before anything else."""


class ShardLostError(RuntimeError):
    """A worker died that held a shard of a pooler."""


class NoWorkersError(ShardLostError):
    """There are no workers, for a long time already."""


class ShardActor:
    """One shard on a worker. Each call is one message there and one back.

    Dask runs one call at a time.
    """

    _shard: Shard

    def build(self, part: Part, ties: NDArray[np.float32] | None, path: str | None) -> None:
        """Draw the shard, or restore it from a file."""
        state = None
        if path is not None:
            try:
                with open(path, "rb") as file:
                    header, arrays = read_archive(file)
            except OSError as error:  # see `save`
                raise RuntimeError(f"checkpoint cannot be read from {path}: {error}") from error
            state = arrays | {"n_cycles": header["n_cycles"]}
        self._shard = Shard(part, ties, state)

    def begin(self, targets: NDArray[np.float64]) -> None:
        """See `Shard.begin`."""
        self._shard.begin(targets)

    def exchange(
        self, pending: PendingUpdate | None, words: NDArray[np.uint64] | None, learns: bool
    ) -> Candidates | None:
        """Learn what is to be learned, then return the candidates for the next inputs."""
        if pending is not None:
            self._shard.learn(*pending)
        return None if words is None else self._shard.find(words, learns)

    def learn_alone(self, pieces: Sequence[NDArray[np.uint64]]) -> None:
        """See `Shard.learn_alone`."""
        self._shard.learn_alone(pieces)

    def state(self) -> dict[str, Any]:
        """See `Shard.state`."""
        return self._shard.state()

    def active_duty_cycles(self) -> NDArray[np.float64]:
        """Return the active duty cycles, a copy."""
        return np.array(self._shard.active_duty_cycles)

    def save(self, path: str) -> None:
        """Write the shard to a file; RuntimeError where that fails."""
        state = self._shard.state()
        header = {"kind": "shard", "n_cycles": state.pop("n_cycles")}
        try:
            write_archive(path, header, state)
        except OSError as error:  # which, unlike others, would mean a worker that is gone
            raise RuntimeError(f"checkpoint cannot be written to {path}: {error}") from error


class Actors:
    """The shards of one pooler, on the workers of a cluster in turn.

    Raises ShardLostError where a worker is lost, from any method.
    """

    def __init__(self, client: Client, n: int) -> None:
        _wait_for_workers(client)
        workers = sorted(client.ncores())
        if not workers:
            raise ShardLostError("the only worker was lost")
        chosen = [workers[i % len(workers)] for i in range(n)]
        self.futures: list[Future] = [
            client.submit(ShardActor, actor=True, pure=False, workers=[worker]) for worker in chosen
        ]
        self._actors = [
            _result(client, future, worker)
            for future, worker in zip(self.futures, chosen, strict=True)
        ]

    def __len__(self) -> int:
        return len(self._actors)

    def call(self, method: str, *arguments: Sequence[Any]) -> list[Any]:
        """Call a method of all shards at once; return their results.

        `arguments` are sequences, each with one value for each shard.
        """
        given = list(zip(*arguments, strict=True)) if arguments else [()] * len(self)
        try:
            calls = [
                getattr(actor, method)(*own) for actor, own in zip(self._actors, given, strict=True)
            ]
        except RuntimeError as error:
            raise ShardLostError("a worker that held a shard was lost") from error
        return [self._wait(i, call) for i, call in enumerate(calls)]

    def _wait(self, number: int, call: Any) -> Any:
        while True:
            try:
                return call.result(timeout=POLL)
            except OSError as error:  # TimeoutError is one
                silent = isinstance(error, TimeoutError) and not call.done()
                if silent and self.futures[number].status == "finished":
                    continue
                raise ShardLostError("a worker that held a shard was lost") from error


def _wait_for_workers(client: Client) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise NoWorkersError(f"no worker came within {PATIENCE:.0f} seconds") from error


def _result(client: Client, future: Future, worker: str) -> Any:
    """Return the actor that a worker makes as soon as it has time, while it is there."""
    while True:
        try:
            return future.result(timeout=POLL)
        except Exception as error:
            if not isinstance(error, TimeoutError) or worker not in client.ncores():
                raise ShardLostError("a worker was lost on which a shard was put") from error
