"""Kernels compiled, or taken from the cache, before the first block of inputs arrives."""

import asyncio
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import locket
import numpy as np
from distributed import Client, WorkerPlugin
from distributed.comm import CommClosedError

from fastsp.engine.index import LAYOUTS
from fastsp.engine.inhibition import INHIBITIONS
from fastsp.engine.parameters import check_shape
from fastsp.pooler import SpatialPooler

_UNTYPED = frozenset(
    ("n_jobs", "n_potential", "overlap_index", "random_state", "sparse_output", "verbose")
)
"""Parameters that no kernel depends on, or that are chosen here."""


class Kind(NamedTuple):
    """What the kernels of a pooler depend on."""

    parameters: tuple[tuple[str, Any], ...]
    n_inputs: int
    learns: bool


PATIENCE = 600.0
"""Seconds after which a worker no longer waits for the others."""


class WarmUp(WorkerPlugin):
    """Warms the kernels of poolers on each worker before its first task, also on those to come.

    Of the workers of one machine, one compiles at a time, and the others find its kernels in the
    cache. All of `fastsp.dask` registers it where it is needed.

    Parameters
    ----------
    *kinds : of the poolers; see `kind_of`

    Examples
    --------
    >>> client.register_plugin(WarmUp(kind_of(pooler)))  # doctest: +SKIP
    """

    idempotent = True

    def __init__(self, *kinds: Kind) -> None:
        self._kinds = tuple(dict.fromkeys(kinds))
        self.name = f"fastsp-warm-up-{self._kinds}"

    async def setup(self, worker: Any) -> None:
        """Warm the kernels in a thread, so that the worker goes on answering meanwhile."""
        await asyncio.get_running_loop().run_in_executor(None, self.warm)

    def warm(self) -> None:
        """Compile the kernels in this process, or take them from the cache."""
        with _taking_turns():
            for kind in self._kinds:
                _warm(kind)


@contextmanager
def _taking_turns() -> Iterator[None]:
    """Wait for the other processes of this user that warm kernels; do not where that cannot be.

    It spares work and no more. Users have numbers everywhere, and names only where somebody gave
    them one. Where temporary folders are shared, anybody can take the name of a file there first.
    """
    try:
        user = os.getuid() if hasattr(os, "getuid") else ""
        path = Path(tempfile.gettempdir()) / f"fastsp-warm-up-{user}.lock"
        if _is_taken(path, user):
            raise PermissionError
        lock = locket.lock_file(str(path), timeout=PATIENCE)
        lock.acquire()
    except (OSError, locket.LockError):
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _is_taken(path: Path, user: int | str) -> bool:
    """Return whether a file is another user's, or no file that locks."""
    try:
        there = path.lstat()
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(there.st_mode) or (user != "" and there.st_uid != user)


def warm_workers(client: Client, model: Any) -> None:
    """Register a `WarmUp` for the poolers of a model; wait until the workers there are are warm."""
    kinds = [kind_of(pooler) for pooler in _poolers_in(model)]
    if kinds:
        register(client, WarmUp(*kinds))


def register(client: Client, warm_up: WarmUp) -> None:
    """Warm all workers, and those to come; one that dies meanwhile is no error."""
    with suppress(CommClosedError):
        client.register_plugin(warm_up)


def kind_of(pooler: SpatialPooler) -> Kind:
    """Return what the kernels of inference with a fitted pooler depend on."""
    return Kind(_typed(pooler.get_params()), pooler.n_features_in_, False)


def kind_of_shards(parameters: Mapping[str, Any], n_columns: int, n_inputs: int) -> Kind:
    """Return what the kernels of shards of up to `n_columns` depend on, which learn as well."""
    kind = INHIBITIONS[parameters["inhibition"]]
    shape: tuple[int, ...] = (n_columns,)
    if kind.finds_winners_in_shards:
        unit = kind.unit_size(check_shape("column_shape", parameters["column_shape"]))
        shape = (n_columns // unit, unit)
    own = {
        "column_shape": shape,
        "input_shape": None,
        "receptive_field": "global",
        "potential_radius": None,
        "inhibition": kind.name if kind.finds_winners_in_shards else "global",
        "inhibition_radius": None,
    }
    return Kind(_typed({**parameters, **own}), n_inputs, True)


def _typed(parameters: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    shapes = {
        name: None if parameters[name] is None else check_shape(name, parameters[name])
        for name in ("column_shape", "input_shape")
    }
    return tuple(
        (name, value)
        for name, value in sorted({**parameters, **shapes}.items())
        if name not in _UNTYPED
    )


def _poolers_in(model: Any) -> Iterator[SpatialPooler]:
    """Yield the poolers that are a model, or steps of a pipeline."""
    if isinstance(model, SpatialPooler):
        yield model
    for _, step in getattr(model, "steps", ()):
        yield from _poolers_in(step)


def _warm(kind: Kind) -> None:
    """Let poolers of a kind infer, and learn if it does, with one synapse a column.

    Which layout of the overlap index the real one takes is not known here.
    """
    nothing = np.zeros((1, kind.n_inputs), np.uint8)
    for layout in LAYOUTS:
        own = dict(kind.parameters) | {"n_potential": 1, "overlap_index": layout}
        pooler = SpatialPooler(**own, random_state=0).initialize(kind.n_inputs)
        if kind.learns:
            pooler.partial_fit(nothing)
        pooler.transform(nothing)
