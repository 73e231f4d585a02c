"""Kernels compiled, or taken from the cache, before the first block of inputs arrives."""

import asyncio
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import locket
import numpy as np
from distributed import Client, WorkerPlugin
from distributed.comm import CommClosedError

from fastsp.pooler import SpatialPooler

_WIDEST = 2**16 + 1
"""Beyond as many columns or input bits their numbers have a wider type, and kernels are others."""
Kind = tuple[int, int, bool]
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
        self._kinds = sorted({(min(r, _WIDEST), min(n, _WIDEST), near) for r, n, near in kinds})
        self.name = f"fastsp-warm-up-{self._kinds}"

    async def setup(self, worker: Any) -> None:
        """Warm the kernels in a thread, so that the worker goes on answering meanwhile."""
        await asyncio.get_running_loop().run_in_executor(None, self.warm)

    def warm(self) -> None:
        """Compile the kernels in this process, or take them from the cache."""
        with _taking_turns():
            for kind in self._kinds:
                _warm(*kind)


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
    """Return what the types depend on that the kernels of a pooler are compiled for.

    That is the number of its rows and of its input bits, and whether columns are compared with
    their neighbourhood when they learn.
    """
    return len(pooler.tie_breakers_), pooler.n_features_in_, compares(pooler.get_params())


def compares(parameters: Mapping[str, Any]) -> bool:
    """Return whether columns are compared with their neighbourhood when they learn."""
    return bool(parameters["boost_target"] != "density" or parameters["weak_column_share"] > 0)


def _poolers_in(model: Any) -> Iterator[SpatialPooler]:
    """Yield the poolers that are a model, or steps of a pipeline."""
    if isinstance(model, SpatialPooler):
        yield model
    for _, step in getattr(model, "steps", ()):
        yield from _poolers_in(step)


def _warm(n_rows: int, n_inputs: int, near: bool) -> None:
    share = 0.1 if near else 0.0
    pooler = SpatialPooler((n_rows,), n_potential=1, weak_column_share=share, random_state=0)
    pooler.initialize(n_inputs).transform(np.zeros((1, n_inputs), np.uint8))
