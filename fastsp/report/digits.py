"""Test images, and poolers compared on them."""

import numpy as np
from numpy.typing import NDArray

from fastsp import plots
from fastsp.datasets import Mnist
from fastsp.experiments.mnist import MnistConfig
from fastsp.pooler import SpatialPooler
from fastsp.report.page import Drawing

N_DIGITS = 6
"""Test images drawn where inputs and codes are shown."""


def inhibition_comparison(
    with_inhibition: SpatialPooler,
    without_inhibition: SpatialPooler,
    config: MnistConfig,
    data: Mnist,
) -> Drawing:
    """Draw the codes of two poolers that learned the same stream."""
    return Drawing.of(
        plots.inhibition_compared(
            with_inhibition, without_inhibition, *sample_digits(config, data)
        ),
        "Active columns with and without local inhibition",
        "Two poolers that learned the same stream. Without local inhibition the most excited "
        "columns are selected globally.",
    )


def sample_digits(config: MnistConfig, data: Mnist) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the first test image of several digits, and the same as input bits."""
    _, first = np.unique(data.test_labels, return_index=True)
    chosen = data.test_images[first[:N_DIGITS]]
    inputs = config.build_encoder(chosen).transform(chosen)
    return chosen.reshape(-1, *data.image_shape), inputs
