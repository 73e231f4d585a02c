"""The stream of training inputs: the images in random order, rotated and shifted, without end."""

import copy

import numpy as np
from numpy.typing import NDArray

from fastsp.datasets import Mnist
from fastsp.experiments.mnist.config import MnistConfig


class DigitStream:
    """Input bits of training images, the same in the same order as the MNIST experiment learns."""

    def __init__(self, config: MnistConfig, data: Mnist) -> None:
        self._images = data.train_images
        self._encoder = config.build_encoder(self._images)
        self._augmenter = config.build_augmenter(data.image_shape, purpose=1)
        self._augmenter.fit(self._images[:1])
        self._random = np.random.default_rng(np.random.SeedSequence([config.seed, 0]))
        self._order = np.empty(0, np.int64)
        """What is left of an epoch."""

    def take(self, n: int) -> NDArray[np.uint8]:
        """Return the next `n` inputs, (n, n_features), however the stream is cut."""
        while len(self._order) < n:
            epoch = self._random.permutation(len(self._images))
            self._order = np.concatenate([self._order, epoch])
        chosen, self._order = self._order[:n], self._order[n:]
        bits: NDArray[np.uint8] = self._encoder.transform(
            self._augmenter.augment(self._images[chosen])
        )
        return bits

    def copy(self) -> "DigitStream":
        """Return a stream that goes on in the same way; the images are shared."""
        other = copy.copy(self)
        other._random = copy.deepcopy(self._random)
        other._augmenter = copy.deepcopy(self._augmenter)
        return other
