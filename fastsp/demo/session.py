"""One viewer: the image that is held before the poolers, and what is seen of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastsp.demo.studio import Studio
from fastsp.demo.variant import Variant, entropy_of

MOST_NOISE = 0.5


@dataclass(frozen=True)
class Field:
    """The synapses of one column.

    Attributes
    ----------
    inputs : (p,) int32, the input bits of its potential pool.
    permanences : (p,) float32
    duty_cycle, boost_factor : float
    """

    inputs: NDArray[np.int32]
    permanences: NDArray[np.float32]
    duty_cycle: float
    boost_factor: float


@dataclass(frozen=True)
class View:
    """One pooler at one moment, with an input before it; N input bits, C columns, L labels.

    Attributes
    ----------
    settings : dict of str
    cycles : int
        Learning cycles of the pooler that learns.
    cycles_per_second, entropy : float
    accuracy : float or None
        Of the readout; None before the first.
    readout_cycles : int
        Learning cycles of the pooler that the readout was fitted on.
    is_stale : bool
        Whether something was changed since the readout was fitted.
    bits : (N,) uint8
    overlaps : (C,) int32
    boosted, inhibited : (C,) float32
    active, off : int32, the active columns, and those that are switched off.
    stands_for : (N,) float32
        The input that the active columns stand for, in [0, 1]; see
        `SpatialPooler.inverse_transform`.
    probabilities : (L,) float64, or (0,) before the first readout.
    curve : (n, 3) float64, cycles, accuracy and entropy.
    field : Field or None
        Of the column selected.
    """

    settings: dict[str, str]
    cycles: int
    cycles_per_second: float
    entropy: float
    accuracy: float | None
    readout_cycles: int
    is_stale: bool
    bits: NDArray[np.uint8]
    overlaps: NDArray[np.int32]
    boosted: NDArray[np.float32]
    inhibited: NDArray[np.float32]
    active: NDArray[np.int32]
    off: NDArray[np.int32]
    stands_for: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    curve: NDArray[np.float64]
    field: Field | None


@dataclass(frozen=True)
class Picture:
    """What one viewer sees at one moment.

    Attributes
    ----------
    is_running : bool
    failure : str
    selected : int or None
        The column whose field is shown.
    views : tuple of View
    """

    is_running: bool
    failure: str
    selected: int | None
    views: tuple[View, ...]


class Session:
    """What one viewer has chosen: an image, its noise and shift, and a column."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._shape = studio.data.image_shape
        self._image = studio.data.test_images[0].copy()
        self._noise, self._shift = 0.0, (0, 0)
        self._selected: int | None = None
        # One order for all, so that more noise adds to the pixels that were turned over before.
        self._order = np.random.default_rng(0).permutation(self._image.size)

    def draw(self, image: NDArray[np.uint8]) -> None:
        """Hold another image, (n_pixels,), before the poolers; ValueError for another size."""
        if image.shape != self._image.shape:
            raise ValueError(f"image must have {self._image.size} pixels; got {image.size}")
        self._image = image.copy()

    def disturb(self, noise: float, right: int, down: int) -> None:
        """Turn over this share of the pixels, and shift by whole pixels."""
        if not 0 <= noise <= MOST_NOISE:
            raise ValueError(f"noise must be between 0 and {MOST_NOISE}; got {noise}")
        for name, shift, size in (("right", right, self._shape[1]), ("down", down, self._shape[0])):
            if abs(shift) > size:
                raise ValueError(f"{name} must be between {-size} and {size}; got {shift}")
        self._noise, self._shift = noise, (down, right)

    def select(self, column: int | None) -> None:
        """Look at the receptive field of a column, or of none."""
        n_columns = int(np.prod(self._studio.config.column_shape))
        if column is not None and not 0 <= column < n_columns:
            raise ValueError(f"column must be between 0 and {n_columns - 1}; got {column}")
        self._selected = column

    def image(self) -> NDArray[np.uint8]:
        """Return the image as it is held before the poolers: shifted, then noisy."""
        height, width = self._shape
        down, right = self._shift
        image = np.zeros(self._shape, np.uint8)
        kept = self._image.reshape(self._shape)[
            max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)
        ]
        top, left = max(0, down), max(0, right)
        image[top : top + kept.shape[0], left : left + kept.shape[1]] = kept
        flat = image.ravel()
        turned = self._order[: round(self._noise * flat.size)]
        flat[turned] = 255 - flat[turned]
        return flat

    def picture(self) -> Picture:
        """Return what is seen now; to be called by the studio, see `Studio.ask`."""
        studio, image = self._studio, self.image()
        views = tuple(self._view(variant, image) for variant in studio.variants)
        return Picture(studio.is_running, studio.failure, self._selected, views)

    def _view(self, variant: Variant, image: NDArray[np.uint8]) -> View:
        pooler, readout = variant.shown, variant.readout
        bits = variant.encoder.transform(image.reshape(1, -1))[0]
        if not image.any():
            # Nothing is above the mean of an image without ink, but all is at it.
            bits = 1 - bits
        trace = pooler.trace(bits)
        code = np.zeros((1, len(trace.boosted)), np.uint8)
        code[0, trace.active] = 1
        return View(
            settings=variant.settings.as_dict(),
            cycles=variant.cycles,
            cycles_per_second=variant.cycles_per_second,
            entropy=entropy_of(pooler),
            accuracy=readout.accuracy if readout else None,
            readout_cycles=readout.cycles if readout else 0,
            is_stale=variant.is_stale,
            bits=bits,
            overlaps=trace.overlaps,
            boosted=trace.boosted,
            inhibited=trace.inhibited,
            active=trace.active,
            off=pooler.off_columns_,
            stands_for=pooler.inverse_transform(code)[0],
            probabilities=readout.probabilities(bits) if readout else np.empty(0),
            curve=variant.curve.points(),
            field=None if self._selected is None else _field(variant, self._selected),
        )


def _field(variant: Variant, column: int) -> Field:
    pooler = variant.shown
    own = slice(*pooler.indptr_[column : column + 2])
    return Field(
        inputs=pooler.indices_[own].astype(np.int32),
        permanences=pooler.permanences_[own].copy(),
        duty_cycle=float(pooler.active_duty_cycles_[column]),
        boost_factor=float(pooler.boost_factors_[column]),
    )
