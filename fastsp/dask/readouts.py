"""Ridge regression over Dask collections: sums of blocks, added up on the workers."""

import copy
from typing import Any

import dask.array as da
import numpy as np
from dask.delayed import delayed
from distributed import Client, get_client
from joblib import parallel_config
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from fastsp.classifiers import StreamingRidgeClassifier
from fastsp.dask.models import blocks_of, last_of, remote, sizes_of
from fastsp.dask.warm_up import warm_workers


def fit(model: Any, X: Any, y: Any, client: Client | None = None) -> Any:
    """Return a model whose `StreamingRidgeClassifier` has learned the samples `X`.

    Each block is learned by itself, and the sums of the blocks are added up two by two: those of
    codes are exactly what one process would have found.

    Parameters
    ----------
    model : StreamingRidgeClassifier, or a Pipeline that ends with one, all other steps fitted. It
        stays as it is; what its readout has learned so far is not used.
    X : dask array (n, ...) chunked by rows, of NumPy or SciPy CSR blocks; or dask data frame.
    y : dask array (n,) or series of labels, in the same blocks; an array is rechunked where it is
        not.
    client : None for the current one.

    Returns
    -------
    StreamingRidgeClassifier or Pipeline

    Raises
    ------
    TypeError, ValueError
        Where the model, `X` or `y` is not as it should be.
    NotFittedError
        Where another step of the model is not fitted.
    """
    last = last_of(model)
    if not isinstance(last, StreamingRidgeClassifier):
        raise TypeError(
            "model must be a fastsp.StreamingRidgeClassifier or a Pipeline that ends with one; "
            f"got {type(last).__name__}"
        )
    blocks = blocks_of(X)
    labels = _labels_of(y, X)
    client = get_client() if client is None else client
    readout = clone(last)
    before = model[:-1] if isinstance(model, Pipeline) and len(model.steps) > 1 else None
    for _, step in before.steps if before is not None else ():
        if step not in (None, "passthrough"):
            check_is_fitted(step)
    warm_workers(client, before)
    there = remote(client, (before, readout), "fastsp-readout")
    learn, merge = delayed(_learned, pure=True), delayed(_merged, pure=True)
    parts = [learn(*pair, there) for pair in zip(blocks, labels, strict=True)]
    while len(parts) > 1:
        parts = [merge(parts[i : i + 2]) for i in range(0, len(parts), 2)]
    learned = client.compute(parts[0]).result()
    if learned is None:
        raise ValueError("X must have at least one sample; got none")
    return learned if before is None else Pipeline([*before.steps, (model.steps[-1][0], learned)])


def _labels_of(y: Any, X: Any) -> list[Any]:
    """Return the blocks of labels that belong to those of X, delayed."""
    if not hasattr(y, "to_delayed") or getattr(y, "ndim", 1) != 1:
        raise TypeError(f"y must be a dask array (n,) or series; got {type(y).__name__}")
    sizes, of_labels = sizes_of(X), sizes_of(y)
    known = not np.isnan([*sizes, *of_labels]).any()
    if isinstance(y, da.Array) and known and sizes != of_labels:
        if sum(sizes) != sum(of_labels):
            raise ValueError(f"y must have {sum(sizes)} labels, as X has samples; got {y.size}")
        y = y.rechunk((tuple(sizes),))
    labels = blocks_of(y)
    if len(labels) != len(sizes):
        raise ValueError(f"y must have {len(sizes)} blocks, as X has; got {len(labels)}")
    return labels


def _learned(block: Any, labels: Any, model: Any) -> StreamingRidgeClassifier | None:
    """Return a readout that has learned a block alone, None where there is nothing in it."""
    before, readout = model
    if block.shape[0] == 0:
        return None
    # Dask runs as many tasks as there are cores: each of them has one thread.
    with parallel_config(backend="sequential"):
        codes = block if before is None else before.transform(block)
    learned: StreamingRidgeClassifier = clone(readout).fit(codes, np.asarray(labels))
    return learned


def _merged(parts: list[StreamingRidgeClassifier | None]) -> StreamingRidgeClassifier | None:
    """Return one readout for all; what another task made stays as it is."""
    learned = [part for part in parts if part is not None]
    if len(learned) < 2:
        return learned[0] if learned else None
    merged = copy.deepcopy(learned[0])
    for other in learned[1:]:
        merged.merge(other)
    return merged
