"""Model files as such: a ZIP file of arrays and one JSON header, within bounds.

`header.json` comes first; each array is a member in NumPy's .npy format, not compressed. Nothing in
such a file is executed. What it declares is held against the size of the file, and its directory,
header, numbers and types against the bounds below, before memory is allocated for them.
"""

import io
import json
import math
import zipfile
from collections.abc import Mapping
from os import PathLike
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fastsp.files import replacing

FORMAT_VERSION = 1
MOST_MEMBERS = 100_000
MOST_HEADER_BYTES = 2**22
"""Of the header, which as Python objects can take 50 times as much; and of the ZIP directory."""
MOST_ITEM_BYTES = 2**20
"""Of one item of an array, which only text can have many of."""

_HEADER = "header.json"


class ModelFileError(ValueError):
    """A file that is not a whole and healthy model."""


def can_be_kept(dtype: np.dtype[Any]) -> bool:
    """Return whether arrays of a type can be in a model file: numbers, dates and text."""
    widest = {"f": 8, "c": 16}.get(dtype.kind, MOST_ITEM_BYTES)  # the same on all machines
    return dtype.kind in "biufcmMSU" and 0 < dtype.itemsize <= widest


def write_archive(
    path: str | PathLike[str], header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Replace the file, as a whole or not at all; raise ValueError where the header is too large.

    Equal contents are equal files.
    """
    with replacing(path) as file:
        write_to(file, header, arrays)


def write_to(
    file: IO[bytes], header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write what is in a model file; see `write_archive`."""
    text = json.dumps({"format": "fastsp", "format_version": FORMAT_VERSION, **header}, indent=1)
    if len(text) > MOST_HEADER_BYTES:  # all of it is ASCII
        raise ValueError(
            f"notes, with all else that is no array, must come to at most {MOST_HEADER_BYTES} "
            f"bytes of JSON; got {len(text)}"
        )
    with zipfile.ZipFile(file, "w") as archive:
        # ZipInfo leaves the time out.
        archive.writestr(zipfile.ZipInfo(_HEADER), text)
        for name, array in arrays.items():
            information = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(information, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_archive(raw: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return header and arrays of a model file, which is open, and closed afterwards.

    Raises ModelFileError, or what `zipfile`, `json` and NumPy raise, where it is none.
    """
    with _Bounded(raw) as file:
        size = file.seek(0, io.SEEK_END)
        with zipfile.ZipFile(file) as archive:
            return _read(archive, size)


class _Bounded(io.BufferedReader):
    """A file that is read in parts, of which none is larger than a ZIP directory may be."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            here = self.tell()
            size = self.seek(0, io.SEEK_END) - here
            self.seek(here)
        if size > MOST_HEADER_BYTES:
            raise ModelFileError(f"has a directory of more than {MOST_HEADER_BYTES} bytes")
        return super().read(size)


def _read(archive: zipfile.ZipFile, size: int) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return header and arrays of an archive in a file of `size` bytes."""
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise ModelFileError(f"holds {len(members)} members, more than {MOST_MEMBERS}")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise ModelFileError("holds compressed members, a model has none")
    if sum(max(member.file_size, member.compress_size) for member in members) > size:
        raise ModelFileError(f"declares members larger than its {size} bytes")
    if _HEADER not in archive.namelist():
        raise ModelFileError(f"not a fastsp model, it has no {_HEADER}")
    if archive.getinfo(_HEADER).file_size > MOST_HEADER_BYTES:
        raise ModelFileError(f"has a {_HEADER} of more than {MOST_HEADER_BYTES} bytes")
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
        if not can_be_kept(dtype):
            raise ModelFileError(f"{member.filename} declares {dtype}, which no model holds")
        if file.tell() + math.prod(shape) * dtype.itemsize != member.file_size:
            raise ModelFileError(
                f"{member.filename} declares shape {shape} of {dtype}, which is not its size"
            )
    with archive.open(member) as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        file.read()  # reaching the end makes zipfile compare the checksum
    return array
