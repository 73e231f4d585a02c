import gzip
import hashlib
import http.client
import struct
import urllib.error
import zlib

import numpy as np
import pytest
import sklearn.datasets
from numpy.testing import assert_array_equal

from fastsp import datasets
from fastsp.datasets import DatasetError, load_mnist, read_idx

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array):
    """Return the bytes of an array in IDX format."""
    kind = array.dtype.str[1:]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[kind], array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_set(folder, names=("train-{}-ubyte", "t10k-{}-ubyte"), shape=(5, 4), pack=bytes):
    """Write a small set of images; return its arrays as train and test images and labels."""
    generator = np.random.default_rng(0)
    arrays = []
    for name, n in zip(names, (6, 3), strict=True):
        images = generator.integers(0, 256, (n, *shape), dtype=np.uint8)
        labels = generator.integers(0, 10, n, dtype=np.uint8)
        (folder / name.format("images-idx3")).write_bytes(pack(idx(images)))
        (folder / name.format("labels-idx1")).write_bytes(pack(idx(labels)))
        arrays += [images.reshape(n, -1), labels]
    return arrays


def check_set(data, arrays, shape=(5, 4)):
    assert data.image_shape == shape
    loaded = (data.train_images, data.train_labels, data.test_images, data.test_labels)
    for array, expected in zip(loaded, arrays, strict=True):
        assert array.dtype == np.uint8
        assert_array_equal(array, expected)


def test_without_a_folder_the_files_of_the_checkout_are_loaded():
    data = load_mnist()
    assert data.train_images.shape == (60_000, 784)
    assert data.test_images.shape == (10_000, 784)
    assert data.image_shape == (28, 28)
    assert_array_equal(np.unique(data.train_labels), range(10))
    # Of the canonical file, without its header of 8 bytes.
    header = struct.pack(">BBBBI", 0, 0, 8, 1, 10_000)
    digest = hashlib.sha256(header + data.test_labels.tobytes()).hexdigest()
    assert digest == "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"


@pytest.mark.parametrize(
    "names",
    [
        ("train-{}-ubyte", "t10k-{}-ubyte"),
        ("train-{}-ubyte.gz", "t10k-{}-ubyte.gz"),
        ("emnist-digits-train-{}-ubyte", "emnist-digits-test-{}-ubyte"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_any_folder_of_four_files_loads(tmp_path, names, pack):
    # Whether a file is gzipped is a matter of its content, not of its name.
    arrays = write_set(tmp_path, names, pack=pack)
    data = load_mnist(tmp_path)
    check_set(data, arrays)
    assert data.source == str(tmp_path)
    check_set(load_mnist(str(tmp_path)), arrays)


def test_names_with_a_dot_load(tmp_path):
    arrays = write_set(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / path.name.replace("-idx", ".idx"))
    check_set(load_mnist(tmp_path), arrays)


def test_a_file_beside_its_gzipped_copy_is_one_file(tmp_path):
    arrays = write_set(tmp_path)
    for path in list(tmp_path.iterdir()):
        (tmp_path / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    check_set(load_mnist(tmp_path), arrays)


def test_two_sets_in_a_folder_are_refused(tmp_path):
    write_set(tmp_path)
    write_set(tmp_path, ("emnist-train-{}-ubyte", "emnist-test-{}-ubyte"))
    with pytest.raises(DatasetError, match="2 files of train-images"):
        load_mnist(tmp_path)


def test_a_missing_file_or_folder_is_named(tmp_path):
    write_set(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DatasetError, match=r"no file of test-labels .*t10k-labels-idx1-ubyte"):
        load_mnist(tmp_path)
    with pytest.raises(DatasetError, match="nowhere: no such folder"):
        load_mnist(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-images-idx3", np.zeros(6, np.uint8), "wanted 3-dimensional"),
        ("train-labels-idx1", np.zeros((6, 5, 4), np.uint8), "wanted 1-dimensional"),
        ("train-images-idx3", np.zeros((6, 5, 4), np.int32), "int32, wanted"),
        ("t10k-labels-idx1", np.zeros(4, np.uint8), "4 labels for 3 images"),
        ("t10k-images-idx3", np.zeros((3, 4, 4), np.uint8), "images of shape"),
    ],
)
def test_files_that_are_not_what_their_names_say_are_refused(tmp_path, name, array, message):
    write_set(tmp_path)
    (tmp_path / f"{name}-ubyte").write_bytes(idx(array))
    with pytest.raises(DatasetError, match=f"{name}-ubyte: .*{message}"):
        load_mnist(tmp_path)


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("shape", [(7,), (2, 3), (2, 1, 3, 2)])
def test_idx_files_of_every_type_are_read(tmp_path, kind, shape):
    array = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    path = tmp_path / "file"
    path.write_bytes(idx(array))
    read = read_idx(path)
    assert read.dtype == array.dtype
    assert_array_equal(read, array)


GOOD = idx(np.arange(200, dtype=np.uint8).reshape(2, 10, 10))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "nothing"),
        (b"\0\0", "begins with 0000"),
        (b"PK" + GOOD[2:], "begins with 504b"),
        (b"\0\0\x07\1" + GOOD[4:], "not an IDX file"),
        (b"\0\0\x08\0", "declares 0 dimensions"),
        (b"\0\0\x08\xff" + GOOD[4:], "declares 255 dimensions"),
        (GOOD[:10], "ends within its header"),
        (GOOD[:-1], "declares 200 bytes of data, has 199"),
        (GOOD + b"\0", "declares 200 bytes of data, has more"),
        (b"\0\0\x08\2" + b"\xff" * 8, "wanted 1 to"),
        (b"\0\0\x08\1" + b"\x7f" + b"\xff" * 3, "has 0"),
        (b"\0\0\x08\1" + b"\0" * 4, "0 bytes, wanted"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_damaged_idx_files_are_refused(tmp_path, content, message, pack):
    path = tmp_path / "file"
    path.write_bytes(pack(content))
    with pytest.raises(DatasetError, match=f"file: .*{message}"):
        read_idx(path)


def test_damaged_gzip_streams_are_refused(tmp_path):
    packed = gzip.compress(GOOD)
    wrong_checksum = packed[:-8] + bytes(4) + packed[-4:]
    for damaged in (packed[:-12], packed[:5], packed[:60] + b"\xff" * 60, wrong_checksum):
        path = tmp_path / "file"
        path.write_bytes(damaged)
        with pytest.raises(DatasetError, match="gzip stream is damaged"):
            read_idx(path)


@pytest.fixture
def _no_data(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "fastsp" / "datasets.py"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", None)


@pytest.mark.usefixtures("_no_data")
def test_the_current_directory_comes_after_the_checkout(monkeypatch, tmp_path):
    folder = tmp_path / "elsewhere" / "data"
    folder.mkdir()
    arrays = write_set(folder)
    monkeypatch.setattr(datasets, "_MNIST", hashlib.sha256(arrays[3].tobytes()).hexdigest())
    check_set(load_mnist(), arrays)


@pytest.mark.usefixtures("_no_data")
def test_without_files_openml_is_asked(monkeypatch):
    images, labels = np.zeros((70_000, 4)), np.full(70_000, "7")
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", lambda *_, **__: (images, labels))
    data = load_mnist()
    assert data.train_images.shape == (60_000, 4)
    assert data.test_labels.tolist() == [7] * 10_000
    assert data.test_labels.dtype == np.uint8


@pytest.mark.usefixtures("_no_data")
@pytest.mark.parametrize("error", [urllib.error.URLError("no route"), TimeoutError()])
def test_without_files_and_network_the_error_says_what_to_do(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fail)
    with pytest.raises(DatasetError, match="pass the folder") as caught:
        load_mnist()
    assert "\n" not in str(caught.value)


# --- several sets, and what is none, in a folder ---

LETTERS = ("emnist-letters-train-{}-ubyte.gz", "emnist-letters-test-{}-ubyte.gz")
BALANCED = ("emnist-balanced-train-{}-ubyte.gz", "emnist-balanced-test-{}-ubyte.gz")


def test_files_with_a_dot_before_and_folders_are_no_data(tmp_path):
    arrays = write_set(tmp_path)
    for path in list(tmp_path.iterdir()):
        (tmp_path / f"._{path.name}").write_bytes(b"Mac OS X")
        (tmp_path / f"other-{path.name}").mkdir()
    (tmp_path / ".emnist-train-images-idx3-ubyte").write_bytes(b"")
    (tmp_path / "train-images-idx3-ubyte.gz").mkdir()
    data = load_mnist(tmp_path)
    check_set(data, arrays)
    assert data.source == str(tmp_path)


@pytest.mark.parametrize("split", ["letters", "emnist-letters"])
def test_one_of_several_sets_is_chosen_by_its_split(tmp_path, split):
    letters = write_set(tmp_path, LETTERS)
    plain = write_set(tmp_path, shape=(3, 3))
    write_set(tmp_path, BALANCED, shape=(2, 2))
    data = load_mnist(tmp_path, split)
    check_set(data, letters)
    assert data.source == f"{tmp_path}, emnist-letters"
    check_set(load_mnist(tmp_path, ""), plain, (3, 3))


def test_a_split_that_means_none_or_several_is_told_the_choices(tmp_path):
    write_set(tmp_path, LETTERS)
    write_set(tmp_path, BALANCED)
    write_set(tmp_path, tuple(name.replace("emnist", "old") for name in LETTERS))
    choices = "'emnist-balanced', 'emnist-letters', 'old-letters'"
    for split, found in ((None, "3 files of train-images"), ("mnist", "no set"), ("", "no set")):
        with pytest.raises(DatasetError, match=f"{found}.*{choices}"):
            load_mnist(tmp_path, split)
    with pytest.raises(DatasetError, match=f"2 sets 'letters'.*{choices}"):
        load_mnist(tmp_path, "letters")
    with pytest.raises(TypeError, match="split must be the name of a set"):
        load_mnist(tmp_path, 3)
    with pytest.raises(TypeError, match="folder must be a path"):
        load_mnist(3)


def test_training_and_test_files_of_different_sets_are_not_taken_together(tmp_path):
    write_set(tmp_path, LETTERS)
    for path in list(tmp_path.glob("*test*")):
        path.rename(tmp_path / path.name.replace("letters", "digits"))
    with pytest.raises(DatasetError, match="different sets, 'emnist-digits', 'emnist-letters'"):
        load_mnist(tmp_path)
    with pytest.raises(DatasetError, match=r"no file of test-images \(such as emnist-letters-"):
        load_mnist(tmp_path, "letters")


def write_qmnist(folder, labels):
    names = ("qmnist-train-{}-ubyte", "qmnist-test-{}-ubyte")
    arrays = write_set(folder, names)
    for part, classes in zip(("train", "test"), labels, strict=True):
        (folder / f"qmnist-{part}-labels-idx1-ubyte").unlink()
        table = np.arange(8 * len(classes), dtype=np.int32).reshape(-1, 8) + 1000
        table[:, 0] = classes
        (folder / f"qmnist-{part}-labels-idx2-int.gz").write_bytes(gzip.compress(idx(table)))
    return arrays


def test_labels_of_qmnist_are_the_first_of_their_columns(tmp_path):
    labels = [5, 0, 4, 1, 9, 2], [2, 0, 1]
    arrays = write_qmnist(tmp_path, labels)
    arrays[1], arrays[3] = labels
    check_set(load_mnist(tmp_path), arrays)


@pytest.mark.parametrize("label", [-1, 256])
def test_labels_that_are_no_bytes_are_refused(tmp_path, label):
    write_qmnist(tmp_path, ([0] * 6, [0, 0, label]))
    with pytest.raises(DatasetError, match="1-dimensional int32, wanted 1-dimensional uint8"):
        load_mnist(tmp_path)


# --- MNIST itself ---


@pytest.mark.usefixtures("_no_data")
def test_another_set_is_not_taken_for_mnist(tmp_path):
    folder = tmp_path / "elsewhere" / "data"
    folder.mkdir()
    letters = write_set(folder, LETTERS)
    with pytest.raises(DatasetError, match=r"data: another set than MNIST.*pass the folder"):
        load_mnist()
    check_set(load_mnist(folder), letters)
    check_set(load_mnist(split="letters"), letters)
    with pytest.raises(DatasetError, match="no set 'digits'; pass the folder"):
        load_mnist(split="digits")


@pytest.mark.usefixtures("_no_data")
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (urllib.error.URLError("no route"), "OpenML cannot be reached"),
        (ConnectionResetError(104, "reset"), "OpenML cannot be reached"),
        (
            urllib.error.HTTPError("https://openml.org", 503, "unavailable", None, None),
            r"OpenML refuses it \(HTTP 503: unavailable\)",
        ),
        (http.client.IncompleteRead(b""), "connection to OpenML broke off"),
        (
            PermissionError(13, "Permission denied", "/cache"),
            r"cannot be kept \(/cache: Permission denied\)",
        ),
        (OSError(28, "No space left on device"), r"cannot be kept \(No space left on device\)"),
        (ValueError("md5 checksum\nof local file"), r"is not MNIST \(md5 checksum of local file\)"),
        (gzip.BadGzipFile("CRC check failed"), r"is not MNIST \(CRC check failed\)"),
        (EOFError("ended"), r"is not MNIST \(ended\)"),
        (zlib.error("invalid"), r"is not MNIST \(invalid\)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_failure_of_openml_is_told_for_what_it_is(monkeypatch, error, told):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fail)
    with pytest.raises(DatasetError, match=f"{told}; pass the folder" if told[-1] == ")" else told):
        load_mnist()


@pytest.mark.usefixtures("_no_data")
def test_too_few_images_from_openml_are_refused(monkeypatch):
    few = np.zeros((7, 784)), np.full(7, "7")
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", lambda *_, **__: few)
    with pytest.raises(DatasetError, match=r"is not MNIST \(7 images and 7 labels, wanted 70000\)"):
        load_mnist()
