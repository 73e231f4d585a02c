"""Fitted models applied to Dask collections, block by block."""

import hashlib
import pickle
from typing import Any

import dask.array as da
import numpy as np
import scipy.sparse
from dask import config
from dask.delayed import delayed
from distributed import Client, get_client
from joblib import parallel_config
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from fastsp.dask.warm_up import warm_workers
from fastsp.pooler import SpatialPooler


def transform(model: Any, X: Any, client: Client | None = None) -> da.Array:
    """Return the codes of the inputs `X`, lazily.

    Parameters
    ----------
    model : fitted SpatialPooler, or a Pipeline that ends with one. Each worker gets it once, as it
        is now.
    X : dask array (n, ...) chunked by rows, of NumPy or SciPy CSR blocks; or dask data frame.
    client : None for the current one.

    Returns
    -------
    (n, C) dask array of CSR blocks, float32; of NumPy blocks where the pooler's `sparse_output` is
    False. Computed, it is what `model.transform` returns for the whole of `X`.

    Raises
    ------
    TypeError, ValueError
        If the model or `X` is not as it should be.
    NotFittedError
        If the model is not fitted.

    Examples
    --------
    >>> codes = fastsp.dask.transform(pooler, X)  # doctest: +SKIP
    >>> codes.to_zarr("codes.zarr")  # or .compute(), .persist()  # doctest: +SKIP
    """
    last = last_of(model)
    if not isinstance(last, SpatialPooler):
        raise TypeError(
            "model must be a fastsp.SpatialPooler or a Pipeline that ends with one; "
            f"got {type(last).__name__}"
        )
    check_is_fitted(last)
    empty: Any = np.empty((0, int(np.prod(last.column_shape_))), np.float32)
    if last.sparse_output:
        empty = scipy.sparse.csr_matrix(empty)
    return _apply_by_blocks(model, "transform", X, empty, client)


def predict(model: Any, X: Any, client: Client | None = None) -> da.Array:
    """Return the classes that a fitted classifier predicts for the inputs `X`, lazily.

    Parameters
    ----------
    model : fitted classifier, or a Pipeline of encoder, pooler and classifier. Each worker gets it
        once.
    X, client : as in `transform`.

    Returns
    -------
    (n,) dask array, of the type of `model.classes_`

    Raises
    ------
    TypeError, ValueError, NotFittedError
        As in `transform`.
    """
    last = last_of(model)
    if not hasattr(last, "predict"):
        raise TypeError(f"model must have a method predict; got {type(last).__name__}")
    check_is_fitted(last)
    return _apply_by_blocks(model, "predict", X, np.empty(0, model.classes_.dtype), client)


def remote(client: Client, thing: Any, name: str) -> Any:
    """Return a future of `thing`, which workers fetch from each other, once each.

    The scheduler keeps its bytes, so that it outlives every worker: what is scattered is lost with
    the last worker that has it. That is why Dask's warning about bytes in graphs does not apply.
    """
    frozen = pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)
    key = f"{name}-{hashlib.sha256(frozen).hexdigest()}"
    with config.set({"distributed.admin.large-graph-warning-threshold": 2**62}):
        return client.submit(pickle.loads, frozen, key=key)


def last_of(model: Any) -> Any:
    """Return a model, or the last step of a pipeline."""
    return model.steps[-1][1] if getattr(model, "steps", None) else model


def _apply_by_blocks(
    model: Any, method: str, X: Any, empty: Any, client: Client | None
) -> da.Array:
    rows = blocks_of(X)
    client = get_client() if client is None else client
    warm_workers(client, model)
    there = remote(client, model, "fastsp-model")
    apply = delayed(_apply, pure=True)
    outputs = [apply(block, there, method, empty) for block in rows]
    return joined(outputs, sizes_of(X), empty)


def blocks_of(X: Any) -> list[Any]:
    """Return the blocks of rows of a Dask collection, delayed.

    Raises TypeError where it is none, and ValueError where it is cut along other axes, too.
    """
    if not hasattr(X, "to_delayed") or not (hasattr(X, "chunks") or hasattr(X, "columns")):
        raise TypeError(f"X must be a dask array or data frame; got {type(X).__name__}")
    if hasattr(X, "chunks") and any(len(sizes) != 1 for sizes in X.chunks[1:]):
        raise ValueError(
            "X must be chunked by rows alone, X.rechunk({1: -1}) for instance; got chunks of "
            f"{X.chunksize}"
        )
    return list(np.ravel(X.to_delayed()))


def sizes_of(X: Any) -> list[float]:
    """Return how many rows each block has, NaN where that is not known."""
    return list(X.chunks[0]) if hasattr(X, "chunks") else [np.nan] * X.npartitions


def joined(blocks: list[Any], sizes: list[float], empty: Any) -> da.Array:
    """Return a dask array of delayed blocks of rows that are like `empty`."""
    arrays = [
        da.from_delayed(block, (size, *empty.shape[1:]), meta=empty)
        for block, size in zip(blocks, sizes, strict=True)
    ]
    return da.concatenate(arrays, allow_unknown_chunksizes=True)


def _apply(block: Any, model: Any, method: str, empty: Any) -> NDArray[Any] | Any:
    if block.shape[0] == 0:
        return empty
    # Dask runs as many tasks as there are cores: each of them has one thread.
    with parallel_config(backend="sequential"):
        return getattr(model, method)(block)
