"""One pooler whose columns lie in shards on the workers of a Dask cluster."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy.sparse
from dask.delayed import delayed
from distributed import Client, get_client
from sklearn.exceptions import NotFittedError

import fastsp.pooler
from fastsp.dask import checkpoints
from fastsp.dask.engine import ShardedEngine, find
from fastsp.dask.inputs import Inputs, Words, check_lazy, is_lazy, n_inputs_of, pack_block
from fastsp.dask.models import blocks_of, joined, remote, sizes_of
from fastsp.engine.coordinator import Coordinator, largest_number_of_shards
from fastsp.engine.draw import seeds_of
from fastsp.engine.packing import as_matrix, check_inputs, pack_checked
from fastsp.engine.parameters import DRAWN, check_shape, check_size, complete
from fastsp.engine.shard import Candidates
from fastsp.engine.switches import NOTHING_OFF


class SpatialPooler:
    """One Spatial Pooler, its columns in shards on the workers, trained exactly.

    What it learns, and the codes it gives, are those of one `fastsp.SpatialPooler` with the same
    parameters, bit for bit, for any number of shards. No process holds more synapses than those of
    its own shards, unless `to_local` asks for all. Each batch costs one exchange of messages; with
    grouped inhibition the workers are told the inputs, and say nothing. One thread works on each
    shard.

    Parameters
    ----------
    column_shape : as of `fastsp.SpatialPooler`
    client : distributed.Client, optional
        None for the current one when the pooler is drawn.
    n_shards : int, optional
        As many as there are workers if None; at most the number of columns, or with grouped
        inhibition of groups.
    checkpoint : path, optional
        Folder for snapshots, which all workers and this process can reach; an earlier snapshot in
        it is replaced. Where a worker dies that holds a shard, training goes back to the last one.
        Without it the pooler is lost then, unless it had learned nothing yet.
    checkpoint_every : int
        Batches between two snapshots; another one is taken after each call that learns.
    random_state : as of `fastsp.SpatialPooler`
    **parameters
        Those of `fastsp.SpatialPooler`, with the same defaults and meanings, but for `n_jobs`,
        `sparse_output` and `verbose`. They stay what they are.

    Attributes
    ----------
    column_shape_, input_shape_ : tuple of int
    n_active_, n_cycles_, n_features_in_ : int, as of `fastsp.SpatialPooler`
    n_shards_ : int
    parameters : dict, as given and all defaults

    Raises
    ------
    TypeError, ValueError
        If a parameter is unknown, or when the pooler is drawn, not as it should be.

    Examples
    --------
    >>> from distributed import Client  # doctest: +SKIP
    >>> client = Client("tcp://scheduler:8786")  # doctest: +SKIP
    >>> pooler = fastsp.dask.SpatialPooler((10**6,), batch_size=256)  # doctest: +SKIP
    >>> codes = pooler.fit(X).transform(X)  # doctest: +SKIP
    """

    def __init__(
        self,
        column_shape: int | tuple[int, ...] = (2048,),
        *,
        client: Client | None = None,
        n_shards: int | None = None,
        checkpoint: str | Path | None = None,
        checkpoint_every: int = 100,
        random_state: Any = None,
        **parameters: Any,
    ) -> None:
        self.parameters = complete({"column_shape": column_shape, **parameters})
        self.client, self.n_shards, self.random_state = client, n_shards, random_state
        self.checkpoint = None if checkpoint is None else Path(checkpoint).absolute()
        self.checkpoint_every = check_size("checkpoint_every", checkpoint_every)
        self._engine: ShardedEngine | None = None

    @classmethod
    def restored(
        cls, checkpoint: str | Path, client: Client | None = None, checkpoint_every: int = 100
    ) -> Self:
        """Return the pooler of the last snapshot in a folder; FileNotFoundError without one.

        The number of shards is what it was.
        """
        kept = checkpoints.read(Path(checkpoint))
        pooler = cls(
            client=client,
            n_shards=kept.n_shards,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
            **kept.parameters,
        )
        coordinator = Coordinator(kept.n_inputs, kept.n_shards, kept.seeds, **kept.parameters)
        pooler._engine = pooler._engine_of(coordinator, kept)
        return pooler

    def fit(self, X: Any, y: Any = None) -> Self:
        """Draw a new pooler and learn from each row of `X` once, in order.

        Parameters
        ----------
        X : (n, N) array or sparse matrix, or dask array or data frame chunked by rows. Blocks of
            the latter are packed by the workers, and pass through this process one by one.
        y : ignored.

        Raises
        ------
        ValueError, TypeError
            If a parameter or `X` is not as it should be. Nothing changes then, unless it is found
            in a block of a Dask collection: what came before that is learned.
        ShardLostError
            If a worker died that held a shard, and there is no `checkpoint` to go back to, or no
            worker is left.
        """
        n_inputs = n_inputs_of(X)
        coordinator = self._planned(n_inputs)
        inputs = Inputs(X, n_inputs, coordinator.parameters["threshold"], self._connected())
        self._engine = self._engine_of(coordinator)
        self._engine.learn(inputs)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on learning from each row of `X` once, in order; the first call draws the pooler.

        As with `fastsp.SpatialPooler`, each call begins a new batch. Parameters and errors as in
        `fit`.
        """
        if self._engine is None:
            return self.fit(X)
        threshold = self._engine.coordinator.parameters["threshold"]
        self._engine.learn(Inputs(X, self.n_features_in_, threshold, self._connected()))
        return self

    def initialize(self, n_features: int) -> Self:
        """Draw a new pooler for `n_features` input bits, without learning anything yet."""
        self._engine = self._engine_of(self._planned(check_size("n_features", n_features)))
        return self

    def transform(self, X: Any) -> Any:
        """Return the code of each row of `X`: 1 where a column is active. Nothing is learned.

        Parameters
        ----------
        X : (n, N), as in `fit`.

        Returns
        -------
        (n, C) CSR matrix, float32. Of a Dask collection a dask array of CSR blocks, which are found
        when it is computed, by what the shards have learned then. That array does not outlive the
        shards.

        Raises
        ------
        ValueError, TypeError
            If `X` is not as it should be.
        ShardLostError
            As in `fit`.
        """
        engine = self._drawn()
        coordinator, n_columns = engine.coordinator, int(np.prod(self.column_shape_))
        n_inputs, threshold = self.n_features_in_, coordinator.parameters["threshold"]
        if not is_lazy(X):
            words = pack_checked(check_inputs(X, n_inputs), threshold)
            return as_matrix(*engine.find(words), n_columns)
        check_lazy(X, n_inputs)
        there = remote(self._connected(), coordinator, "fastsp-coordinator")
        codes = delayed(_codes_of_block, pure=False)
        found = [codes(block, there, engine.futures) for block in blocks_of(X)]
        empty = scipy.sparse.csr_matrix((0, n_columns), dtype=np.float32)
        return joined(found, sizes_of(X), empty)

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Return `fit(X).transform(X)`."""
        return self.fit(X).transform(X)

    def to_local(self) -> fastsp.pooler.SpatialPooler:
        """Return the pooler in this process, which must have the memory for all of it."""
        engine = self._drawn()
        state = engine.coordinator.joined(engine.states())
        parameters = engine.coordinator.parameters
        state["drawn"] = {name: parameters[name] for name in sorted(DRAWN)}
        state["off_columns"] = state["off_inputs"] = NOTHING_OFF
        local = fastsp.pooler.SpatialPooler(**parameters, random_state=self.random_state)
        of_face = local.__getstate__() | {"n_features_in_": self.n_features_in_}
        local.__setstate__(of_face | {f"{name}_": value for name, value in state.items()})
        return local

    def close(self) -> None:
        """Let the workers forget the shards; a snapshot stays."""
        self._drawn().close()

    @property
    def column_shape_(self) -> tuple[int, ...]:
        """The grid of columns, in full."""
        return self._drawn().coordinator.column_shape

    @property
    def input_shape_(self) -> tuple[int, ...]:
        """The grid of input bits, in full."""
        return self._drawn().coordinator.input_shape

    @property
    def n_features_in_(self) -> int:
        """Number N of input bits."""
        return int(np.prod(self.input_shape_))

    @property
    def n_active_(self) -> int:
        """The number k of active columns."""
        return self._drawn().coordinator.rule.n_active

    @property
    def n_shards_(self) -> int:
        """The number of shards."""
        return len(self._drawn().coordinator.parts)

    @property
    def n_cycles_(self) -> int:
        """Learning cycles so far."""
        return self._drawn().n_cycles

    def __sklearn_is_fitted__(self) -> bool:
        return self._engine is not None

    def _drawn(self) -> ShardedEngine:
        if self._engine is None:
            raise NotFittedError(
                "this SpatialPooler is not fitted yet: call fit, partial_fit or initialize first"
            )
        return self._engine

    def _connected(self) -> Client:
        return get_client() if self.client is None else self.client

    def _planned(self, n_inputs: int) -> Coordinator:
        """Check parameters; return what is to hold the shards of a new pooler together."""
        n_shards = self.n_shards
        if n_shards is None:
            shape = check_shape("column_shape", self.parameters["column_shape"])
            most = largest_number_of_shards(self.parameters, shape)
            n_shards = min(max(1, len(self._connected().ncores())), most)
        n_shards = check_size("n_shards", n_shards)
        return Coordinator(n_inputs, n_shards, seeds_of(self.random_state), **self.parameters)

    def _engine_of(
        self, coordinator: Coordinator, kept: checkpoints.Snapshot | None = None
    ) -> ShardedEngine:
        return ShardedEngine(
            self._connected(), coordinator, self.checkpoint, self.checkpoint_every, kept
        )


def _codes_of_block(block: Any, coordinator: Coordinator, shards: list[Any]) -> Any:
    """Return the codes of a block of inputs; the shards are asked by the worker that has it."""

    def ask(words: Words) -> list[Candidates]:
        calls = [shard.exchange(None, words, False) for shard in shards]
        return [call.result() for call in calls]

    n_inputs, threshold = int(np.prod(coordinator.input_shape)), coordinator.parameters["threshold"]
    found = find(coordinator, pack_block(block, n_inputs, threshold), ask)
    return as_matrix(*found, int(np.prod(coordinator.column_shape)))
