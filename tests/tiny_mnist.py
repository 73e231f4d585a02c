"""A set of labelled images small enough for tests: four strokes, shifted and noisy."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastsp.datasets import Mnist

SIDE = 12


def make_digits(n_train: int = 200, n_test: int = 60) -> Mnist:
    """Return images of a vertical, a horizontal and two diagonal strokes."""
    random = np.random.default_rng(0)
    row, column = np.indices((SIDE, SIDE))
    middle = SIDE // 2
    strokes = (column - middle, row - middle, row - column, row + column - SIDE)

    def draw(n: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        labels = np.arange(n, dtype=np.uint8) % len(strokes)
        images = np.array([np.abs(strokes[label]) <= 1 for label in labels]) * 200
        images = images + random.integers(0, 50, images.shape)
        return images.astype(np.uint8).reshape(n, -1), labels

    train_images, train_labels = draw(n_train)
    test_images, test_labels = draw(n_test)
    return Mnist(train_images, train_labels, test_images, test_labels, (SIDE, SIDE), "synthetic")


def write_digits(folder: Path, digits: Mnist) -> Path:
    """Write a set as four IDX files and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, images, labels in (
        ("train", digits.train_images, digits.train_labels),
        ("t10k", digits.test_images, digits.test_labels),
    ):
        header = struct.pack(">HBBIII", 0, 8, 3, len(images), *digits.image_shape)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        header = struct.pack(">HBBI", 0, 8, 1, len(labels))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
    return folder
