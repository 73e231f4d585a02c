"""The base class of the encoders of numbers: each feature becomes a block with `n_on` on-bits."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from inspect import get_annotations
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from fastsp.encoders.tables import holds_moments, with_nan
from fastsp.masks import check_unmasked

Reals = NDArray[np.float64]
Places = NDArray[np.int64]

MOST_BITS = 2**31 - 1


def switch_on(
    places: Iterable[Places], present: NDArray[np.bool_], n_bits: int
) -> NDArray[np.uint8]:
    """Return blocks of bits, 1 at the given places of features that are present.

    Parameters
    ----------
    places : arrays (n_samples, n_features) int64
        Each holds the position, 0 to n_bits - 1, of one on-bit of every feature.
    present : (n_samples, n_features) bool
        Whether there is a value.
    n_bits : int
        Size of the block of a feature.

    Returns
    -------
    (n_samples, n_features * n_bits) uint8
    """
    n, n_features = present.shape
    bits = np.zeros((n, n_features, n_bits), np.uint8)
    for place in places:
        np.put_along_axis(bits, place[..., None], present[..., None], axis=2)
    return bits.reshape(n, n_features * n_bits)


class NumberEncoder(OneToOneFeatureMixin, TransformerMixin, BaseEstimator, ABC):
    """Base class: subclasses say what `fit` learns and which bits are on."""

    n_bits: int
    n_on: int
    _wanted = "numbers"

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the parameters and values, and learn what depends on values.

        Parameters
        ----------
        X : (n_samples, n_features) array of real numbers; NaN where a value is missing.
        y : ignored

        Returns
        -------
        NumberEncoder
            The encoder itself.

        Raises
        ------
        ValueError
            Where a parameter is out of its range or values are infinite; the encoder is then as it
            was before.
        """
        self._check_sizes()
        values = self._values(clone(self), X, reset=True)
        learned = self._learn(values)
        validate_data(self, X, skip_check_array=True)  # nothing is changed before all is checked
        for name, value in learned.items():
            setattr(self, name, value)
        return self

    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn from the first batch of a stream as `fit` does; later batches are only checked.

        What was learned from the first batch stays, so bits that were given out never move.

        Parameters
        ----------
        X : (n_samples, n_features) array of real numbers; NaN where a value is missing.
        y : ignored

        Returns
        -------
        NumberEncoder
            The encoder itself.

        Raises
        ------
        ValueError
            As in `fit`, and where the features are not those of the first batch.
        """
        if not hasattr(self, "n_features_in_"):
            return self.fit(X)
        self._check_sizes()
        self._values(self, X, reset=False)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.uint8]:
        """Encode values.

        Parameters
        ----------
        X : (n_samples, n_features) array of real numbers; NaN where a value is missing.

        Returns
        -------
        (n_samples, n_features * n_bits) uint8
            Bits, 0 or 1, in blocks, one for each feature; a block is 0 where the value is missing.

        Raises
        ------
        ValueError
            Where values are infinite or their features are not those fitted.
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        self._check_sizes()
        values = self._values(self, X, reset=False)
        present = ~np.isnan(values)
        return self._encode(np.where(present, values, 0.0), present)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Name the bits: the name of the block, then the number of the bit, such as "x0_17".

        A block has the name of its feature, or with `DateTimeEncoder` one such as "x0_week"; where
        a name comes again, ".1" and so on follows it.

        Parameters
        ----------
        input_features : (n_features,) array of str, optional
            By default those seen in `fit`, else x0, x1, ...

        Returns
        -------
        (n_blocks * n_bits,) array of str
        """
        blocks = self._block_names(super().get_feature_names_out(input_features))
        return name_bits(blocks, range(self.n_bits))

    def _block_names(self, features: Iterable[str]) -> Iterable[str]:
        return features

    def _values(self, estimator: BaseEstimator, X: ArrayLike, *, reset: bool) -> Reals:
        """Return `X` checked as float64, without a copy where it is float64 already."""
        filled = with_nan(X)
        if holds_moments(filled):
            raise ValueError(f"X must hold {self._wanted}, got dates or durations of NumPy")
        try:
            with np.errstate(over="ignore"):  # what is too large is refused as infinite
                values: Reals = validate_data(
                    estimator,
                    filled,
                    dtype=np.float64,
                    ensure_all_finite="allow-nan",
                    reset=reset,
                )
        except TypeError as error:
            raise TypeError(f"X must hold {self._wanted}: {error}") from error
        except OverflowError as error:
            raise ValueError(f"X must hold numbers that fit float64: {error}") from error
        return values

    def _restore(self) -> None:
        """Check what was loaded: the arrays that `fit` learns have a finite number per feature."""
        check_size("n_features_in_", self.n_features_in_, 1)
        for name in get_annotations(type(self)):
            array = getattr(self, name)
            if np.shape(array) != (self.n_features_in_,) or not np.isfinite(array).all():
                raise ValueError(f"{name} must hold a finite number for each feature")

    def _switch_on_runs(self, starts: Places, present: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Return blocks with `n_on` neighbouring bits on; runs wrap around the end of a block."""
        places = ((starts + j) % self.n_bits for j in range(self.n_on))
        return switch_on(places, present, self.n_bits)

    def _check_sizes(self) -> None:
        check_size("n_on", self.n_on, 1)
        check_size("n_bits", self.n_bits, self.n_on, " (n_on)")

    @abstractmethod
    def _learn(self, values: Reals) -> dict[str, Any]:
        """Return the attributes that follow from `values`, by name."""

    @abstractmethod
    def _encode(self, values: Reals, present: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Return the bits of `values`, which are 0 where not present."""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []  # bits are uint8 whatever the values are
        return tags


def name_bits(blocks: Iterable[str], bits: Iterable[object]) -> NDArray[Any]:
    """Name the bits of blocks by block and bit, such as "a_0", no two of them alike.

    Where a name of a block comes again, ".1", ".2" and so on follows it.
    """
    names: dict[str, None] = {}
    for block in blocks:
        name, n_before = block, 0
        while name in names:
            n_before += 1
            name = f"{block}.{n_before}"
        names[name] = None
    kinds = list(bits)
    return np.array([f"{name}_{bit}" for name in names for bit in kinds], object)


def check_size(name: str, value: object, least: int, reason: str = "") -> None:
    """Raise ValueError unless `value` is an integer of at least `least`, below 2^31."""
    if (
        not isinstance(value, Integral)
        or isinstance(value, bool)
        or not least <= int(value) <= MOST_BITS
    ):
        raise ValueError(
            f"{name} must be an integer, at least {least}{reason} and below 2^31, got {value!r}"
        )


def per_feature(name: str, value: ArrayLike, n_features: int) -> Reals:
    """Return a parameter that is one finite number for all features, or one for each."""
    check_unmasked(name, value)
    try:
        numbers = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.array(np.nan)
    if numbers.shape not in ((), (n_features,)) or not np.isfinite(numbers).all():
        raise ValueError(
            f"{name} must be a finite number, or one for each of the {n_features} features,"
            f" got {value!r}"
        )
    return np.broadcast_to(numbers, n_features).copy()


def positive_per_feature(name: str, value: ArrayLike, n_features: int) -> Reals:
    """Return a parameter as `per_feature` does; all numbers must be above 0."""
    numbers = per_feature(name, value, n_features)
    if not (numbers > 0).all():
        raise ValueError(f"{name} must be above 0, got {value!r}")
    return numbers
