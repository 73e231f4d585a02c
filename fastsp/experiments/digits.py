"""Digits and their codes, for experiments that work on MNIST."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.datasets import Mnist
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.mnist.training import Training, compile_for
from fastsp.experiments.progress import Progress
from fastsp.pooler import SpatialPooler

PUBLISHED = MnistConfig(checkpoints=0)
"""The published configuration, without measurements while it learns."""
QUICK = replace(
    PUBLISHED,
    cycles=300,
    chunk=100,
    column_shape=(16, 16),
    potential_radius=2,
    n_potential=24,
    density=0.05,
    duty_cycle_period=100,
)
"""The same in a size for tests."""


@dataclass(frozen=True)
class Coder:
    """Encodes images and transforms them with a pooler; without a pooler, returns the ON bits."""

    config: MnistConfig
    pooler: SpatialPooler | None

    def __call__(self, images: NDArray[np.uint8]) -> Any:
        """Return codes of images (n, n_pixels): a CSR matrix, or ON bits (n, n_pixels) uint8."""
        bits = self.config.build_encoder(images).transform(images)
        if self.pooler:
            return self.pooler.transform(bits)
        return bits[:, ::2] if self.config.channels == "on_off" else bits


def poolers(
    config: MnistConfig, digits: Mnist, progress: Progress
) -> tuple[SpatialPooler, SpatialPooler]:
    """Return the pooler before it learned, and after."""
    compile_for(config, digits, progress)
    untrained = config.build_pooler(digits.image_shape)
    training = Training(config, digits)
    training.run(progress)
    return untrained, training.pooler


def coders(config: MnistConfig, seed: int, digits: Mnist, progress: Progress) -> dict[str, Coder]:
    """Return the raw ON bits, the untrained pooler and the trained one."""
    config = replace(config, seed=seed)
    codes = (None, *poolers(config, digits, progress))
    names = ("raw ON bits", "untrained pooler", "trained pooler")
    return {name: Coder(config, code) for name, code in zip(names, codes, strict=True)}


def sample_digits(
    config: MnistConfig, data: Mnist, n: int = 6
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the first test image of each of `n` digits, to be drawn.

    Returns
    -------
    images : (n, height, width) uint8
    inputs : (n, n_features) uint8
        The same images as input bits.
    """
    _, first = np.unique(data.test_labels, return_index=True)
    chosen = data.test_images[first[:n]]
    inputs = config.build_encoder(chosen).transform(chosen)
    return chosen.reshape(-1, *data.image_shape), inputs
