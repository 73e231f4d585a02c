"""The configurations that are timed: poolers with fixed parameters, and their inputs.

A further configuration is one more entry of `CONFIGURATIONS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp import BinaryImageEncoder, SpatialPooler
from fastsp.datasets import load_mnist

Bits = NDArray[np.uint8]


@cache
def images() -> NDArray[np.uint8]:
    """Return the MNIST training images, (60000, 784)."""
    return load_mnist().train_images


@cache
def digits(channels: str) -> Bits:
    """Return the MNIST training images as bits, each against its own mean, (60000, n_bits)."""
    return BinaryImageEncoder(channels).fit_transform(images())


@cache
def random_inputs(n_inputs: int, n_on: int, n: int = 2048) -> Bits:
    """Return `n` inputs with `n_on` on-bits each, anywhere."""
    random = np.random.default_rng(0)
    bits = np.zeros((n, n_inputs), np.uint8)
    for row in bits:
        row[random.choice(n_inputs, n_on, replace=False)] = 1
    return bits


@dataclass(frozen=True, eq=False)
class Configuration:
    """A pooler and what it is fed.

    Attributes
    ----------
    name, summary : str
    parameters : of `SpatialPooler`
    inputs : returns the inputs, (n, N)
    sparse : whether fastsp is given them as a CSR matrix, as SDRs of this kind come
    cycles : in one timed call of fastsp; fixed, so that runs can be compared
    tolerance : how far, as a share of the selection threshold, a column may be from it and still be
        chosen by one side and not the other; 0 where both compute with the same roundings
    """

    name: str
    summary: str
    parameters: dict[str, Any]
    inputs: Callable[[], Bits]
    sparse: bool = False
    cycles: int = 5000
    tolerance: float = 0.0

    def build_pooler(self) -> SpatialPooler:
        """Return the pooler, not drawn yet."""
        learning = {"permanence_increment": 0.02, "permanence_decrement": 0.006}
        return SpatialPooler(**learning, random_state=0, **self.parameters)


_A = {
    "column_shape": (56, 56),
    "input_shape": (28, 28),
    "receptive_field": "box",
    "potential_radius": 3,
    "potential_fraction": 1.0,
    "density": 0.02,
}

CONFIGURATIONS = (
    Configuration(
        "A",
        "digits, 56x56 columns, boxes of radius 3, global inhibition, log boosting",
        _A,
        lambda: digits("on"),
    ),
    Configuration(
        "A-exp",
        "A with exponential boosting of strength 3",
        _A | {"boosting": "exp", "boost_strength": 3.0},
        lambda: digits("on"),
        tolerance=1e-6,
    ),
    Configuration(
        "B",
        "digits, 79x79 columns, a tenth of boxes of radius 7, s = 0.1",
        _A
        | {
            "column_shape": (79, 79),
            "potential_radius": 7,
            "potential_fraction": 0.1,
            "density": 0.1,
        },
        lambda: digits("on"),
        cycles=2000,
    ),
    Configuration(
        "C",
        "digits, 2048 columns, half of all inputs",
        {"column_shape": (2048,), "potential_fraction": 0.5, "density": 0.02},
        lambda: digits("on"),
        cycles=2000,
    ),
    Configuration(
        "D",
        "16,384 inputs with 328 random on-bits, 16,384 columns, 256 random synapses each",
        {"column_shape": (16384,), "n_potential": 256, "density": 0.02},
        lambda: random_inputs(16384, 328),
        sparse=True,
        cycles=500,
    ),
    Configuration(
        "E",
        "A with exact local inhibition in boxes of radius 6",
        _A | {"inhibition": "local", "inhibition_radius": 6},
        lambda: digits("on"),
        cycles=2000,
    ),
    Configuration(
        "F",
        "digits on/off, 15x10 groups of 250 columns of which 4 win, Gaussian fields of radius 2.8",
        {
            "column_shape": (15, 10, 250),
            "input_shape": (28, 28, 2),
            "receptive_field": "gaussian",
            "potential_radius": 2.8,
            "n_potential": 106,
            "density": 4 / 250,
            "inhibition": "grouped",
        },
        lambda: digits("on_off"),
        cycles=1000,
    ),
    Configuration(
        "MNIST",
        "digits on/off, 56x56 columns, Gaussian fields of radius 3, Gaussian inhibition",
        {
            "column_shape": (56, 56),
            "input_shape": (28, 28, 2),
            "receptive_field": "gaussian",
            "potential_radius": 3,
            "n_potential": 106,
            "density": 0.02,
            "inhibition": "gaussian",
        },
        lambda: digits("on_off"),
        tolerance=1e-3,
    ),
)

BY_NAME = {configuration.name: configuration for configuration in CONFIGURATIONS}
