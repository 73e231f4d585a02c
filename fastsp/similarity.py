"""Search for similar codes: those that share the most active columns."""

import copy
from functools import partial
from typing import Any, Self

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import ArrayLike, NDArray

from fastsp.engine.parameters import check_count, check_size
from fastsp.engine.threads import n_available, run_with
from fastsp.kernels.llvm.bits import ROW_WORDS, ROWS
from fastsp.kernels.search import (
    BLOCK,
    LAST_ROW,
    ROW_BITS,
    Adders,
    Queries,
    enter_codes,
    erase_codes,
    search_in_parallel,
    search_part,
)
from fastsp.masks import check_unmasked
from fastsp.metrics.checks import as_csr

Rows = NDArray[np.int64]
SMALLEST_SHARE = 2000
"""Queries times blocks of codes for each thread, with fewer of which one is as fast."""


class OverlapIndex:
    """Find the stored codes that share the most active columns with a query.

    The search is exact: it gives what counting all overlaps and sorting them gives. For each column
    the index holds a bit for each code, so it takes C / 8 bytes for a code of C columns, in blocks
    of 512 codes.

    Parameters
    ----------
    codes : (n, C) array or sparse matrix of 0 and 1
        Codes to store, in rows 0 to n - 1; n may be 0.
    n_jobs : int, optional
        Threads for `query`, as in scikit-learn. Results do not depend on it.

    Attributes
    ----------
    n_columns : int
        Columns C of a code.
    n_jobs : int or None

    Raises
    ------
    ValueError
        Where `codes` are not as described.

    Notes
    -----
    `len(index)` is the number of codes that are stored. Pickles, copies and `fastsp.save` keep the
    index as it is. Any number of threads may call `query` at once, but none while another adds or
    removes.

    Examples
    --------
    >>> index = OverlapIndex([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]])
    >>> rows, overlaps = index.query([[0, 1, 1, 0]], 2)
    >>> rows, overlaps
    (array([[1, 0]]), array([[2, 1]]))
    >>> index.remove([1])
    >>> index.add([[1, 0, 1, 0], [1, 0, 0, 1]])
    array([1, 3])
    """

    kind = "OverlapIndex"

    def __init__(self, codes: ArrayLike, *, n_jobs: int | None = None) -> None:
        sdrs = as_csr(codes, "codes")
        self.n_columns = int(sdrs.shape[1])
        self.n_jobs = n_jobs
        self._live = np.zeros(0, np.bool_)
        self._words = np.zeros((0, self.n_columns + 2, ROW_WORDS), np.uint64)
        self.add(sdrs)

    def __len__(self) -> int:
        return int(np.count_nonzero(self._live))

    def add(self, codes: ArrayLike) -> Rows:
        """Store further codes.

        Parameters
        ----------
        codes : (n, C) array or sparse matrix of 0 and 1

        Returns
        -------
        (n,) int64
            Their rows, ascending: the lowest that are free. So what was removed makes room.

        Raises
        ------
        ValueError
            Where `codes` are not as described; nothing is stored then.
        """
        indptr, indices = self._columns_of(codes, "codes")
        n = indptr.size - 1
        n_lacking = n - int(np.count_nonzero(~self._live))
        if n_lacking > 0:  # by half at least, so that many small additions copy little
            n_blocks = max(-(-n_lacking // BLOCK), len(self._words) // 2)
            room = np.zeros((n_blocks, *self._words.shape[1:]), np.uint64)
            self._words = np.concatenate([self._words, room])
            self._live = np.append(self._live, np.zeros(n_blocks * BLOCK, np.bool_))
        rows = np.flatnonzero(~self._live)[:n]
        enter_codes(self._words, rows, indptr, indices)
        self._live[rows] = True
        return rows

    def remove(self, rows: ArrayLike) -> None:
        """Forget codes; the others keep their rows.

        Parameters
        ----------
        rows : (n,) array of int
            Rows of stored codes, each once.

        Raises
        ------
        ValueError
            Where `rows` are not as described; nothing is removed then.
        """
        check_unmasked("rows", rows)
        given = np.asarray(rows)
        if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
            raise ValueError(f"rows must be a 1-D array of integers, got {rows!r}")
        places = given.astype(np.int64)
        unknown = (places < 0) | (places >= self._live.size)
        unknown[~unknown] = ~self._live[places[~unknown]]
        if unknown.any():
            raise ValueError(f"rows must be those of stored codes, got {given[unknown][0]}")
        if np.unique(places).size < places.size:
            raise ValueError("rows must be different, got some of them again")
        erase_codes(self._words, places)
        self._live[places] = False

    def query(self, codes: ArrayLike, k: int = 1) -> tuple[Rows, Rows]:
        """Return the rows that share the most active columns with each code, the best first.

        Parameters
        ----------
        codes : (n, C) array or sparse matrix of 0 and 1
        k : int, default=1
            Rows to return for each, at least 1 and at most as many as are stored.

        Returns
        -------
        rows : (n, k) int64
            Of equal overlaps the lower row comes first, and is in where not all have room.
        overlaps : (n, k) int64
            Active columns that each shares with the code.

        Raises
        ------
        ValueError, TypeError
            Where an argument is not as described.
        """
        k, n_stored = check_size("k", k), len(self)
        if k > n_stored:
            raise ValueError(f"k must be at most the number of stored codes, {n_stored}; got {k}")
        indptr, indices = self._columns_of(codes, "codes")
        n = indptr.size - 1
        keys = np.zeros((n, k), np.int64)
        queries = Queries(indptr, indices, keys)
        n_used = int(np.flatnonzero(self._live)[-1]) // BLOCK + 1
        n_threads = n_available(min(int(effective_n_jobs(self.n_jobs)), n))
        n_threads = max(1, min(n_threads, n * n_used // SMALLEST_SHARE))
        n_planes = max(3, int(np.diff(indptr).max(initial=0) + 1).bit_length())
        scratch = Adders(
            np.zeros((n_threads, ROWS), np.int64),
            np.zeros((n_threads, n_planes * ROW_WORDS), np.uint64),
            np.zeros((n_threads, ROW_WORDS), np.uint64),
            np.zeros((n_threads, ROW_WORDS), np.uint64),
        )
        words = self._words[:n_used]
        if n_threads == 1:
            search_part(words, queries, scratch, 0, 1)
        else:
            run_with(
                n_threads,
                partial(search_in_parallel, words, queries, scratch),
                partial(search_part, words, queries, scratch),
            )
        keys = -np.sort(-keys, axis=1)
        return LAST_ROW - (keys & LAST_ROW), (keys >> ROW_BITS) - 1

    def describe(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return a header and arrays for a model file; `restored` takes them."""
        header = {"estimator": self.kind, "n_columns": self.n_columns, "n_jobs": self.n_jobs}
        return header, {"words": self._words, "live": self._live}

    @classmethod
    def restored(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """Return the index that `describe` described; ValueError where it did not."""
        words, live = arrays["words"], arrays["live"]
        index = cls(np.zeros((0, check_count("n_columns", header["n_columns"]))))
        index.n_jobs = header["n_jobs"]
        shape = (len(words), *index._words.shape[1:])
        if words.dtype.kind != "u" or words.shape != shape:
            raise ValueError(
                f"words must be uint64 of shape {shape}, got {words.dtype} of shape {words.shape}"
            )
        if live.dtype != np.bool_ or live.shape != (len(words) * BLOCK,):
            raise ValueError(f"live must hold {len(words) * BLOCK} truth values")
        index._words, index._live = np.array(words, np.uint64, order="C"), live.copy()
        of_live = np.packbits(live, bitorder="little").view("<u8").astype(np.uint64)
        index._words[:, -2], index._words[:, -1] = of_live.reshape(-1, ROW_WORDS), 0
        index._words &= index._words[:, -2:-1]
        return index

    def __copy__(self) -> Self:
        return copy.deepcopy(self)  # no two share what `add` writes to

    def _columns_of(self, codes: ArrayLike, name: str) -> tuple[Rows, Rows]:
        """Return the active columns of codes, as pointers and indices of a CSR matrix."""
        sdrs = as_csr(codes, name)
        if sdrs.shape[1] != self.n_columns:
            raise ValueError(f"{name} must have {self.n_columns} columns, got {sdrs.shape[1]}")
        return sdrs.indptr.astype(np.int64), sdrs.indices.astype(np.int64)
