"""Sets of labelled images: MNIST and every other set in its file format, IDX.

Files go in, plain or gzipped; arrays come out. A file is believed only as far as its bytes go.
"""

import gzip
import hashlib
import http.client
import math
import re
import struct
import urllib.error
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
    r"(?P<set>(?!\.).*?)(?P<part>train|t10k|test)-(?P<content>images|labels)"
    r"[-.]idx\d-(ubyte|int)(\.gz)?"
)
_ROLES = ("train-images", "train-labels", "test-images", "test-labels")
_MNIST = "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"
"""SHA-256 of the test labels of MNIST."""
_CHOOSE = "choose one by its split (load_mnist(folder, split), or --split on the command line)"
_PASS_FOLDER = "pass the folder (load_mnist(folder), or --data on the command line)"
_FETCHING_FAILS = (OSError, ValueError, EOFError, zlib.error, http.client.HTTPException)

_Sets = dict[str, dict[str, dict[str, Path]]]
"""By the name of the set, the role and the name without .gz: files."""


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


def load_mnist(folder: str | PathLike[str] | None = None, split: str | None = None) -> Mnist:
    """Load MNIST, or another set of images in the same format.

    Parameters
    ----------
    folder : path, optional
        Holds the four files of a set in IDX format, such as `train-images-idx3-ubyte`, with or
        without `.gz`, with a dot for the second hyphen, or with a prefix: Fashion-MNIST, QMNIST
        and EMNIST (whose images are stored transposed, and stay so) load the same way. By default
        `data` in the checkout is tried, then `data` in the current directory, then OpenML, whose
        files scikit-learn keeps in its own cache; what is there must be MNIST itself.
    split : str, optional
        Which set to take of several in the folder: what its files' names have in common before
        `train` and `test`, such as "emnist-letters", or the end of that, "letters"; "" for names
        that begin so. Where it is given, any set will do in the folders tried by default.

    Returns
    -------
    Mnist

    Raises
    ------
    DatasetError
        Where files are missing, damaged, or not the images and labels that their names promise,
        the folder holds several sets and none was chosen, another set than MNIST lies where MNIST
        is looked for, or OpenML does not give it.
    TypeError
        Where an argument is of another type.
    """
    if split is not None and not isinstance(split, str):
        raise TypeError(f"split must be the name of a set, or None; got {split!r}")
    if folder is not None:
        if not isinstance(folder, (str, PathLike)):
            raise TypeError(f"folder must be a path, or None; got {folder!r}")
        folder = Path(folder)
        return _load(folder, _find_sets(folder), split)
    for candidate in filter(Path.is_dir, _data_folders()):
        sets = _find_sets(candidate)
        if split is None and sets:
            found = _load(candidate, sets, None)
            if hashlib.sha256(found.test_labels.tobytes()).hexdigest() != _MNIST:
                raise DatasetError(
                    f"{candidate}: another set than MNIST, which is looked for there; to use it,"
                    f" {_PASS_FOLDER}"
                )
            return found
        if split is not None and _named(sets, split):
            return _load(candidate, sets, split)
    if split is not None:
        raise DatasetError(f"{_tried()}: no set {split!r}; {_PASS_FOLDER}")
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


def _find_sets(folder: Path) -> _Sets:
    """Return the files of all sets in a folder; gzipped or not is the same file."""
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder")
    sets: _Sets = {}
    try:
        # In this order a plain file comes after its gzipped copy, and is the one taken.
        for path in sorted(folder.iterdir(), reverse=True):
            match = _FILE_NAME.fullmatch(path.name)
            if match and not path.is_dir():
                part = "train" if match["part"] == "train" else "test"
                roles = sets.setdefault(match["set"].rstrip("-_"), {})
                files = roles.setdefault(f"{part}-{match['content']}", {})
                files[path.name.removesuffix(".gz")] = path
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be read ({error.strerror})") from error
    return dict(sorted(sets.items()))


def _named(sets: _Sets, split: str) -> list[str]:
    """Return the sets that `split` may mean."""
    return [name for name in sets if name == split] or [
        name for name in sets if split and name.endswith(f"-{split}")
    ]


def _choose(folder: Path, sets: _Sets, split: str | None) -> str:
    """Return the name of the set to be loaded."""
    names = ", ".join(map(repr, sets))
    if split is not None:
        named = _named(sets, split)
        if len(named) == 1:
            return named[0]
        found = f"{len(named)} sets" if named else "no set"
        raise DatasetError(f"{folder}: {found} {split!r}; split must be one of {names or 'none'}")
    if len(sets) < 2:
        return next(iter(sets), "")
    for role in _ROLES:
        n_files = sum(role in roles for roles in sets.values())
        if n_files > 1:
            raise DatasetError(
                f"{folder}: {n_files} files of {role}, of the sets {names}; {_CHOOSE}"
            )
    raise DatasetError(f"{folder}: files of different sets, {names}, and of none all four")


def _load(folder: Path, sets: _Sets, split: str | None) -> Mnist:
    name = _choose(folder, sets, split)
    paths = [_find(folder, name, sets.get(name, {}), role) for role in _ROLES]
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
        f"{folder}, {name}" if len(sets) > 1 else str(folder),
    )


def _find(folder: Path, name: str, roles: dict[str, dict[str, Path]], role: str) -> Path:
    """Return the one file of a set that plays a role."""
    files = roles.get(role, {})
    if len(files) != 1:
        number = "no file" if not files else f"{len(files)} files"
        example = f"{name}-{_example(role)}" if name else _example(role)
        names = "".join(f", {file}" for file in files)
        raise DatasetError(f"{folder}: {number} of {role} (such as {example}){names}")
    return next(iter(files.values()))


def _example(role: str) -> str:
    part, content = role.replace("test", "t10k").split("-")
    return f"{part}-{content}-idx{3 if content == 'images' else 1}-ubyte.gz"


def _read_bytes(path: Path, role: str) -> NDArray[np.uint8]:
    """Read a file of images or labels and check that it is one."""
    try:
        array = read_idx(path)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror})") from error
    if role.endswith("images"):
        n_dimensions = 3
    else:
        n_dimensions = 1
        if array.dtype == np.int32 and array.shape[1:] == (8,):
            array = array[:, 0]  # of QMNIST: the digit, then who wrote it, and where it was found
        if array.dtype.kind == "i" and array.min() >= 0 and array.max() < 256:
            array = array.astype(np.uint8)
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


def _tried() -> str:
    return " or ".join(map(str, _data_folders()))


def _fetch() -> Mnist:
    # A slow import, and seldom needed.
    from sklearn.datasets import fetch_openml

    try:
        images, labels = fetch_openml(
            "mnist_784", version=1, as_frame=False, return_X_y=True, parser="liac-arff"
        )
        images, labels = images.astype(np.uint8), labels.astype(np.uint8)
        if not len(images) == len(labels) == 70_000:
            raise ValueError(f"{len(images)} images and {len(labels)} labels, wanted 70000")
    except _FETCHING_FAILS as error:
        raise DatasetError(
            f"MNIST is not in {_tried()}, and {_what_failed(error)}; pass the folder that holds its"
            " four files (load_mnist(folder), or --data on the command line)"
        ) from error
    return Mnist(
        images[:60_000],
        labels[:60_000],
        images[60_000:],
        labels[60_000:],
        (28, 28),
        "OpenML, mnist_784, version 1",
    )


def _what_failed(error: Exception) -> str:
    """Return in one line what kept MNIST from coming from OpenML."""
    told = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, urllib.error.HTTPError):
        return f"OpenML refuses it (HTTP {error.code}: {error.reason})"
    if isinstance(error, (urllib.error.URLError, ConnectionError, TimeoutError)):
        return f"OpenML cannot be reached ({type(error).__name__}: {told})"
    if isinstance(error, http.client.HTTPException):
        return f"the connection to OpenML broke off ({type(error).__name__})"
    if isinstance(error, OSError) and error.errno is not None:
        place = f"{error.filename}: " if error.filename else ""
        return f"what OpenML sends cannot be kept ({place}{error.strerror})"
    return f"what OpenML sends is not MNIST ({told})"
