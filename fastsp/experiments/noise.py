"""Noise in the pixels of test images: codes against raw bits, read in the same two ways.

All readouts are fitted on clean images.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from fastsp.datasets import Mnist
from fastsp.experiments.digits import PUBLISHED, QUICK, poolers
from fastsp.experiments.experiment import Experiment, Summary, Trial, arm, streams
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.mnist.readout import Transform, fit_readout
from fastsp.experiments.progress import Progress
from fastsp.experiments.spread import Spread
from fastsp.experiments.wording import compared, percent

TRAINED, UNTRAINED, RAW = CODES = ("trained pooler", "untrained pooler", "raw bits")
READOUTS: dict[str, Literal["likelihood", "linear"]] = {
    "likelihood": "likelihood",
    "softmax": "linear",
}


@dataclass(frozen=True)
class NoiseConfig:
    """Parameters of the experiment `noise`.

    Attributes
    ----------
    pooler : MnistConfig
        What is trained, and how readouts are fitted; its seed is that of the trial.
    noise_levels : int
        Number of noise levels: shares of pixels that are replaced, from none to `most_noise`.
    most_noise : float
    """

    pooler: MnistConfig = PUBLISHED
    noise_levels: int = 11
    most_noise: float = 0.5

    @property
    def noise(self) -> NDArray[np.float64]:
        """(noise_levels,) shares of the pixels that are replaced."""
        return np.linspace(0.0, self.most_noise, self.noise_levels)


def replace_pixels(
    images: NDArray[np.uint8], shares: NDArray[np.float64], random: np.random.Generator
) -> list[NDArray[np.uint8]]:
    """Return noisy copies of images, for each share: so many pixels get a random grey value.

    A pixel that is replaced at one share is replaced at all larger ones, by the same value.
    """
    order = np.argsort(random.random(images.shape), axis=1)
    rank = np.empty(images.shape, np.int64)
    np.put_along_axis(rank, order, np.arange(images.shape[1])[np.newaxis], axis=1)
    grey = random.integers(256, size=images.shape, dtype=np.uint8)
    return [np.where(rank < round(share * images.shape[1]), grey, images) for share in shares]


def run(config: NoiseConfig, seed: int, digits: Mnist, progress: Progress) -> Trial:
    """Train, fit every readout on clean codes, and read noisy test images."""
    own = replace(config.pooler, seed=seed)
    untrained, trained = poolers(own, digits, progress)
    transforms: dict[str, Transform] = {
        TRAINED: trained.transform,
        UNTRAINED: untrained.transform,
        RAW: csr_matrix,
    }
    noisy = replace_pixels(digits.test_images, config.noise, streams(seed, 4))
    encoder = own.build_encoder(digits.test_images)
    measures: dict[str, dict[str, NDArray[np.float64]]] = {}
    for code, transform in transforms.items():
        classifiers = {
            name: fit_readout(
                transform, replace(own, readout=kind), digits, progress, arm(code, name)
            )
            for name, kind in READOUTS.items()
        }
        accuracies: dict[str, list[float]] = {name: [] for name in READOUTS}
        for images in noisy:
            codes = transform(encoder.transform(images))
            for name, classifier in classifiers.items():
                accuracies[name].append(float(classifier.score(codes, digits.test_labels)))
        for name, curve in accuracies.items():
            values = np.array(curve)
            measures[arm(code, name)] = {
                "accuracy": values,
                "kept": values / values[0] if values[0] else np.full(len(curve), np.nan),
            }
    return Trial(seed, measures, {"images": [images[:6] for images in noisy]})


def found(config: NoiseConfig, summary: Summary) -> tuple[str, str]:
    """Return how much accuracy noise leaves to codes and raw bits."""
    half = len(config.noise) // 2
    share = percent(float(config.noise[half]), 0)

    def of(code: str, readout: str, place: int) -> Spread:
        return summary[arm(code, readout)]["accuracy"][place]

    read = "; ".join(
        f"by {readout} it reads {percent(of(TRAINED, readout, 0))} of the clean images and "
        f"{percent(of(TRAINED, readout, half))} of the noisy ones, of raw bits "
        f"{percent(of(RAW, readout, 0))} and {percent(of(RAW, readout, half))}"
        for readout in READOUTS
    )
    verdicts = [
        f"by {readout} codes of the trained pooler are "
        + compared(
            of(TRAINED, readout, half),
            of(RAW, readout, half),
            "read better than raw bits",
            "read worse than raw bits",
            "read no better than raw bits in every seed",
        )
        for readout in READOUTS
    ]
    return (
        f"With {share} of the pixels replaced by random grey values: from codes of the trained "
        f"pooler, {read}.",
        f"At that noise, {', and '.join(verdicts)}.",
    )


EXPERIMENT = Experiment(
    name="noise",
    title="Noise in the pixels",
    lead="A pooler learns clean digits, and two readouts are fitted on clean codes and on raw "
    "bits. Then a share of the pixels of every test image gets a random grey value.",
    full=NoiseConfig(),
    quick=NoiseConfig(QUICK, noise_levels=3),
    run=run,
    found=found,
    needs_digits=True,
)
