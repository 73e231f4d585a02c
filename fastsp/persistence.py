"""Models on disk: saved and loaded without pickles.

A loaded model is bit-identical to the saved one and continues as that would have. Reading executes
nothing, and takes memory in proportion to the file: see `fastsp.archive` for its bounds.
"""

import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator

from fastsp.archive import ModelFileError, read_archive, write_archive
from fastsp.htm.kept import Kept
from fastsp.portable import build, describe
from fastsp.similarity import OverlapIndex
from fastsp.version import __version__

__all__ = ["ModelFileError", "load", "load_with_notes", "save"]


def save(
    estimator: BaseEstimator | Kept | OverlapIndex,
    path: str | PathLike[str],
    *,
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Save a fitted estimator, in one step: `path` holds the old file or the whole new one.

    The permissions of a file that is replaced stay, and where `path` is a symbolic link, the file
    that it points to is replaced. A `random_state` that is a generator object is saved as None: it
    is used up by then.

    Parameters
    ----------
    estimator : estimator of fastsp, Pipeline, ColumnTransformer, FeatureUnion, `OverlapIndex`, or a
        model of `fastsp.htm`
        Those of scikit-learn may hold estimators of fastsp, each other, and what of scikit-learn is
        arrays and parameters: scalers, one-hot and ordinal encoders, discretizers, imputers, PCA,
        linear models, naive Bayes. The rest (trees, neighbours, functions) is refused by name.
    path : path
        Used as it is, whatever its suffix; ".fastsp" is the usual one.
    notes : dict, optional
        What belongs with the model, as JSON knows it; `load_with_notes` returns it.

    Raises
    ------
    TypeError
        Where the estimator, or something it holds, is of a kind that cannot be saved.
    ValueError
        Where the notes, with all else that is no array, come to more than 4 MiB.
    NotFittedError
        Where it is not fitted.
    OSError
        Where the file cannot be written; what was there before is still there.
    """
    description, arrays = describe(estimator)
    header = {"fastsp_version": __version__, **description}
    if notes is not None:
        header["notes"] = notes
    write_archive(path, header, arrays)


def load(path: str | PathLike[str]) -> Any:
    """Load an estimator that `save` wrote.

    Where it holds estimators that another version of scikit-learn saved, scikit-learn warns, as it
    does for pickles (`InconsistentVersionWarning`).

    Parameters
    ----------
    path : path

    Returns
    -------
    estimator of fastsp, Pipeline, ColumnTransformer, FeatureUnion, `OverlapIndex`, or a model of
    `fastsp.htm`

    Raises
    ------
    ModelFileError
        Where the file is no model, is damaged, or was written by a later version and holds what
        this one does not know.
    OSError
        Where the file cannot be opened.
    """
    return load_with_notes(path)[0]


def load_with_notes(path: str | PathLike[str]) -> tuple[Any, Any]:
    """Load an estimator and the notes saved with it, None where there are none; see `load`."""
    path = Path(path)
    header: dict[str, Any] = {}
    with path.open("rb", buffering=0) as file:
        try:
            header, arrays = read_archive(file)
            return build(header, arrays), header.get("notes")
        except Exception as error:
            # A foreign file can go wrong anywhere, and all of it means the same to the caller.
            known = isinstance(error, ModelFileError)
            reason = f"{error}" if known else f"{type(error).__name__}: {error}"
            version = str(header.get("fastsp_version"))
            if _numbers(version) > _numbers(__version__):
                reason = (
                    f"written by fastsp {version}, later than this {__version__}, which "
                    f"cannot read it ({reason})"
                )
            elif not known:
                reason = f"not a fastsp model, or damaged ({reason})"
            raise ModelFileError(f"{path}: {reason}") from error


def _numbers(version: str) -> list[int]:
    """Return what versions are ordered by, such as 0, 1, 0."""
    return [int(number) for number in re.findall(r"\d{1,9}", version)]
