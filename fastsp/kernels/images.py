"""Compiled image transforms: rotation and shift, and binary encoding against a threshold.

Chunks of images come in as (n, pixels) C-contiguous arrays, row-major within an image, and
preallocated arrays of as many rows are filled.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import allocating_kernel, kernel

Images = NDArray[Any]
Reals = NDArray[np.float64]
Bits = NDArray[np.uint8]


class Moves(NamedTuple):
    """How each of n images is moved, (n,) each."""

    cosines: Reals
    """of the angle; counter-clockwise where the first row is displayed on top"""
    sines: Reals
    shifts_y: Reals
    """pixels down, of magnitude below 2^30"""
    shifts_x: Reals
    """pixels to the right, likewise"""


@allocating_kernel
def rotate_shift(images: Images, height: int, width: int, moves: Moves, out: Images) -> None:
    """Rotate each image about its centre, then shift it: nearest neighbour, zeros from outside.

    The pixel of `out` at the offset (dy, dx) from the shifted centre is that of the image at
    (sin * dx + cos * dy, cos * dx - sin * dy) from its centre. Angle 0 and shift 0 copy exactly.

    Parameters
    ----------
    images : (n, height * width) array of any number type, C-contiguous
    height, width : int, pixels
        Their product is below 2^31.
    moves : of each image
    out : (n, height * width) array of the type of `images`, C-contiguous
        Filled; must not overlap `images`.
    """
    centre_y = 0.5 * (height - 1)
    centre_x = 0.5 * (width - 1)
    # Positions first, pixels second: the arithmetic is vectorised, only the look-ups are not.
    sources = np.empty(width, np.int32)
    for i in range(images.shape[0]):
        image = images[i]
        cosine = moves.cosines[i]
        sine = moves.sines[i]
        start_x = -centre_x - moves.shifts_x[i]
        for y in range(height):
            row = out[i, y * width : (y + 1) * width]
            dy = y - centre_y - moves.shifts_y[i]
            row_y = centre_y + cosine * dy
            row_x = centre_x - sine * dy
            for x in range(width):
                dx = np.int32(x) + start_x
                source_y = np.int32(math.floor(row_y + sine * dx + 0.5))
                source_x = np.int32(math.floor(row_x + cosine * dx + 0.5))
                inside = (
                    (source_y >= 0) & (source_y < height) & (source_x >= 0) & (source_x < width)
                )
                sources[x] = source_y * width + source_x if inside else -1
            for x in range(width):
                row[x] = image[sources[x]] if sources[x] >= 0 else 0


@kernel
def integer_thresholds(images: Images, thresholds: Images) -> None:
    """Find the least integer that is not below the mean of each image, exactly.

    Parameters
    ----------
    images : (n, pixels) array of an integer type, C-contiguous
        The sum of each image must fit an int64.
    thresholds : (n,) array of the type of `images`
        Filled with ceil(sum / pixels).
    """
    for i in range(images.shape[0]):
        total = np.int64(0)
        for pixel in images[i]:
            total += np.int64(pixel)
        thresholds[i] = -(-total // images.shape[1])


@kernel
def float_thresholds(images: Images, thresholds: Reals) -> None:
    """Find the mean of each image, but no more than its maximum where rounding would exceed it.

    Parameters
    ----------
    images : (n, pixels) array of a float type, C-contiguous
    thresholds : (n,) float64
        Filled with min(sum / pixels, maximum), the sum taken from left to right in float64.
    """
    for i in range(images.shape[0]):
        total = 0.0
        maximum = -np.inf
        for pixel in images[i]:
            total += pixel
            maximum = max(maximum, pixel)
        thresholds[i] = min(total / images.shape[1], maximum)


@kernel
def encode_on(images: Images, thresholds: Images, out: Bits) -> None:
    """Set the bit of each pixel that is not below its image's threshold.

    Parameters
    ----------
    images : (n, pixels) array of any number type, C-contiguous
    thresholds : (n,) array of the type of `images`, or float64
    out : (n, pixels) uint8, C-contiguous
        Filled with 1 where pixel >= threshold, else 0.
    """
    for i in range(images.shape[0]):
        image = images[i]
        bits = out[i]
        threshold = thresholds[i]
        for j in range(image.size):
            bits[j] = image[j] >= threshold


@kernel
def encode_on_off(images: Images, thresholds: Images, out: Bits) -> None:
    """Set, for each pixel, its ON bit where it is not below the threshold, else its OFF bit.

    Parameters
    ----------
    images : (n, pixels) array of any number type, C-contiguous
    thresholds : (n,) array of the type of `images`, or float64
    out : (n, 2 * pixels) uint8, C-contiguous
        Filled: bit 2 * j is the ON bit of pixel j, bit 2 * j + 1 its OFF bit.
    """
    for i in range(images.shape[0]):
        image = images[i]
        bits = out[i]
        threshold = thresholds[i]
        for j in range(image.size):
            on = image[j] >= threshold
            bits[2 * j] = on
            bits[2 * j + 1] = not on
