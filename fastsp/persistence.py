"""Models on disk: a zip file of arrays and one JSON header, without pickles.

`header.json` holds the estimator's name, parameters and small attributes; each array is a member
in NumPy's .npy format. A loaded model is bit-identical to the saved one and continues as that
would have. Reading executes nothing and allocates no more than the file is large.
"""

import importlib
import json
import math
import os
import secrets
import zipfile
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

import fastsp
from fastsp.exclusive import Exclusive

FORMAT_VERSION = 1

_MODULES = {
    "SpatialPooler": "fastsp.pooler",
    "MaximumLikelihoodClassifier": "fastsp.classifiers",
    "SoftmaxClassifier": "fastsp.softmax",
}
_HEADER = "header.json"


class ModelFileError(ValueError):
    """A file that is not a whole and healthy model."""


def save(
    estimator: BaseEstimator,
    path: str | PathLike[str],
    *,
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Save a fitted estimator, in one step: `path` holds the old file or the whole new one.

    A `random_state` that is a generator object is saved as None: it is used up by then.

    Parameters
    ----------
    estimator : SpatialPooler, MaximumLikelihoodClassifier or SoftmaxClassifier
    path : path
        Used as it is, whatever its suffix.
    notes : dict, optional
        What belongs with the model, as JSON knows it; `load_with_notes` returns it.

    Raises
    ------
    TypeError
        Where the estimator, or something it holds, is of a kind that cannot be saved.
    NotFittedError
        Where it is not fitted.
    OSError
        Where the file cannot be written; what was there before is still there.
    """
    name = type(estimator).__name__
    if name not in _MODULES or type(estimator) is not _find_class(name):
        raise TypeError(f"estimator must be one of {', '.join(_MODULES)}, got {name}")
    # What several threads may share is saved as it is at one moment.
    with estimator._holding() if isinstance(estimator, Exclusive) else nullcontext():
        header, arrays = _describe(estimator)
        if notes is not None:
            header["notes"] = notes
        _write(Path(path), json.dumps(header, indent=1), arrays)


def load(path: str | PathLike[str]) -> Any:
    """Load an estimator that `save` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    SpatialPooler, MaximumLikelihoodClassifier or SoftmaxClassifier

    Raises
    ------
    ModelFileError
        Where the file is no model, is damaged, or was written by a later format version.
    OSError
        Where the file cannot be opened.
    """
    return load_with_notes(path)[0]


def load_with_notes(path: str | PathLike[str]) -> tuple[Any, Any]:
    """Load an estimator and the notes saved with it, None where there are none; see `load`."""
    path = Path(path)
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                header, arrays = _read(archive, os.fstat(file.fileno()).st_size)
            return _build(header, arrays), header.get("notes")
        except ModelFileError as error:
            raise ModelFileError(f"{path}: {error}") from error.__cause__
        except Exception as error:
            # A foreign file can go wrong anywhere, and all of it means the same to the caller.
            reason = f"{type(error).__name__}: {error}"
            raise ModelFileError(f"{path}: not a fastsp model, or damaged ({reason})") from error


def _describe(estimator: BaseEstimator) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return header and arrays that stand for a fitted estimator."""
    name = type(estimator).__name__
    check_is_fitted(estimator)
    parameters = estimator.get_params(deep=False)
    if isinstance(parameters.get("random_state"), (np.random.Generator, np.random.RandomState)):
        parameters["random_state"] = None
    attributes = {key: value for key, value in vars(estimator).items() if _is_state(key)}
    arrays: dict[str, NDArray[Any]] = {}
    header = {
        "format": "fastsp",
        "format_version": FORMAT_VERSION,
        "fastsp_version": fastsp.__version__,
        "estimator": name,
        "parameters": {key: _pack(value, key, arrays) for key, value in parameters.items()},
        "attributes": {key: _pack(value, key, arrays) for key, value in attributes.items()},
    }
    return header, arrays


def _find_class(name: str) -> type[BaseEstimator]:
    estimator: type[BaseEstimator] = getattr(importlib.import_module(_MODULES[name]), name)
    return estimator


def _is_state(name: str) -> bool:
    return name.endswith("_") and not name.startswith("_")


def _pack(value: Any, key: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """Return `value` for JSON, in which {kind: ...} stands for what JSON lacks.

    Arrays and NumPy scalars go to `arrays`, under a name that begins with `key`.
    """
    if isinstance(value, (np.ndarray, np.generic)) and not value.dtype.hasobject:
        arrays[key] = np.asarray(value)
        return {"array": key}
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return {"objects": _pack(value.tolist(), key, arrays)}
    if isinstance(value, (list, tuple)):
        items = [_pack(item, f"{key}.{place}", arrays) for place, item in enumerate(value)]
        return items if isinstance(value, list) else {"tuple": items}
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {"dict": {name: _pack(value[name], f"{key}.{name}", arrays) for name in value}}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{key} must hold arrays, numbers and text to be saved, got {type(value)}")


def _unpack(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Return what `_pack` was given."""
    if isinstance(value, list):
        return [_unpack(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        return arrays[content] if arrays[content].ndim else arrays[content][()]
    if kind == "dict":
        return {name: _unpack(item, arrays) for name, item in content.items()}
    items = _unpack(content, arrays)
    if kind == "tuple":
        return tuple(items)
    if kind == "objects":
        objects = np.empty(len(items), dtype=object)
        objects[:] = items
        return objects
    raise ModelFileError(f"unknown kind of value {kind!r}")


def _write(path: Path, header: str, arrays: dict[str, NDArray[Any]]) -> None:
    """Write the file beside its place, then move it there."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                # ZipInfo leaves the time out, so equal models are equal files.
                archive.writestr(zipfile.ZipInfo(_HEADER), header)
                for name, array in arrays.items():
                    information = zipfile.ZipInfo(f"{name}.npy")
                    with archive.open(information, "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, array, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename is None:
            error.filename = str(path)  # a full disk does not say what it has no room for
        raise


def _sync_folder(folder: Path) -> None:
    """Have the new name outlive a loss of power, where folders can be synchronised."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read(archive: zipfile.ZipFile, size: int) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return header and arrays of an archive in a file of `size` bytes."""
    members = archive.infolist()
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ModelFileError("holds compressed members, a model has none")
    if sum(max(member.file_size, member.compress_size) for member in members) > size:
        raise ModelFileError(f"declares members larger than its {size} bytes")
    if _HEADER not in archive.namelist():
        raise ModelFileError(f"not a fastsp model, it has no {_HEADER}")
    header = json.loads(archive.read(_HEADER))
    if not isinstance(header, dict) or header.get("format") != "fastsp":
        raise ModelFileError(f"not a fastsp model, its {_HEADER} does not say so")
    if header["format_version"] != FORMAT_VERSION:
        raise ModelFileError(
            f"has format version {header['format_version']}, this fastsp reads {FORMAT_VERSION}"
        )
    return header, {
        member.filename.removesuffix(".npy"): _read_array(archive, member)
        for member in members
        if member.filename != _HEADER
    }


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    """Read an array after a look at whether the member is as large as its header declares."""
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    with archive.open(member) as file:
        shape, _, dtype = read_header[np.lib.format.read_magic(file)](file)
        if file.tell() + math.prod(shape) * dtype.itemsize != member.file_size:
            raise ModelFileError(
                f"{member.filename} declares shape {shape} of {dtype}, which is not its size"
            )
    with archive.open(member) as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        file.read()  # reaching the end makes zipfile compare the checksum
    return array


def _build(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Any:
    """Return the estimator, in the state described."""
    if header["estimator"] not in _MODULES:
        raise ModelFileError(f"holds an unknown estimator, {header['estimator']!r}")
    parameters = {name: _unpack(value, arrays) for name, value in header["parameters"].items()}
    estimator = _find_class(header["estimator"])(**parameters)
    for name, value in header["attributes"].items():
        if not _is_state(name):
            raise ModelFileError(f"holds an attribute that is no state, {name!r}")
        setattr(estimator, name, _unpack(value, arrays))
    check_is_fitted(estimator)
    restore = getattr(estimator, "_restore", None)
    if restore is not None:
        restore()
    return estimator
