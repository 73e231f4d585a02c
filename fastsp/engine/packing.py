"""From inputs to packed words for the kernels, and from active columns to codes.

Bit i of an input is bit i % 64 of word i // 64.
"""

import sys
from fractions import Fraction
from functools import lru_cache, partial
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.threads import n_available, run_with
from fastsp.kernels.packing import join_rows, pack_in_parallel, pack_rows, pack_share
from fastsp.masks import check_unmasked

CACHED = 2**18
"""Bits compared at a time, which stay in a core's own cache until they are packed."""
SMALLEST_SHARE = 2**17
"""Input bits, below which one thread packs them faster than several."""


def is_sparse(X: Any) -> bool:
    """Return whether `X` is a SciPy matrix; where SciPy's are not imported, nothing is."""
    scipy_sparse = sys.modules.get("scipy.sparse")
    return scipy_sparse is not None and bool(scipy_sparse.issparse(X))


def check_inputs(X: Any, n_inputs: int, name: str = "X") -> Any:
    """Return inputs as an array or a canonical CSR matrix, (n, N).

    Raises ValueError, with their name, where they are of another shape, no numbers or not finite,
    or have masked values.
    """
    check_unmasked(name, X)
    X = canonical(X) if is_sparse(X) else np.asarray(X)
    if X.ndim != 2 or X.shape[1] != n_inputs:
        raise ValueError(f"{name} must have the shape (n, {n_inputs}); got {X.shape}")
    values = X.data if is_sparse(X) else X
    if values.dtype.kind == "O":
        try:
            X = values = X.astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{name} must hold numbers; got objects ({error})") from error
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers; got {values.dtype}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite; got NaN or infinity")
    return X


def one_input(x: Any, input_shape: tuple[int, ...] | None) -> NDArray[Any]:
    """Return one input, which may be in the shape of the inputs or a sparse row, as (N,).

    What is neither comes back as it is, for `as_bits` to refuse.
    """
    if type(x) is np.ndarray and x.ndim == 1:
        return x
    check_given(x, "x")
    if is_sparse(x):
        if x.ndim == 2 and x.shape[0] != 1:
            raise ValueError(f"x must be one input; got a sparse matrix of {x.shape[0]} rows")
        return np.asarray(x.toarray()).ravel()
    given: NDArray[Any] = np.asarray(x)
    in_shape = input_shape is not None and given.shape == tuple(input_shape)
    return given.ravel() if in_shape else given


def as_bits(x: Any, n_inputs: int, threshold: float) -> tuple[NDArray[np.uint8], int]:
    """Return one input (N,) as numbers and the bound that on-bits exceed.

    Raises ValueError where it is of another shape, not numbers or not finite, or has masked values.
    """
    given, x = x, np.ascontiguousarray(x)
    if x is not given:
        check_unmasked("x", given)
    if x.shape != (n_inputs,):
        raise ValueError(
            f"x must be one input of shape ({n_inputs},); got shape {np.shape(x)}"
            + _advice(x, n_inputs)
        )
    if x.dtype.char == "?":
        x = x.view(np.uint8)
    if x.dtype.char == "B":
        return x, min(int(threshold), 255)
    return above(check_inputs(x[None], n_inputs, "x")[0], threshold).view(np.uint8), 0


def _advice(x: NDArray[Any], n_inputs: int) -> str:
    """Return what would do where `x` is likely to be meant as something else than bits."""
    if x.ndim == 1 and x.dtype.kind in "iu" and x.size and x.min() >= 0 and x.max() < n_inputs:
        return "; of positions of on-bits make bits: x = np.zeros(n, bool); x[positions] = True"
    return ""


def pack(X: Any, threshold: float, n_threads: int = 1) -> NDArray[np.uint64]:
    """Pack the bits `X > threshold` of each row.

    Parameters
    ----------
    X : (n, N) array of any real dtype, or sparse matrix, finite.
    threshold : at least 0, so that what a sparse matrix does not store is off.

    Returns
    -------
    (n, ceil(N / 64)) uint64

    Raises
    ------
    ValueError
        Where the indices of a sparse matrix are out of bounds.
    """
    return pack_checked(canonical(X) if is_sparse(X) else X, threshold, n_threads)


def pack_checked(X: Any, threshold: float, n_threads: int = 1) -> NDArray[np.uint64]:
    """Do what `pack` does for inputs that are checked: a sparse matrix is canonical CSR."""
    n, n_inputs = X.shape
    words = np.zeros((n, (n_inputs + 63) // 64), np.uint64)
    if is_sparse(X):
        on = above(X.data, threshold)
        pack_rows(X.indptr.astype(np.int64), X.indices.astype(np.int32), on, words)
        return words
    if X.dtype == np.bool_:
        X = X.view(np.uint8)
    if X.dtype == np.uint8 and X.flags.c_contiguous:
        n_threads = n_available(min(n_threads, X.size // SMALLEST_SHARE))
        arguments = X, min(int(threshold), 255), words
        if n_threads == 1:
            pack_share(*arguments, 0, 1)
        else:
            run_with(
                n_threads, partial(pack_in_parallel, *arguments), partial(pack_share, *arguments)
            )
        return words
    n_rows = max(1, CACHED // n_inputs)
    for start in range(0, n, n_rows):
        on = np.ascontiguousarray(above(X[start : start + n_rows], threshold))
        pack_share(on.view(np.uint8), 0, words[start : start + n_rows], 0, 1)
    return words


def check_given(X: Any, name: str = "X") -> None:
    """Raise ValueError where what a user gives is not what NumPy and SciPy would take it for.

    That is a sparse matrix whose pointers or indices lead out of its arrays, or an array with
    masked values. To be called before others look into it, who would go astray in memory (when they
    take out rows, convert, or print it), or forget the mask.
    """
    if not is_sparse(X):
        check_unmasked(name, X)
        return
    if X.format in ("csr", "csc", "bsr"):
        for name in ("indptr", "indices"):
            if getattr(X, name).dtype.kind not in "iu":
                raise ValueError(f"{name} must hold integers; got {getattr(X, name).dtype}")
        if (np.diff(X.indptr) < 0).any():  # not looked at where the last pointer is 0
            raise ValueError("indptr must be a non-decreasing sequence")
        X.check_format(full_check=True)
    if X.format == "coo":
        for name, size in zip(("row", "col")[-X.ndim :], X.shape, strict=False):
            places = getattr(X, name)
            if len(places) != len(X.data) or not ((places >= 0) & (places < size)).all():
                raise ValueError(f"{name} indices must be >= 0 and < {size}, one for each value")


def canonical(X: Any) -> Any:
    """Return a sparse matrix as CSR: indices of a row strictly ascending, repeated entries added.

    `X` itself stays as it is; arrays that need no change are shared with it.

    Raises
    ------
    ValueError
        Where indices are out of bounds, or pointers descend: they would go astray in memory.
    """
    import scipy.sparse

    check_given(X)
    X = X.tocsr()
    # Made anew, since what X remembers of its own order may no longer be true.
    rows = scipy.sparse.csr_array((X.data, X.indices, X.indptr), X.shape)
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    return rows


def above(values: NDArray[Any], threshold: float) -> NDArray[np.bool_]:
    """Return where real values are above a threshold, at least 0, whatever type they have."""
    on: NDArray[np.bool_] = values > _bound(values.dtype, threshold)
    return on


@lru_cache(maxsize=256)
def _bound(dtype: np.dtype[Any], threshold: float) -> Any:
    """Return the greatest number of a type that is not above a threshold.

    Values of the type are above both or neither; NumPy would round the threshold to the type.
    Integers are compared as such, which is much faster than as floats.
    """
    if dtype.kind in "biu":
        return min(int(threshold), 1) if dtype.kind == "b" else int(threshold)
    kind, exact = dtype.type, _exact(threshold)
    bound = kind(np.finfo(dtype).max)
    if _exact(bound) <= exact:
        return bound
    bound = kind(0)
    for _ in range(3):  # a long double has room for what one float64 leaves over
        bound += kind(float(exact - _exact(bound)))
    return bound if _exact(bound) <= exact else np.nextafter(bound, kind(0))


def _exact(number: Any) -> Fraction:
    if isinstance(number, Integral):
        return Fraction(int(number))
    return Fraction(*number.as_integer_ratio())


def mean_on(words: NDArray[np.uint64]) -> float:
    """Return the mean number of on-bits of packed inputs."""
    return float(np.bitwise_count(words).sum() / max(len(words), 1))


def in_one_row(
    active: NDArray[np.int32], n_active: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Leave out the room in `active` that is not filled."""
    if (n_active == active.shape[1]).all():
        return active.ravel(), n_active
    joined = np.empty(n_active.sum(), np.int32)
    join_rows(active, n_active, joined)
    return joined, n_active


def as_matrix(
    indices: NDArray[np.int32], counts: NDArray[np.int64], n_columns: int, *, array: bool = False
) -> Any:
    """Make a CSR matrix, or array, of active columns, all inputs in one row; float32 ones."""
    import scipy.sparse

    indptr = np.concatenate([[0], np.cumsum(counts)])
    if indptr[-1] < 2**31:
        indptr = indptr.astype(np.int32)
    kind = scipy.sparse.csr_array if array else scipy.sparse.csr_matrix
    codes = kind(
        (np.ones(indices.size, np.float32), indices, indptr), shape=(counts.size, n_columns)
    )
    codes.has_sorted_indices = True
    return codes
