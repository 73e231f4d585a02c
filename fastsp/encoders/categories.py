"""Categories as blocks of on-bits."""

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from fastsp.encoders.base import check_size, name_bits
from fastsp.encoders.tables import declared_categories, is_missing, with_nan, with_objects
from fastsp.masks import check_unmasked

_NAN = object()
"""What is not equal to itself, as a key."""


def _key(category: Any) -> Any:
    """Return what tells categories apart: all NaN are one."""
    return _NAN if category != category else category


def _as_known(X: Any, categories: list[NDArray[Any]]) -> Any:
    """Return `X` with objects where the known categories of a feature are objects."""
    return with_nan(with_objects(X, [i for i, own in enumerate(categories) if own.dtype == object]))


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
        What becomes of a category that is not known: a ValueError, or no on-bits at all.
    capacity : int, optional
        Categories of each feature that there is room for: a feature then has capacity * n_on bits.
        `categories` and those that a type declares get bits in their order, then others in the
        order in which they come, in `fit` and at every `partial_fit`. What finds no room is
        unknown. If None, there is room for the categories seen in `fit` alone.

    Attributes
    ----------
    categories_ : list of arrays
        Categories of each feature that have bits.
    blocks_ : (n_categories,) int64
        With a capacity, the place of each category's `n_on` bits among those of all features.
    n_blocks_ : int
        With a capacity, n_features * capacity; a new capacity waits for the next `fit`.
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
    blocks_: NDArray[np.int64]
    n_blocks_: int

    def __init__(
        self,
        n_on: int = 11,
        *,
        categories: Any = "auto",
        handle_unknown: Literal["error", "ignore"] = "error",
        capacity: int | None = None,
    ) -> None:
        self.n_on = n_on
        self.categories = categories
        self.handle_unknown = handle_unknown
        self.capacity = capacity

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
        self._check_parameters()
        one_hot = self._one_hot_of(self.categories, lenient=self.capacity is not None)
        declared = declared_categories(X) if isinstance(self.categories, str) else {}
        values = with_nan(with_objects(X, declared))
        one_hot.fit(values)
        if declared:
            categories = list(one_hot.categories_)
            for i, of_type in declared.items():
                gaps = [category for category in categories[i] if is_missing(category)]
                categories[i] = np.append(of_type, gaps)
            one_hot.set_params(categories=categories).fit(values)
        blocks = None
        if self.capacity is not None:
            given = declared if isinstance(self.categories, str) else range(len(self.categories))
            known = [own[: len(own) * (i in given)] for i, own in enumerate(one_hot.categories_)]
            one_hot, blocks = self._grown(known, X, int(self.capacity))
        for name in ("blocks_", "n_blocks_", "feature_names_in_"):
            self.__dict__.pop(name, None)
        self.n_features_in_ = one_hot.n_features_in_
        if hasattr(one_hot, "feature_names_in_"):
            self.feature_names_in_ = one_hot.feature_names_in_
        if self.capacity is not None:
            self.n_blocks_ = self.n_features_in_ * int(self.capacity)
        self._settle(one_hot, blocks)
        return self

    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn new categories, as many as there is room for; the first call does what `fit` does.

        Categories keep the bits that they have. Without a capacity there is no room for new ones.

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
            Where a new category finds no room and `handle_unknown` is "error", a parameter is out
            of its range, or features are not those seen before; the encoder is then as it was.
        """
        if not hasattr(self, "categories_"):
            return self.fit(X)
        self._check_parameters()
        if not hasattr(self, "blocks_"):
            self.transform(X)
            return self
        validate_data(self, X, reset=False, skip_check_array=True)
        capacity = self.n_blocks_ // self.n_features_in_
        ends = np.cumsum([len(own) for own in self.categories_])[:-1]
        known = [
            own[np.argsort(blocks)]
            for own, blocks in zip(self.categories_, np.split(self.blocks_, ends), strict=True)
        ]
        self._settle(*self._grown(known, X, capacity))
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.uint8]:
        """Encode categories.

        Parameters
        ----------
        X : (n_samples, n_features) array of str, numbers or objects

        Returns
        -------
        (n_samples, n_categories * n_on) uint8
            Bits, 0 or 1; n_categories counts those of all features, or what there is room for.

        Raises
        ------
        ValueError
            Where a category is not known (see `handle_unknown`) or features are not those fitted.
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self)
        check_size("n_on", self.n_on, 1)
        hot = self._one_hot.transform(_as_known(X, self.categories_))
        if hasattr(self, "blocks_"):
            hot, of_known = np.zeros((len(hot), self.n_blocks_), np.uint8), hot
            hot[:, self.blocks_] = of_known
        bits: NDArray[np.uint8] = np.repeat(hot, self.n_on, axis=1)
        return bits

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Name the bits: feature, category and number of the bit, such as "x0_red_3".

        Bits that no category has yet have names such as "free5_3". Where feature and category have
        a name that comes again, ".1" and so on follows it.

        Parameters
        ----------
        input_features : (n_features,) array of str, optional
            By default those seen in `fit`, else x0, x1, ...

        Returns
        -------
        (n_categories * n_on,) array of str
        """
        check_is_fitted(self)
        names = self._one_hot.get_feature_names_out(input_features)
        if hasattr(self, "blocks_"):
            of_blocks = [f"free{block}" for block in range(self.n_blocks_)]
            for block, name in zip(self.blocks_, names, strict=True):
                of_blocks[block] = name
            names = of_blocks
        return name_bits(names, range(self.n_on))

    def _grown(
        self, known: list[NDArray[Any]], X: Any, capacity: int
    ) -> tuple[OneHotEncoder, NDArray[np.int64]]:
        """Return what encodes known categories of each feature and new ones of `X`, and its blocks.

        New ones follow in the order in which they come.
        """
        seen = OneHotEncoder(dtype=np.uint8, sparse_output=False)
        first = seen.fit_transform(_as_known(X, known)).argmax(axis=0)
        categories, blocks, n = [], [], 0
        for i, (own, found) in enumerate(zip(known, seen.categories_, strict=True)):
            found, n = found[np.argsort(first[n : n + len(found)], kind="stable")], n + len(found)
            keys = set(map(_key, own))
            new = found[[_key(category) not in keys for category in found]]
            room = max(capacity - len(own), 0)
            if len(own) > capacity or (len(new) > room and self.handle_unknown == "error"):
                raise ValueError(
                    f"capacity must be at least the number of categories of each feature, got"
                    f" {capacity}; feature {i} has {len(own) + len(new)}"
                )
            if own.dtype.kind != new.dtype.kind:  # as one type numbers could be rounded
                own, new = own.astype(object), new.astype(object)
            all_of_it = np.concatenate([own, new[:room]])
            # A OneHotEncoder wants numbers sorted, and NaN last in any case.
            is_last = np.array([_key(category) is _NAN for category in all_of_it])
            order = np.argsort(is_last if all_of_it.dtype == object else all_of_it, kind="stable")
            categories.append(all_of_it[order])
            blocks.append(order + i * capacity)
        one_hot = self._one_hot_of(categories).fit(_as_known(X, categories))
        return one_hot, np.concatenate(blocks)

    def _one_hot_of(self, categories: Any, *, lenient: bool = False) -> OneHotEncoder:
        return OneHotEncoder(
            categories=categories,
            handle_unknown="ignore" if lenient else self.handle_unknown,
            dtype=np.uint8,
            sparse_output=False,
        )

    def _settle(self, one_hot: OneHotEncoder, blocks: NDArray[np.int64] | None) -> None:
        self._one_hot, self.categories_ = one_hot, one_hot.categories_
        if blocks is not None:
            self.blocks_ = blocks

    def _check_parameters(self) -> None:
        check_size("n_on", self.n_on, 1)
        check_unmasked("categories", self.categories)
        if self.handle_unknown not in ("error", "ignore"):
            raise ValueError(
                f"handle_unknown must be one of ['error', 'ignore'], got {self.handle_unknown!r}"
            )
        if self.capacity is not None:
            check_size("capacity", self.capacity, 1)

    def _restore(self) -> None:
        """Check what was loaded, as far as it is not checked when it is used."""
        if not isinstance(self._one_hot, OneHotEncoder):
            raise ValueError("_one_hot must be a OneHotEncoder")
        if hasattr(self, "blocks_"):
            check_size("n_blocks_", self.n_blocks_, self.n_features_in_)
            blocks = np.unique(self.blocks_)
            wanted = (sum(len(own) for own in self._one_hot.categories_),)
            if (
                blocks.dtype != np.int64
                or not self.blocks_.shape == blocks.shape == wanted
                or blocks[0] < 0
                or blocks[-1] >= self.n_blocks_
            ):
                raise ValueError("blocks_ must be different numbers below n_blocks_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags
