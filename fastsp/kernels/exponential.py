"""The exponential function, in arithmetic that a loop can vectorise."""

import math
from typing import Any

import numpy as np

from fastsp.kernels.jit import kernel

PER_LN2, LN2 = 1 / math.log(2.0), math.log(2.0)
LARGEST_REST = 0.35
"""Above log(2) / 2, below where the polynomial loses its accuracy."""
COEFFICIENTS = 1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1.0, 1.0
"""Of the Taylor polynomial, the highest power first."""
LEAST, MOST = -87.0, 88.0
"""Where the exponential is a normal float32."""


@kernel
def split_exponential(x: float) -> tuple[float, np.float32]:
    """Return exp(x) as n and y, exp(x) = 2^n y.

    exp(x) = 2^n exp(r) with |r| <= log(2) / 2, and exp(r) by its Taylor polynomial, to within 3e-7
    of itself. n is a whole number.
    """
    n = np.floor(x * PER_LN2 + 0.5)
    # Of an x beyond all measure r is unknown, and has no weight.
    r = np.float32(min(max(x - n * LN2, -LARGEST_REST), LARGEST_REST))
    y = np.float32(COEFFICIENTS[0])
    y = y * r + np.float32(COEFFICIENTS[1])
    y = y * r + np.float32(COEFFICIENTS[2])
    y = y * r + np.float32(COEFFICIENTS[3])
    y = y * r + np.float32(COEFFICIENTS[4])
    y = y * r + np.float32(COEFFICIENTS[5])
    y = y * r + np.float32(COEFFICIENTS[6])
    y = y * r + np.float32(COEFFICIENTS[7])
    return n, y


@kernel
def exponential(x: float) -> np.float32:
    """Return exp(x), x held within [-87, 88], where the result is a normal float32."""
    n, y = split_exponential(min(max(x, LEAST), MOST))
    power: Any = np.int32((np.int32(n) + np.int32(127)) << np.int32(23))
    return np.float32(y * power.view(np.float32))
