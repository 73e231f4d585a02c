"""Images as input bits: random rotations and shifts, and the binary encoder.

Both are scikit-learn transformers over (n_samples, n_pixels) arrays, row-major within an image.
The compiled loops are in `fastsp.kernels.images`.
"""

import math
import sys
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from fastsp.encoders.base import name_bits
from fastsp.engine.packing import check_given
from fastsp.kernels.images import (
    Moves,
    encode_on,
    encode_on_off,
    float_thresholds,
    integer_thresholds,
    rotate_shift,
)

LARGE = 2.0**960
"""The sum of 2^63 values below this bound is finite in float64."""
_CHANNELS = {"on": ("on",), "on_off": ("on", "off")}


class BinaryImageEncoder(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Encode images as bits: ON where a pixel is at least the mean of its own image.

    Parameters
    ----------
    channels : {"on_off", "on"}, default="on_off"
        With "on_off" each ON bit is followed by its complement, the OFF bit, so the input has a
        trailing dimension of size 2 that is not part of the topology: pixel j gives the bits
        2 * j (ON) and 2 * j + 1 (OFF), and exactly n_pixels bits are 1.

    Attributes
    ----------
    n_features_in_ : int
        Number of pixels of an image.
    feature_names_in_ : (n_pixels,) array of str
        Only where the images came with names.

    Examples
    --------
    >>> BinaryImageEncoder().fit_transform([[0, 9, 9, 0]])
    array([[0, 1, 1, 0, 1, 0, 0, 1]], dtype=uint8)
    """

    def __init__(self, channels: Literal["on", "on_off"] = "on_off") -> None:
        self.channels = channels

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the parameters and images; there is nothing to learn.

        Parameters
        ----------
        X : (n_samples, n_pixels) array of any real number type
        y : ignored

        Returns
        -------
        BinaryImageEncoder
            The encoder itself.

        Raises
        ------
        ValueError
            Where `channels` is unknown or images are not finite.
        """
        self._check_channels()
        _check_images(self, X, reset=True)
        return self

    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the images of a stream; there is nothing to learn. Parameters as of `fit`.

        Raises
        ------
        ValueError
            As in `fit`, and where images have another number of pixels than those before.
        """
        self._check_channels()
        _check_images(self, X, reset=not hasattr(self, "n_features_in_"))
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.uint8]:
        """Encode images.

        Integers are compared exactly; floats with their mean in float64.

        Parameters
        ----------
        X : (n_samples, n_pixels) array of any real number type

        Returns
        -------
        (n_samples, n_pixels * n_channels) uint8
            Bits, 0 or 1.

        Raises
        ------
        ValueError
            Where images are not finite or have another number of pixels than those fitted.
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        channels = self._check_channels()
        images = _comparable(_check_images(self, X, reset=False))
        if images.dtype.kind in "iu":
            thresholds = _integer_thresholds(images)
        else:
            thresholds = np.empty(len(images), np.float64)
            float_thresholds(images, thresholds)
        bits = np.empty((len(images), images.shape[1] * len(channels)), np.uint8)
        encode = encode_on if channels == ("on",) else encode_on_off
        encode(images, thresholds, bits)
        return bits

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Name the bits: the name of the pixel, then its channel, such as "x5_on".

        Parameters
        ----------
        input_features : (n_pixels,) array of str, optional
            Names of the pixels; by default those seen in `fit`, else x0, x1, ...

        Returns
        -------
        (n_pixels * n_channels,) array of str
        """
        pixels = super().get_feature_names_out(input_features)
        return name_bits(pixels, self._check_channels())

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # bits are uint8 whatever the images are
        return tags

    def _check_channels(self) -> tuple[str, ...]:
        if not isinstance(self.channels, str) or self.channels not in _CHANNELS:
            raise ValueError(f"channels must be one of {list(_CHANNELS)}, got {self.channels!r}")
        return _CHANNELS[self.channels]


class ImageAugmenter(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Rotate and shift images at random, by nearest neighbour, with zeros coming in from outside.

    `fit_transform` gives augmented images and `transform` the images as they are, so a pipeline
    augments what it is trained on and nothing else. `augment` draws anew at every call; how a
    stream of images is cut into calls does not change what becomes of each image.

    Parameters
    ----------
    max_rotation : float, default=15.0
        Degrees. The angle of each image is uniform between -max_rotation and max_rotation.
    max_shift : float, default=2.0
        Pixels. The shift along each axis is uniform, and continuous, between -max_shift and
        max_shift.
    image_shape : (int, int), optional
        Height and width, one of which may be -1: whatever the number of pixels asks for. By
        default images are square.
    random_state : int, numpy Generator, numpy RandomState or None, default=None
        The source of randomness; a Generator is used itself, not copied.

    Attributes
    ----------
    image_shape_ : (int, int)
        Height and width.
    generator_ : numpy Generator
        The random stream, which `fit` starts and `augment` continues.
    n_features_in_ : int
        Number of pixels of an image.

    Examples
    --------
    >>> images = np.eye(4, dtype=np.uint8).reshape(1, 16)
    >>> ImageAugmenter(max_rotation=0, max_shift=0).fit_transform(images).sum()
    np.uint64(4)
    """

    def __init__(
        self,
        max_rotation: float = 15.0,
        max_shift: float = 2.0,
        image_shape: tuple[int, int] | None = None,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
    ) -> None:
        self.max_rotation = max_rotation
        self.max_shift = max_shift
        self.image_shape = image_shape
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the parameters and images and start the random stream.

        Parameters
        ----------
        X : (n_samples, n_pixels) array of any real number type
        y : ignored

        Returns
        -------
        ImageAugmenter
            The augmenter itself.

        Raises
        ------
        ValueError
            Where a parameter is out of its range, images are not finite, or their number of
            pixels does not agree with `image_shape`.
        """
        self._start(X)
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Check images and return them unchanged.

        Parameters
        ----------
        X : (n_samples, n_pixels) array of any real number type

        Returns
        -------
        (n_samples, n_pixels) array of the same type

        Raises
        ------
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        return _check_images(self, X, reset=False)

    def fit_transform(self, X: ArrayLike, y: object = None, **fit_params: object) -> NDArray[Any]:
        """Start the random stream and return augmented images; see `fit` and `augment`."""
        return self._draw(self._start(X))

    def augment(self, X: ArrayLike) -> NDArray[Any]:
        """Rotate and shift each image at random, continuing the random stream.

        The first call fits the augmenter where `fit` has not.

        Parameters
        ----------
        X : (n_samples, n_pixels) array of any real number type; uint8 is fastest

        Returns
        -------
        (n_samples, n_pixels) array of the same type

        Raises
        ------
        ValueError
            As in `fit`; nothing is drawn then.
        """
        fitted = hasattr(self, "generator_")
        return self._draw(_check_images(self, X, reset=False) if fitted else self._start(X))

    def _restore(self) -> None:
        """Check what was loaded."""
        _resolve_shape(self.image_shape_, self.n_features_in_)
        if not isinstance(self.generator_, np.random.Generator):
            raise ValueError("generator_ must be a numpy Generator")

    def _start(self, X: ArrayLike) -> NDArray[Any]:
        for name in ("max_rotation", "max_shift"):
            value: Any = getattr(self, name)
            # Not converted first: an integer may be too large for a float.
            fits = isinstance(value, Real) and 0 <= value <= sys.float_info.max  # type: ignore[operator]
            if not fits:
                raise ValueError(f"{name} must be a finite number, at least 0, got {value!r}")
        images = _check_images(clone(self), X, reset=True)
        image_shape = _resolve_shape(self.image_shape, images.shape[1])
        generator = _as_generator(self.random_state)
        # Nothing changes before everything is checked.
        validate_data(self, X, skip_check_array=True)
        self.image_shape_ = image_shape
        self.generator_ = generator
        return images

    def _draw(self, images: NDArray[Any]) -> NDArray[Any]:
        # Checked again: the kernel relies on it.
        height, width = _resolve_shape(self.image_shape_, images.shape[1])
        draws = 2.0 * self.generator_.random((len(images), 3)) - 1.0
        angles = np.radians(float(self.max_rotation)) * draws[:, 0]
        reach = min(self.max_shift, 2.0 * (height + width))  # beyond it images are empty
        shifts = reach * draws[:, 1:]
        augmented = np.empty_like(images)
        # Pixels are moved, not computed with, so any type can pass as integers of its size.
        carrier = np.dtype(f"u{images.dtype.itemsize}")
        moves = Moves(np.cos(angles), np.sin(angles), *np.ascontiguousarray(shifts.T))
        rotate_shift(images.view(carrier), height, width, moves, augmented.view(carrier))
        return augmented

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        # Those of scikit-learn are of tables of any width, which are no images unless as one row.
        tags._skip_test = self.image_shape not in ((1, -1), (-1, 1))
        return tags


def _check_images(estimator: BaseEstimator, X: ArrayLike, *, reset: bool) -> NDArray[Any]:
    """Return `X` as a finite, C-contiguous 2-D array of its own number type."""
    check_given(X)
    images: NDArray[Any] = validate_data(estimator, X, dtype="numeric", order="C", reset=reset)
    if images.dtype.kind not in "biuf":
        raise ValueError(f"X must hold real numbers or booleans, got dtype {images.dtype}")
    if images.dtype.itemsize <= 8:
        return images
    with np.errstate(over="ignore"):
        images = images.astype(np.float64)
    if not np.isfinite(images).all():
        raise ValueError("X must hold numbers that fit float64")
    return images


def _comparable(images: NDArray[Any]) -> NDArray[Any]:
    """Return images as uint8, int64 or float64; pixels compare with their mean as before."""
    if images.dtype == np.bool_:
        return images.view(np.uint8)
    if images.dtype == np.uint8:
        return images
    if images.dtype == np.uint64 and images.max() >= 2**63:
        # Subtracting 2^63 from pixels and mean does not change how they compare.
        return (images ^ np.uint64(2**63)).view(np.int64)
    if images.dtype.kind in "iu":
        return images.astype(np.int64, copy=False)
    reals = images.astype(np.float64, copy=False)
    # Scaled so that the sum is finite, which does not change how they compare.
    return reals if np.abs(reals).max() < LARGE else reals * 2.0**-64


def _integer_thresholds(images: NDArray[Any]) -> NDArray[Any]:
    """Return the mean of each image, rounded up to an integer without error."""
    n_pixels = images.shape[1]
    small = images.dtype == np.uint8  # whose sums always fit
    if small or max(abs(int(images.min())), int(images.max())) * n_pixels < 2**63:
        thresholds = np.empty(len(images), images.dtype)
        integer_thresholds(images, thresholds)
        return thresholds
    # Sums of pixels would not fit, so quotients and remainders are added separately. The sum of
    # quotients may wrap around; adding the other part wraps it back.
    quotients, remainders = np.divmod(images, n_pixels)
    exact: NDArray[Any] = quotients.sum(axis=1) - (-remainders.sum(axis=1) // n_pixels)
    return exact


def _resolve_shape(image_shape: tuple[int, int] | None, n_pixels: int) -> tuple[int, int]:
    """Return height and width of images of `n_pixels`; see `ImageAugmenter.image_shape`."""
    if image_shape is None:
        side = math.isqrt(n_pixels)
        shape = [side, side]
    else:
        shape = list(image_shape) if isinstance(image_shape, (tuple, list)) else []
        sizes = [size for size in shape if isinstance(size, Integral) and size > 0]
        if len(shape) == 2 and shape.count(-1) == len(sizes) == 1:
            shape = [n_pixels // sizes[0] if size == -1 else size for size in shape]
        elif len(shape) != 2 or len(sizes) != 2:
            raise ValueError(
                "image_shape must be two positive integers, height and width, one of which may"
                f" be -1, or None, got {image_shape!r}"
            )
    height, width = (int(size) for size in shape)
    if height * width != n_pixels:
        raise ValueError(
            f"image_shape must agree with the {n_pixels} pixels of an image, got {image_shape!r}"
            + (", which asks for a square" if image_shape is None else "")
        )
    return height, width


def _as_generator(
    random_state: int | np.random.Generator | np.random.RandomState | None,
) -> np.random.Generator:
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**32, size=4, dtype=np.uint64))
    if random_state is None or isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state)
    if isinstance(random_state, Integral) and random_state >= 0:
        return np.random.default_rng(int(random_state))
    raise ValueError(
        "random_state must be an integer of at least 0, a numpy Generator, a RandomState or None,"
        f" got {random_state!r}"
    )
