"""From SDRs to what comes some steps later: a classifier for each number of steps."""

from collections import deque
from collections.abc import Iterable
from typing import Any, Self

from numpy.typing import ArrayLike, NDArray

from fastsp.htm.checks import RefusedValueError, check_count, check_integer
from fastsp.htm.classifier import Classifier, check_labels
from fastsp.htm.kept import Kept
from fastsp.htm.representation import SDR


class Predictor(Kept):
    """Predict the labels of records that are some steps ahead.

    For each number of steps, a `Classifier` learns the label of a record from the SDR that came so
    many records before.

    Parameters
    ----------
    steps : sequence of int
        Numbers of steps, from 0, at least one of them.
    alpha : float
        Learning rate, above 0.

    Raises
    ------
    TypeError, ValueError
        Where a parameter is of another type, or out of its range.

    Examples
    --------
    >>> predictor = Predictor(steps=[1, 2], alpha=0.5)
    >>> sdrs = [SDR(100).randomize(0.1, seed) for seed in (1, 2, 3, 4)]
    >>> for record, sdr in enumerate(sdrs * 3):
    ...     predictor.learn(record, sdr, record % 4)
    >>> found = predictor.infer(sdrs[1])
    >>> {step: each.index(max(each)) for step, each in found.items()}
    {1: 2, 2: 3}
    """

    kind = "htm.Predictor"

    def __init__(self, steps: Iterable[int], alpha: float = 0.001) -> None:
        if not isinstance(steps, Iterable):
            raise TypeError(f"steps must be a list of integers, got {steps!r}")
        numbers = sorted({check_count("steps", step, 0) for step in steps})
        if not numbers:
            raise RefusedValueError("steps must hold at least one number, got none")
        self._alpha = alpha
        self._classifiers = {step: Classifier(alpha) for step in numbers}
        self._history: deque[tuple[int, SDR]] = deque(maxlen=numbers[-1] + 1)

    def reset(self) -> None:
        """Forget the records so far, but not what was learned: a new sequence begins."""
        self._history.clear()

    def infer(self, pattern: SDR) -> dict[int, list[float]]:
        """Return for each number of steps the probabilities of labels, as of `Classifier.infer`."""
        return {step: each.infer(pattern) for step, each in self._classifiers.items()}

    def learn(self, recordNum: int, pattern: SDR, classification: int | ArrayLike) -> None:
        """Learn the label of a record from it and the records before.

        Parameters
        ----------
        recordNum : int
            Counts records, from 0, and does not fall. Where numbers are left out, records are
            missing. A number given again is the same record, with another label.
        pattern : SDR
            Of the size of those learned before.
        classification : int or sequence of int
            As of `Classifier.learn`.

        Raises
        ------
        TypeError, ValueError
            As of `Classifier.learn`, and where `recordNum` is no integer or falls.
        """
        number = check_integer("recordNum", recordNum, 0)
        history = self._history
        for classifier in self._classifiers.values():
            sdr = classifier.check_pattern(pattern)
        if history and sdr.size != history[-1][1].size:
            raise RefusedValueError(f"pattern must have {history[-1][1].size} bits, got {sdr.size}")
        labels = check_labels(classification)
        if history and number < history[-1][0]:
            raise RefusedValueError(f"recordNum must be at least {history[-1][0]}, got {number}")
        if not history or number > history[-1][0]:
            history.append((number, SDR(pattern)))
        for before, seen in history:
            if number - before in self._classifiers:
                self._classifiers[number - before].learn(seen, labels)

    def describe(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """See `Kept`."""
        arrays: dict[str, NDArray[Any]] = {}
        for step, classifier in self._classifiers.items():
            arrays[f"weights_{step}"] = classifier.describe()[1]["weights"]
        for number, sdr in self._history:
            arrays[f"record_{number}"] = sdr.sparse
        return {
            "estimator": self.kind,
            "steps": list(self._classifiers),
            "alpha": self._alpha,
            "records": [[number, sdr.dimensions] for number, sdr in self._history],
        }, arrays

    @classmethod
    def restored(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """See `Kept`."""
        predictor = cls(header["steps"], header["alpha"])
        for step in predictor._classifiers:
            weights = {"weights": arrays[f"weights_{step}"]}
            predictor._classifiers[step] = Classifier.restored(header, weights)
        for number, dimensions in header["records"]:
            sdr = SDR(dimensions)
            sdr.sparse = arrays[f"record_{number}"]
            predictor._history.append((check_integer("records", number, 0), sdr))
        return predictor

    def _become(self, other: Self) -> None:
        self.__dict__.update(other.__dict__)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Predictor):
            return NotImplemented
        return self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        steps = ", ".join(map(str, self._classifiers))
        return f"Predictor(steps=[{steps}], alpha={self._alpha:g})"

    __repr__ = __str__
