"""Pipelines that learn from a stream, in batches or one dictionary at a time."""

from collections.abc import Mapping
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import Tags, _safe_indexing, get_tags
from sklearn.utils.validation import validate_data


class StreamingPipeline(Pipeline):
    """A scikit-learn pipeline all of whose steps learn from a stream.

    `partial_fit` lets each step learn from a batch, and hands on what the step makes of it then.
    For programs in the manner of River there are `learn_one`, `predict_one` and
    `predict_proba_one`. All else is as in a `Pipeline` of scikit-learn.

    Parameters
    ----------
    steps : list of (str, estimator)
        Names and estimators. Each must have `partial_fit` or nothing to learn; a
        `ColumnTransformer`, `FeatureUnion` or `Pipeline` must be made of such.
    classes : (L,) array, optional
        All labels that will ever be seen, for a classifier as last step. May be given to the first
        `partial_fit` instead.
    transform_input, memory, verbose
        As of a `Pipeline`, for `fit`.

    Attributes
    ----------
    names_ : list
        Keys of the first dictionary, in its order, which is that of the features.

    Examples
    --------
    >>> from fastsp import ScalarEncoder, SoftmaxClassifier, SpatialPooler
    >>> model = StreamingPipeline(
    ...     [
    ...         ("encoder", ScalarEncoder(minimum=0, maximum=10)),
    ...         ("pooler", SpatialPooler((256,), density=0.05, random_state=0)),
    ...         ("classifier", SoftmaxClassifier(learning_rate=0.1)),
    ...     ],
    ...     classes=["cold", "warm"],
    ... )
    >>> for degrees in [1, 8, 2, 9] * 5:
    ...     model = model.learn_one({"degrees": degrees}, "warm" if degrees > 5 else "cold")
    >>> model.predict_one({"degrees": 9})
    'warm'
    """

    names_: list[Any]

    def __init__(
        self,
        steps: list[tuple[str, Any]],
        *,
        classes: ArrayLike | None = None,
        transform_input: list[str] | None = None,
        memory: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)
        self.classes = classes

    def partial_fit(self, X: Any, y: Any = None, *, classes: ArrayLike | None = None) -> Self:
        """Let each step learn from a batch in turn, on top of what it has learned before.

        Parameters
        ----------
        X : what the first step takes
        y : (n_samples,) array, optional
            What the last step learns.
        classes : (L,) array, optional
            All labels that will ever be seen; by default the parameter of the pipeline.

        Returns
        -------
        StreamingPipeline
            The pipeline itself.

        Raises
        ------
        TypeError
            Where a step cannot learn from a stream; nothing has learned then.
        ValueError
            Where a step refuses what it is given. The steps before it have learned from it.
        """
        _check_step("steps", Pipeline(self.steps))
        *before, (_, last) = self.steps
        for _, step in before:
            X = _learned(step, X, y)
        classes = self.classes if classes is None else classes
        if classes is None or y is None:
            _learn(last, X, y)
        else:
            last.partial_fit(X, y, classes=classes)
        return self

    def learn_one(self, x: Mapping[Any, Any], y: Any = None) -> Self:
        """Learn from one sample: `partial_fit` of a batch of one.

        Parameters
        ----------
        x : dict
            A value for each feature. Features are those of the first dictionary; one that is
            lacking later is missing (NaN). Where a step is a `ColumnTransformer` they come to it as
            a data frame of pandas, with their names, else as an array.
        y : label or number, optional

        Raises
        ------
        ValueError, TypeError
            As in `partial_fit`; and where there are features that the first dictionary lacked.
        """
        names = getattr(self, "names_", list(x))
        self.partial_fit(self._row(x, names), None if y is None else [y])
        self.names_ = names
        return self

    def predict_one(self, x: Mapping[Any, Any]) -> Any:
        """Return the prediction for one sample; None before anything was learned.

        Parameters
        ----------
        x : dict, as in `learn_one`
        """
        return self._ask(self.predict, x)

    def predict_proba_one(self, x: Mapping[Any, Any]) -> dict[Any, float]:
        """Return the probability of each label for one sample; none before anything was learned.

        Parameters
        ----------
        x : dict, as in `learn_one`
        """
        chances = self._ask(self.predict_proba, x)
        return {} if chances is None else dict(zip(self.classes_.tolist(), chances, strict=True))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        first = self.steps[0][1]
        if not _is_word(first):
            tags.input_tags.allow_nan = get_tags(first).input_tags.allow_nan
        return tags

    def _ask(self, predict: Any, x: Mapping[Any, Any]) -> Any:
        if not hasattr(self, "names_"):
            return None
        try:
            return predict(self._row(x, self.names_))[0].tolist()
        except NotFittedError:  # without labels the last step has learned nothing
            return None

    def _row(self, x: Mapping[Any, Any], names: list[Any]) -> Any:
        """Return one sample as a batch."""
        unknown = [name for name in x if name not in names]
        if unknown:
            raise ValueError(f"x must have the features {names} only, got {unknown}")
        values = [x.get(name, np.nan) for name in names]
        if any(isinstance(step, ColumnTransformer) for _, step in self.steps):
            import pandas

            return pandas.DataFrame([values], columns=names)
        return np.array([values], float if all(isinstance(v, Real) for v in values) else object)


def _parts(step: Any) -> list[Any]:
    """Return the names and estimators that a step is made of, and the columns that they get."""
    if isinstance(step, ColumnTransformer):
        return list(getattr(step, "transformers_", step.transformers))
    if isinstance(step, FeatureUnion):
        return list(step.transformer_list)
    return list(step.steps) if isinstance(step, Pipeline) else []


def _is_word(step: Any) -> bool:
    """Return whether a step is "passthrough", "drop" or None instead of an estimator."""
    return step is None or isinstance(step, str)


def _check_step(name: str, step: Any) -> None:
    """Raise TypeError where a step, or one that it is made of, cannot learn from a stream."""
    parts = _parts(step)
    for part_name, part, *_ in parts:
        _check_step(part_name, part)
    known = parts or _is_word(step) or hasattr(step, "partial_fit")
    if not known and get_tags(step).requires_fit:
        raise TypeError(f"{name} must have partial_fit to learn from a stream; got {step!r}")


def _learned(step: Any, X: Any, y: Any) -> Any:
    """Return what a step makes of a batch after learning from it."""
    _learn(step, X, y)
    return X if _is_word(step) else step.transform(X)


def _learn(step: Any, X: Any, y: Any) -> None:
    if isinstance(step, ColumnTransformer):
        if not hasattr(step, "transformers_"):
            step.fit(X, y)
            return
        validate_data(step, X, reset=False, skip_check_array=True)
        for _, part, columns in _parts(step):
            if not _is_word(part):
                _learn(part, _safe_indexing(X, columns, axis=1), y)
    elif isinstance(step, FeatureUnion):
        for _, part in _parts(step):
            _learn(part, X, y)
    elif isinstance(step, Pipeline) and not isinstance(step, StreamingPipeline):
        for _, part in step.steps:
            X = _learned(part, X, y)
    elif hasattr(step, "partial_fit"):
        step.partial_fit(X, y)
