"""A measure over several seeds: its mean, least and greatest value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Spread:
    """Mean, least and greatest over the seeds, element by element.

    Attributes
    ----------
    mean, least, greatest : ndarray of float64
        Of the shape of the measure: () for a number, (n,) for a curve.
    """

    mean: NDArray[np.float64]
    least: NDArray[np.float64]
    greatest: NDArray[np.float64]

    @classmethod
    def over(cls, values: Sequence[ArrayLike]) -> Self:
        """Return the spread of a measure from its values, one for each seed."""
        seeds = np.asarray(values, dtype=np.float64)
        return cls(*(np.asarray(f(seeds, axis=0)) for f in (np.mean, np.min, np.max)))

    def __getitem__(self, place: Any) -> "Spread":
        """Return the spread of a part of a curve."""
        return Spread(*(np.asarray(values[place]) for values in self))

    def __iter__(self) -> Any:
        return iter((self.mean, self.least, self.greatest))

    def as_json(self) -> dict[str, Any]:
        """Return numbers and lists as JSON knows them; None where a value is not a number."""
        names = ("mean", "least", "greatest")
        return {name: as_json(values) for name, values in zip(names, self, strict=True)}


def as_json(values: ArrayLike) -> Any:
    """Return an array as numbers and lists; None where a value is not finite."""
    array = np.asarray(values)
    numbers = array.astype(object)
    numbers[~np.isfinite(array)] = None
    return numbers.tolist()
