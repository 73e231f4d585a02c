"""One pooler in shards: how it is built, learns, infers, and goes back to its last snapshot."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from fastsp.dask import checkpoints
from fastsp.dask.actors import Actors, NoWorkersError, PendingUpdate, ShardLostError
from fastsp.dask.checkpoints import Snapshot
from fastsp.dask.inputs import Inputs, Words
from fastsp.dask.warm_up import WarmUp, kind_of_shards, register
from fastsp.engine.coordinator import Coordinator
from fastsp.engine.shard import Candidates

MOST_ATTEMPTS = 10
"""So often the same snapshot is gone back to before it is given up."""
T = TypeVar("T")
Found = tuple[NDArray[np.int32], NDArray[np.int64]]


class ShardedEngine:
    """A Spatial Pooler whose shards live on the workers of `client`.

    Attributes
    ----------
    coordinator : Coordinator
    n_cycles : int, learning cycles so far
    """

    def __init__(
        self,
        client: Client,
        coordinator: Coordinator,
        checkpoint: Path | None,
        checkpoint_every: int,
        snapshot: Snapshot | None = None,
    ) -> None:
        self.client, self.coordinator, self._snapshot = client, coordinator, snapshot
        self._checkpoint, self._every = checkpoint, checkpoint_every
        self.n_cycles = 0 if snapshot is None else snapshot.n_cycles
        self._shards: Actors | None = None
        self._lost: str | None = None
        """Why the shards are of no single moment, if they are not."""
        self._safely(lambda: None)

    def learn(self, inputs: Inputs) -> None:
        """Learn from all inputs; what is wrong with one of them is raised after those before it."""
        first = self.n_cycles
        if self._checkpoint is not None and self.n_cycles != self._kept_cycles():
            self._safely(self._take_snapshot)
        self._check()
        # Until all is well again: Ctrl-C may come when some shards have learned and others not.
        self._lost = "learning was interrupted"
        wrong = self._safely(lambda: self._learn_from(inputs, self.n_cycles - first))
        self._lost = None
        if wrong is not None:
            raise wrong

    def find(self, words: Words) -> Found:
        """Return the active columns of inputs, those of one after the other, and their numbers."""
        self._check()
        return self._safely(lambda: find(self.coordinator, words, self._exchange))

    def states(self) -> list[dict[str, Any]]:
        """Return the state of each shard; see `Shard.state`."""
        self._check()
        states: list[dict[str, Any]] = self._safely(lambda: self._call("state"))
        return states

    @property
    def futures(self) -> list[Any]:
        """The futures of the actors."""
        self._check()
        return self._safely(lambda: [] if self._shards is None else self._shards.futures)

    def close(self) -> None:
        """Let the workers forget the shards."""
        self._shards, self._lost = None, "it was closed"

    def _check(self) -> None:
        """Raise ShardLostError where the shards are of no single moment."""
        if self._lost is not None:
            raise ShardLostError(f"the pooler is lost: {self._lost}; {self._advice()}")

    def _advice(self) -> str:
        if self._snapshot is None:
            return "fit it again, with a checkpoint folder to go back to where a worker dies"
        return f"SpatialPooler.restored({str(self._checkpoint)!r}) goes back to the last snapshot"

    def _kept_cycles(self) -> int:
        """Return how many cycles need not be learned again: a pooler can always be drawn again."""
        return 0 if self._snapshot is None else self._snapshot.n_cycles

    def _safely(self, action: Callable[[], T]) -> T:
        """Do something; where a worker is lost, go back to the last snapshot and do it again."""
        attempts, reached = 0, -1
        while True:
            try:
                if self._shards is None:
                    self._build()
                return action()
            except ShardLostError as error:
                self._shards = None
                attempts = attempts + 1 if self._kept_cycles() == reached else 1
                reached = self._kept_cycles()
                # With a folder and no snapshot yet, all inputs so far are at hand.
                is_gone = self._checkpoint is None and self.n_cycles > 0
                if is_gone or attempts > MOST_ATTEMPTS or isinstance(error, NoWorkersError):
                    self._lost = str(error)
                    raise ShardLostError(
                        f"the pooler is lost: {error}, after {self.n_cycles} cycles; "
                        f"{self._advice()}"
                    ) from error

    def _build(self) -> None:
        """Draw the shards, or restore them from the last snapshot."""
        coordinator, kept, n = self.coordinator, self._snapshot, len(self.coordinator.parts)
        self.n_cycles = self._kept_cycles()
        files: Sequence[str | None] = [None] * n
        if kept is not None and self._checkpoint is not None:
            files = kept.files(self._checkpoint)
        rows = int(np.diff(coordinator.bounds).max())
        n_inputs = int(np.prod(coordinator.input_shape))
        n_columns = rows // coordinator.rule.n_segments
        kind = kind_of_shards(coordinator.parameters, n_columns, n_inputs)
        register(self.client, WarmUp(kind))
        shards = Actors(self.client, n)
        shards.call("build", coordinator.parts, [coordinator.different_ties()] * n, files)
        if coordinator.needs_duty_cycles:
            coordinator.set_duty_cycles(np.concatenate(shards.call("active_duty_cycles")))
        shards.call("begin", coordinator.beginnings())
        self._shards = shards

    def _call(self, method: str, *arguments: Sequence[Any]) -> list[Any]:
        assert self._shards is not None
        return self._shards.call(method, *arguments)

    def _exchange(
        self, words: Words | None, learns: bool = False, pending: list[PendingUpdate] | None = None
    ) -> list[Candidates]:
        n = len(self.coordinator.parts)
        done: list[PendingUpdate | None] = [None] * n if pending is None else [*pending]
        return self._call("exchange", done, [words] * n, [learns] * n)

    def _learn_from(self, inputs: Inputs, first: int) -> Exception | None:
        """Learn from the inputs from row `first` on; return what is wrong with one of them."""
        coordinator, batches = (
            self.coordinator,
            inputs.batches(first, self.coordinator.rule.batch_size),
        )
        pending: list[PendingUpdate] | None = None
        n_open, number = 0, 0
        while True:
            batch = _next(batches)
            if batch is None or isinstance(batch, Exception):
                break
            pieces = [
                batch[i : i + coordinator.step] for i in range(0, len(batch), coordinator.step)
            ]
            if coordinator.finds_winners:
                won, winners_of_shards = [], []
                for piece in pieces:
                    candidates = self._exchange(piece, True, pending)
                    self.n_cycles, n_open, pending = self.n_cycles + n_open, 0, None
                    rows, (_, counts) = coordinator.winners(candidates)
                    won.append((rows, counts))
                    winners_of_shards.append(coordinator.winners_of_shards(rows, counts))
                batch_ends = coordinator.batch_ends(won, candidates)
                pending = list(zip(zip(*winners_of_shards, strict=True), batch_ends, strict=True))
                n_open = len(batch)
            else:
                self._call("learn_alone", [pieces] * len(coordinator.parts))
                self.n_cycles += len(batch)
            number += 1
            if self._checkpoint is not None and number % self._every == 0:
                self._finish(pending, n_open)
                pending, n_open = None, 0
                self._take_snapshot()
        self._finish(pending, n_open)
        if self._checkpoint is not None and self.n_cycles != self._kept_cycles():
            self._take_snapshot()
        return batch

    def _finish(self, pending: list[PendingUpdate] | None, n_open: int) -> None:
        """Let the shards learn what is still to be learned."""
        if pending is not None:
            self._exchange(None, True, pending)
            self.n_cycles += n_open

    def _take_snapshot(self) -> None:
        coordinator = self.coordinator
        assert self._checkpoint is not None
        assert self._shards is not None
        snapshot = Snapshot(
            checkpoints.new_name(self.n_cycles),
            self.n_cycles,
            len(coordinator.parts),
            int(np.prod(coordinator.input_shape)),
            coordinator.seeds,
            coordinator.parameters,
        )
        checkpoints.write(self._checkpoint, snapshot, self._shards)
        self._snapshot = snapshot


def find(coordinator: Coordinator, words: Words, ask: Callable[[Words], list[Candidates]]) -> Found:
    """Return the active columns of inputs from the candidates that shards tell when asked.

    Raises RuntimeError where the shards learned meanwhile.
    """
    parts: list[Found] = [(np.empty(0, np.int32), np.empty(0, np.int64))]
    moments = set()
    for start in range(0, len(words), coordinator.step):
        candidates = ask(words[start : start + coordinator.step])
        moments |= {one.n_cycles for one in candidates}
        if len(moments) > 1:
            raise RuntimeError("the pooler learned while these codes were found")
        parts.append(coordinator.winners(candidates)[1])
    columns, counts = zip(*parts, strict=True)
    return np.concatenate(columns), np.concatenate(counts)


def _next(batches: Any) -> Words | Exception | None:
    """Return the next batch, None after the last, or what is wrong with it."""
    try:
        batch: Words | None = next(batches, None)
    except Exception as error:
        return error
    return batch
