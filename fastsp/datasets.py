"""Sets of labelled images: MNIST and every other set in its file format, IDX.

Files go in, plain or gzipped; arrays come out. A file is believed only as far as its bytes go.
"""

import gzip
import http.client
import math
import re
import struct
import zlib
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["DatasetError", "Mnist", "load_mnist", "read_idx"]

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_DIMENSIONS = 8
_MAX_BYTES = 2**31
_READ_BYTES = 2**20
_FILE_NAME = re.compile(
    r"(?P<prefix>.*?)(?P<part>train|t10k|test)-(?P<content>images|labels)[-.]idx\d-ubyte(\.gz)?"
)
_ROLES = ("train-images", "train-labels", "test-images", "test-labels")


class DatasetError(ValueError):
    """A data set that is missing, damaged or not what it should be."""


@dataclass(frozen=True, eq=False)
class Mnist:
    """A set of labelled images in two parts.

    Attributes
    ----------
    train_images : (n_train, n_pixels) uint8
        60,000 images of 784 pixels for MNIST, row-major, 0 is background.
    train_labels : (n_train,) uint8
        0 to 9 for MNIST.
    test_images : (n_test, n_pixels) uint8
    test_labels : (n_test,) uint8
    image_shape : (int, int)
        Height and width.
    source : str
        Where it comes from: a folder or a service.
    tried_on : str
        What stands where the test images are: "test" images, or "validation" images, taken from
        those for training.
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    image_shape: tuple[int, int]
    source: str
    tried_on: str = "test"


def load_mnist(folder: str | PathLike[str] | None = None) -> Mnist:
    """Load MNIST, or another set of images in the same format.

    Parameters
    ----------
    folder : path, optional
        Holds the four files of a set in IDX format, such as `train-images-idx3-ubyte`, with or
        without `.gz`, with a dot for the second hyphen, or with a prefix: Fashion-MNIST and EMNIST
        (whose images are stored transposed, and stay so) load the same way. By default `data` in
        the checkout is tried, then `data` in the current directory, then OpenML, whose files
        scikit-learn keeps in its own cache.

    Returns
    -------
    Mnist

    Raises
    ------
    DatasetError
        Where files are missing, damaged, or not the images and labels that their names promise,
        or OpenML cannot be reached.
    """
    if folder is not None:
        return _load_folder(Path(folder))
    for candidate in _data_folders():
        if candidate.is_dir() and any(map(_role, candidate.iterdir())):
            return _load_folder(candidate)
    return _fetch()


def read_idx(path: str | PathLike[str]) -> NDArray[Any]:
    """Read an array from a file in IDX format, gzipped or not.

    Memory is bounded by the bytes that are really there, whatever the file declares.

    Parameters
    ----------
    path : path
        Whether it is gzipped is told by its content, not by its name.

    Returns
    -------
    array of uint8, int8, int16, int32, float32 or float64
        In the byte order of the machine.

    Raises
    ------
    DatasetError
        Where the file is not in IDX format, is damaged, shorter or longer than it declares, or
        declares more than 2 GiB.
    OSError
        Where the file cannot be opened.

    References
    ----------
    LeCun, Cortes and Burges 1998, "The MNIST database of handwritten digits", section "File
    formats".
    """
    path = Path(path)
    with path.open("rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        try:
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if gzipped else file
            return _read_array(stream, path)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DatasetError(f"{path}: the gzip stream is damaged ({error})") from error


def _read_array(stream: BinaryIO, path: Path) -> NDArray[Any]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES:
        raise DatasetError(f"{path}: not an IDX file, it begins with {magic.hex() or 'nothing'}")
    dtype, n_dimensions = np.dtype(_TYPES[magic[2]]), magic[3]
    if not 1 <= n_dimensions <= _MAX_DIMENSIONS:
        raise DatasetError(
            f"{path}: declares {n_dimensions} dimensions, wanted 1 to {_MAX_DIMENSIONS}"
        )
    sizes = stream.read(4 * n_dimensions)
    if len(sizes) < 4 * n_dimensions:
        raise DatasetError(f"{path}: ends within its header")
    shape = struct.unpack(f">{n_dimensions}I", sizes)
    n_bytes = math.prod(shape) * dtype.itemsize
    if not 0 < n_bytes <= _MAX_BYTES:
        raise DatasetError(
            f"{path}: declares shape {shape}, {n_bytes} bytes, wanted 1 to {_MAX_BYTES}"
        )
    data = bytearray()
    while chunk := stream.read(min(_READ_BYTES, n_bytes + 1 - len(data))):
        data += chunk
    if len(data) != n_bytes:
        found = "more" if len(data) > n_bytes else str(len(data))
        raise DatasetError(f"{path}: declares {n_bytes} bytes of data, has {found}")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _role(path: Path) -> str | None:
    """Return which of `_ROLES` a file plays by its name, if any."""
    match = _FILE_NAME.fullmatch(path.name)
    if match is None:
        return None
    part = "train" if match["part"] == "train" else "test"
    return f"{part}-{match['content']}"


def _load_folder(folder: Path) -> Mnist:
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder")
    paths = [_find(folder, role) for role in _ROLES]
    train_images, train_labels, test_images, test_labels = map(_read_bytes, paths, _ROLES)
    for images, labels, path in (
        (train_images, train_labels, paths[1]),
        (test_images, test_labels, paths[3]),
    ):
        if len(images) != len(labels):
            raise DatasetError(f"{path}: {len(labels)} labels for {len(images)} images")
    image_shape = train_images.shape[1:]
    if test_images.shape[1:] != image_shape:
        raise DatasetError(
            f"{paths[2]}: images of shape {test_images.shape[1:]}, for training {image_shape}"
        )
    return Mnist(
        train_images.reshape(len(train_images), -1),
        train_labels,
        test_images.reshape(len(test_images), -1),
        test_labels,
        (image_shape[0], image_shape[1]),
        str(folder),
    )


def _find(folder: Path, role: str) -> Path:
    """Return the one file of `folder` that plays a role; gzipped or not is the same file."""
    # In this order a plain file comes after its gzipped copy, and is the one taken.
    files = sorted((path for path in folder.iterdir() if _role(path) == role), reverse=True)
    found = {path.name.removesuffix(".gz"): path for path in files}
    if len(found) != 1:
        number = "no file" if not found else f"{len(found)} files"
        names = "".join(f", {name}" for name in found)
        raise DatasetError(f"{folder}: {number} of {role} (such as {_example(role)}){names}")
    return found.popitem()[1]


def _example(role: str) -> str:
    part, content = role.replace("test", "t10k").split("-")
    return f"{part}-{content}-idx{3 if content == 'images' else 1}-ubyte.gz"


def _read_bytes(path: Path, role: str) -> NDArray[np.uint8]:
    """Read a file of images or labels and check that it is one."""
    try:
        array = read_idx(path)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror})") from error
    n_dimensions = 3 if role.endswith("images") else 1
    if array.dtype != np.uint8 or array.ndim != n_dimensions:
        raise DatasetError(
            f"{path}: {array.ndim}-dimensional {array.dtype}, wanted {n_dimensions}-dimensional"
            f" uint8 for {role}"
        )
    return array


def _data_folders() -> list[Path]:
    """Return where MNIST may be: in the checkout, if this is one, and where the program runs."""
    root = Path(__file__).parents[1]
    in_checkout = (root / "pyproject.toml").is_file()
    return [root / "data"] * in_checkout + [Path.cwd() / "data"]


def _fetch() -> Mnist:
    # A slow import, and seldom needed.
    from sklearn.datasets import fetch_openml

    try:
        images, labels = fetch_openml(
            "mnist_784", version=1, as_frame=False, return_X_y=True, parser="liac-arff"
        )
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DatasetError(
            f"MNIST is not in {' or '.join(map(str, _data_folders()))}, and OpenML cannot be"
            f" reached ({type(error).__name__}); pass the folder that holds its four files"
            " (load_mnist(folder), or --data on the command line)"
        ) from error
    images, labels = images.astype(np.uint8), labels.astype(np.uint8)
    return Mnist(
        images[:60_000],
        labels[:60_000],
        images[60_000:],
        labels[60_000:],
        (28, 28),
        "OpenML, mnist_784, version 1",
    )
