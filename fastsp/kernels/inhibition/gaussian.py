"""Gaussian inhibition: boosted overlaps in units of their neighbourhood, by a separable blur."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Block, at
from fastsp.kernels.blurs import Blur, blur_grid
from fastsp.kernels.boosting import boosted_values
from fastsp.kernels.inhibition.top import FIRST_WINS, SelectionScratch, select_top
from fastsp.kernels.jit import inlined, step
from fastsp.kernels.order import order_key
from fastsp.kernels.state import Chunk, Rule, room_behind

VARIANCE_FLOOR = 1e-6
"""eps of the Gaussian inhibition, in squared units of boosted (connected synapses)."""


@inlined
def normalise(
    boosted: NDArray[np.float32],
    blur: Blur,
    work: NDArray[np.float32],
    normalised: NDArray[np.float32],
) -> None:
    """Fill `normalised` (C,) with the boosted in units of its neighbourhood's spread.

    m = e - G(e), z = m / sqrt(G(m^2) + eps), G the blur. `work` (4, room) is scratch space.
    """
    mean, variance = work[0][: boosted.size], work[1][: boosted.size]
    blur_grid(blur, boosted, work[2:], mean)
    for c in range(boosted.size):
        away = boosted[c] - mean[c]
        normalised[c] = away
        mean[c] = away * away
    blur_grid(blur, mean, work[2:], variance)
    for c in range(boosted.size):
        # The blur may miss zero by its truncation error, on the wrong side.
        spread = max(variance[c], np.float32(0.0)) + np.float32(VARIANCE_FLOOR)
        normalised[c] = normalised[c] / np.sqrt(spread)


class Gaussian(NamedTuple):
    """All columns compete by their boosted overlap in units of the spread around them."""

    keys: NDArray[np.uint32]
    """(C,)"""
    boosted: NDArray[np.float32]
    """(C,)"""
    normalised: NDArray[np.float32]
    """(C,)"""
    blur: Blur
    work: NDArray[np.float32]
    """(4, room of the blur, at least C)"""
    rule: Rule
    guess: NDArray[np.int64]
    """See `fastsp.kernels.inhibition.top.Global`."""
    selection: SelectionScratch
    chunk: Block[Chunk]


@step
def compete_by_gaussian(block: Gaussian, i: int, first: int, last: int) -> int:
    """Let all columns compete; see `Finding.compete`. Keys become those of normalised overlaps."""
    own = at(block)
    keys, rule = own.keys, own.rule
    boosted_values(keys, rule.lowest_exponent, rule.key_scale, own.boosted)
    normalise(own.boosted, own.blur, own.work, own.normalised)
    for c in range(keys.size):
        key = order_key(own.normalised[c])
        keys[c] = key if keys[c] != 0 else np.uint32(0)
    room, guess = room_behind(at(own.chunk), i), own.guess[0]
    n, own.guess[0] = select_top(keys, rule.n_active, guess, own.selection, room, FIRST_WINS)
    return n


class BlurredMean(NamedTuple):
    """Means of the columns around each, weighted by a Gaussian."""

    values: NDArray[np.float64]
    """(C,)"""
    means: NDArray[np.float64]
    """(C,)"""
    blur: Blur
    work: NDArray[np.float32]
    """(4, room of the blur, at least C)"""


@step
def average_by_gaussian(block: BlurredMean) -> int:
    """Fill `means` from `values`."""
    own = at(block)
    n = own.values.size
    narrow, blurred = own.work[0, :n], own.work[1, :n]
    for c in range(n):
        narrow[c] = np.float32(own.values[c])
    blur_grid(own.blur, narrow, own.work[2:], blurred)
    for c in range(n):
        own.means[c] = blurred[c]
    return 0
