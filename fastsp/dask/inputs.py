"""Inputs of a pooler in shards, packed, in batches: from memory or from a Dask collection."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from dask.delayed import delayed
from distributed import Client
from numpy.typing import NDArray

from fastsp.dask.models import blocks_of, sizes_of
from fastsp.engine.packing import check_inputs, pack_checked

AHEAD = 2
"""Blocks that workers pack while the one before is learned."""

Words = NDArray[np.uint64]


def is_lazy(X: Any) -> bool:
    """Return whether `X` is a Dask collection."""
    return hasattr(X, "__dask_graph__")


def n_inputs_of(X: Any) -> int:
    """Return the number of input bits that the rows of `X` have; ValueError where it has none."""
    if not is_lazy(X) and not hasattr(X, "shape"):
        X = np.asarray(X)
    if len(X.shape) != 2:
        raise ValueError(f"X must have two dimensions; got {len(X.shape)}")
    return int(X.shape[1])


def check_lazy(X: Any, n_inputs: int) -> None:
    """Raise ValueError where the rows of a Dask collection have another number of input bits."""
    if n_inputs_of(X) != n_inputs:
        raise ValueError(f"X must have the shape (n, {n_inputs}); got {X.shape}")


class Inputs:
    """Inputs (n, N) of a pooler, checked before any of them is used where they are in memory.

    Raises
    ------
    ValueError, TypeError
        If `X` is not as it should be.
    """

    def __init__(self, X: Any, n_inputs: int, threshold: float, client: Client) -> None:
        self._shape, self._client = (n_inputs, threshold), client
        self._whole: Any = None
        self._blocks: list[Any] = []
        if not is_lazy(X):
            self._whole = check_inputs(X, n_inputs)
            return
        self._blocks, self._sizes = blocks_of(X), sizes_of(X)
        check_lazy(X, n_inputs)

    def batches(self, first: int, size: int) -> Iterator[Words]:
        """Yield the inputs from row `first` on in batches of `size`, the last one maybe smaller."""
        held: list[Words] = []
        n = 0
        for words in self._words(first, size):
            start = 0
            while n + len(words) - start >= size:
                part = words[start : start + size - n]
                yield np.concatenate([*held, part]) if held else part
                start, held, n = start + len(part), [], 0
            if start < len(words):
                held.append(words[start:])
                n += len(words) - start
        if held:
            yield np.concatenate(held)

    def _words(self, first: int, size: int) -> Iterator[Words]:
        if self._whole is None:
            yield from _without(self._packed_blocks(first), first)
            return
        step = max(size, 1024)
        for start in range(first, self._whole.shape[0], step):
            yield pack_checked(self._whole[start : start + step], self._shape[1])

    def _packed_blocks(self, first: int) -> Iterator[tuple[int, Words]]:
        """Yield the row each block begins with, and the block; without those wholly before."""
        blocks, row = list(self._blocks), 0
        for size in self._sizes:
            if not row + size <= first:  # nor where the size is not known
                break
            row += int(size)
            blocks.pop(0)
        ahead: deque[Any] = deque()
        packed = delayed(pack_block, pure=True)
        while blocks or ahead:
            while blocks and len(ahead) <= AHEAD:
                ahead.append(self._client.compute(packed(blocks.pop(0), *self._shape)))
            words: Words = ahead.popleft().result()
            yield row, words
            row += len(words)


def _without(blocks: Iterable[tuple[int, Words]], first: int) -> Iterator[Words]:
    for row, words in blocks:
        yield words[max(0, first - row) :]


def pack_block(block: Any, n_inputs: int, threshold: float) -> Words:
    """Return the inputs of a block, checked and packed."""
    if hasattr(block, "to_numpy"):
        block = block.to_numpy()
    return pack_checked(check_inputs(block, n_inputs), threshold)
