"""Categories as blocks of on-bits."""

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from fastsp.encoders.base import check_size, name_bits
from fastsp.encoders.tables import declared_categories, is_missing, with_nan, with_objects
from fastsp.masks import check_unmasked


class CategoryEncoder(TransformerMixin, BaseEstimator):
    """Encode categories as blocks of on-bits of their own, so that no two share a bit.

    Each category of a feature has `n_on` bits, which are on where the feature has that category
    [1]_. It is scikit-learn's `OneHotEncoder` with `n_on` bits for one, so that a category weighs
    as much in an overlap as a number does, and treats missing values as that does: NaN (with which
    pandas' NA, NaT and what is masked are one) and None are categories of their own where they were
    seen in `fit`.

    Parameters
    ----------
    n_on : int, default=11
        Bits for each category.
    categories : "auto" or list of arrays, default="auto"
        Categories of each feature, in order. By default those that the type of a column declares
        (pandas' categories, an Enum of Polars), in its order, else those seen in `fit`, sorted.
    handle_unknown : {"error", "ignore"}, default="error"
        What becomes of a category not seen in `fit`: a ValueError, or no on-bits at all.

    Attributes
    ----------
    categories_ : list of arrays
        Categories of each feature.
    n_features_in_ : int
    feature_names_in_ : (n_features,) array of str
        Only where the features came with names.

    References
    ----------
    .. [1] Purdy (2016). Encoding Data for HTM Systems. arXiv:1602.05925

    Examples
    --------
    >>> CategoryEncoder(n_on=2).fit_transform([["red"], ["blue"], ["red"]])
    array([[0, 0, 1, 1],
           [1, 1, 0, 0],
           [0, 0, 1, 1]], dtype=uint8)
    """

    categories_: list[NDArray[Any]]

    def __init__(
        self,
        n_on: int = 11,
        *,
        categories: Any = "auto",
        handle_unknown: Literal["error", "ignore"] = "error",
    ) -> None:
        self.n_on = n_on
        self.categories = categories
        self.handle_unknown = handle_unknown

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the categories.

        Parameters
        ----------
        X : (n_samples, n_features) array of str, numbers or objects
        y : ignored

        Returns
        -------
        CategoryEncoder
            The encoder itself.

        Raises
        ------
        ValueError
            Where a parameter is out of its range; the encoder is then as it was before.
        """
        check_size("n_on", self.n_on, 1)
        check_unmasked("categories", self.categories)
        if self.handle_unknown not in ("error", "ignore"):
            raise ValueError(
                f"handle_unknown must be one of ['error', 'ignore'], got {self.handle_unknown!r}"
            )
        one_hot = OneHotEncoder(
            categories=self.categories,
            handle_unknown=self.handle_unknown,
            dtype=np.uint8,
            sparse_output=False,
        )
        declared = declared_categories(X) if isinstance(self.categories, str) else {}
        X = with_nan(with_objects(X, declared))
        one_hot.fit(X)
        if declared:
            categories = list(one_hot.categories_)
            for i, of_type in declared.items():
                gaps = [category for category in categories[i] if is_missing(category)]
                categories[i] = np.append(of_type, gaps)
            one_hot.set_params(categories=categories).fit(X)
        self._one_hot = one_hot
        self.categories_ = one_hot.categories_
        self.n_features_in_ = one_hot.n_features_in_
        if hasattr(one_hot, "feature_names_in_"):
            self.feature_names_in_ = one_hot.feature_names_in_
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.uint8]:
        """Encode categories.

        Parameters
        ----------
        X : (n_samples, n_features) array of str, numbers or objects

        Returns
        -------
        (n_samples, n_categories * n_on) uint8
            Bits, 0 or 1; n_categories counts those of all features.

        Raises
        ------
        ValueError
            Where a category is not known (see `handle_unknown`) or features are not those fitted.
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        check_size("n_on", self.n_on, 1)
        objects = [i for i, known in enumerate(self.categories_) if known.dtype == object]
        hot = self._one_hot.transform(with_nan(with_objects(X, objects)))
        bits: NDArray[np.uint8] = np.repeat(hot, self.n_on, axis=1)
        return bits

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Name the bits: feature, category and number of the bit, such as "x0_red_3".

        Where feature and category have a name that comes again, ".1" and so on follows it.

        Parameters
        ----------
        input_features : (n_features,) array of str, optional
            By default those seen in `fit`, else x0, x1, ...

        Returns
        -------
        (n_categories * n_on,) array of str
        """
        check_is_fitted(self)
        return name_bits(self._one_hot.get_feature_names_out(input_features), range(self.n_on))

    def _restore(self) -> None:
        """Check what was loaded, as far as it is not checked when it is used."""
        if not isinstance(self._one_hot, OneHotEncoder):
            raise ValueError("_one_hot must be a OneHotEncoder")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags
