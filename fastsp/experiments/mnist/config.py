"""Parameters of the MNIST experiment, and the estimators that they describe."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fastsp.classifiers import (
    MaximumLikelihoodClassifier,
    SoftmaxClassifier,
    StreamingRidgeClassifier,
)
from fastsp.encoders import BinaryImageEncoder, ImageAugmenter
from fastsp.engine import choices
from fastsp.pooler import SpatialPooler

Classifier = MaximumLikelihoodClassifier | SoftmaxClassifier | StreamingRidgeClassifier
READOUTS = ("likelihood", "linear", "ridge")


@dataclass(frozen=True)
class MnistConfig:
    """All parameters of the experiment.

    Shapes, density, boosting and inhibition are those published. Increment, decrement, smoothing
    and `boost_strength` (which only exponential boosting uses) were chosen by the accuracy, at an
    entropy of at least 0.97, of classifying the last 10,000 training images after learning from
    the 50,000 others.

    Attributes
    ----------
    cycles : int
        Learning cycles. The stream is a random permutation of the training images, and another
        one for every further epoch.
    seed : int
        Fixes the pooler, the order of the images, their rotations and their shifts.
    chunk : int
        Inputs per call of the pooler; progress is reported, and Ctrl-C handled, in between.
    max_rotation, max_shift : float
        Of the training stream: degrees and pixels.
    channels : {"on_off", "on"}
        Input bits per pixel, see `BinaryImageEncoder`.
    column_shape, ..., overlap_index
        Parameters of `SpatialPooler`.
    readout : {"likelihood", "linear", "ridge"}
        Classifier of the codes: `MaximumLikelihoodClassifier`, `SoftmaxClassifier` or
        `StreamingRidgeClassifier`.
    smoothing : float
        Parameter of `MaximumLikelihoodClassifier`.
    learning_rate, final_learning_rate : float
        Parameters of `SoftmaxClassifier`; the second is that of its last step.
    readout_copies : int
        Rotated and shifted copies of every training image whose codes fit the readout before the
        code of the image itself.
    readout_rotation, readout_shift : float
        Of those copies: degrees and pixels.
    checkpoints : int
        Measurements on held-out training images during training, spaced logarithmically.
    held_out, held_out_readout : int
        Training images whose labels are predicted at a checkpoint (the last ones) and those that
        fit the classifier for it (the first ones); less where there are not as many images.
    n_jobs : int or None
        Threads; no result depends on it.
    """

    cycles: int = 60_000
    seed: int = 0
    chunk: int = 1_000
    max_rotation: float = 15.0
    max_shift: float = 2.0
    channels: Literal["on_off", "on"] = "on_off"
    column_shape: tuple[int, ...] = (56, 56)
    receptive_field: choices.ReceptiveField = "gaussian"
    potential_radius: float = 3
    n_potential: int = 106
    segments: int = 1
    density: float = 0.02
    inhibition: choices.Inhibition = "gaussian"
    boosting: choices.Boosting = "log"
    boost_strength: float = 30.0
    duty_cycle_period: int = 1_000
    permanence_increment: float = 0.01
    permanence_decrement: float = 0.005
    connected_threshold: float = 0.5
    batch_size: int = 1
    overlap_index: choices.OverlapIndex = "auto"
    readout: Literal["likelihood", "linear", "ridge"] = "likelihood"
    smoothing: float = 0.001
    learning_rate: float = 0.01
    final_learning_rate: float = 0.0005
    readout_copies: int = 0
    readout_rotation: float = 15.0
    readout_shift: float = 2.0
    checkpoints: int = 10
    held_out: int = 5_000
    held_out_readout: int = 10_000
    n_jobs: int | None = None

    def __post_init__(self) -> None:
        least = {"cycles": 1, "seed": 0, "chunk": 1, "held_out": 1, "held_out_readout": 1}
        least |= {"segments": 1, "batch_size": 1, "readout_copies": 0, "checkpoints": 0}
        for name, minimum in least.items():
            if getattr(self, name) < minimum:
                raise ValueError(f"{name} must be at least {minimum}, got {getattr(self, name)}")
        if self.readout not in READOUTS:
            raise ValueError(f"readout must be one of {READOUTS}, got {self.readout!r}")
        if self.n_jobs == 0:
            raise ValueError("n_jobs must be a number of threads, or negative, or None, got 0")

    def build_pooler(self, image_shape: tuple[int, int]) -> SpatialPooler:
        """Return an untrained pooler, with its pools drawn."""
        input_shape = (*image_shape, 2) if self.channels == "on_off" else image_shape
        shared = vars(self).keys() & SpatialPooler().get_params().keys()
        pooler = SpatialPooler(
            **{name: getattr(self, name) for name in shared},
            input_shape=input_shape,
            random_state=self.seed,
        )
        return pooler.initialize(math.prod(input_shape))

    def build_encoder(self, images: NDArray[np.uint8]) -> BinaryImageEncoder:
        """Return the encoder, fitted for such images."""
        return BinaryImageEncoder(channels=self.channels).fit(images[:1])

    def build_augmenter(self, image_shape: tuple[int, int], purpose: int) -> ImageAugmenter:
        """Return an augmenter with an independent random stream for each `purpose`."""
        return ImageAugmenter(
            max_rotation=self.max_rotation,
            max_shift=self.max_shift,
            image_shape=image_shape,
            random_state=int(np.random.SeedSequence([self.seed, purpose]).generate_state(1)[0]),
        )

    def build_readout(self, n_images: int) -> Classifier:
        """Return the classifier for the codes of `n_images` training images and their copies."""
        if self.readout == "likelihood":
            return MaximumLikelihoodClassifier(smoothing=self.smoothing)
        if self.readout == "ridge":
            return StreamingRidgeClassifier()
        return SoftmaxClassifier(
            learning_rate=self.learning_rate,
            final_learning_rate=self.final_learning_rate,
            decay_steps=n_images * (1 + self.readout_copies),
        )


def with_channels(config: MnistConfig, channels: Literal["on_off", "on"]) -> MnistConfig:
    """Return the configuration with other input bits, and potential synapses in proportion."""
    if channels == config.channels:
        return config
    n = config.n_potential
    n_potential = 2 * n if channels == "on_off" else max(1, n // 2)
    return replace(config, channels=channels, n_potential=n_potential)
