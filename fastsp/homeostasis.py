"""Boosting that rests once codes can settle: a homeostatic controller around a pooler.

Boosting uses all columns, and keeps codes moving for it. Boosting that acts only as long as it is
needed, as in a newborn brain, is described in [1]_; see `HomeostaticPooler`.
"""

from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from fastsp.engine.packing import above, check_given, check_inputs
from fastsp.pooler import SpatialPooler

_NOTHING = float("nan")
_STEPS = ("permanence_increment", "permanence_decrement", "weak_column_increment")


class HomeostaticPooler(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A Spatial Pooler whose boosting acts until columns are in use, and then rests.

    While boosting rests, boost factors are held as they are, and codes settle. Boosting wakes where
    codes do not settle, because the inputs have changed, say, or where few columns are used. With
    `rests="learning"` permanences are held as well: codes do not move at all, until they use too
    few of the columns.

    The pooler is looked at after every `period` cycles. The first `n_probes` inputs of a period are
    its probes. Their codes are taken after the last of the probes was learned, and once more at the
    end of the period. `stability_` is how much the two overlap; `usage_` is how evenly columns are
    used by the codes of the probes. Boosting then

    - rests, if it acts and usage is at least `least_usage`;
    - wakes, if it rests and usage is less;
    - wakes, if it rests and stability is below `least_stability`, and below what it was at the last
      look: codes that become more stable from one look to the next are left to do so.

    Parameters
    ----------
    pooler : SpatialPooler, optional
        What learns; a copy of it is used. Its `boosting` is that which acts.
    period : int, default=1000
        Cycles between two looks.
    n_probes : int, default=100
        Inputs by which the pooler is judged; fewer than `period`. With batches, it and `period`
        are multiples of the pooler's `batch_size`.
    least_usage : float in [0, 1], default=0.9
    least_stability : float in [0, 1], default=0.9
    rests : {"boosting", "learning"}, default="boosting"
        What rests where it is not needed: boosting, or all learning. Permanences that are to go on
        learning follow their inputs, and codes of inputs that do not come back are lost.
    random_state : int, Generator, RandomState or None
        Draws the pooler where `pooler` has no `random_state` of its own.

    Attributes
    ----------
    pooler_ : SpatialPooler
        Its `boosting` is "held" while boosting rests, and the steps of its permanences are 0 while
        learning rests.
    is_resting_ : bool
    n_rests_ : int
        How often boosting has come to rest.
    usage_, stability_ : float
        At the last look; nan before the first. Usage is the entropy of how often each column is
        active for the different ones of the probes, as a share of the greatest there can be: that
        of k columns for each of them, no two of them the same, as far as there are columns.
    probes_ : (m, n_features) bool
        Those of the present period so far.
    probe_codes_ : (m, ceil(C / 8)) uint8
        Their codes when all had been learned, packed; of no rows before.
    n_features_in_ : int

    References
    ----------
    .. [1] Dobric, Pech, Ghita and Wennekers (2021). Improved HTM Spatial Pooler with Homeostatic
       Plasticity Control. ICPRAM 2021, doi:10.5220/0010313200980106. There boosting ends for good
       after a number of cycles.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsp import HomeostaticPooler, SpatialPooler
    >>> X = np.tile(np.random.default_rng(0).random((10, 64)) < 0.2, (500, 1))
    >>> pooler = HomeostaticPooler(SpatialPooler((512,), random_state=0)).fit(X)
    >>> pooler.is_resting_, pooler.stability_
    (True, 1.0)
    """

    pooler_: SpatialPooler
    probes_: NDArray[np.bool_]
    probe_codes_: NDArray[np.uint8]
    n_features_in_: int

    def __init__(
        self,
        pooler: SpatialPooler | None = None,
        *,
        period: int = 1000,
        n_probes: int = 100,
        least_usage: float = 0.9,
        least_stability: float = 0.9,
        rests: Literal["boosting", "learning"] = "boosting",
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
    ) -> None:
        self.pooler = pooler
        self.period = period
        self.n_probes = n_probes
        self.least_usage = least_usage
        self.least_stability = least_stability
        self.rests = rests
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Draw a new pooler and learn from each row of `X` once, in order.

        Parameters
        ----------
        X : (n, n_features) array or sparse matrix
            As for `SpatialPooler.fit`.
        y : ignored.

        Raises
        ------
        ValueError, TypeError
            If a parameter or `X` is not as it should be; what was learned before is unchanged then.
        """
        pooler = self._check_parameters()
        check_given(X)
        checked = validate_data(clone(self), X, accept_sparse="csr")
        checked = check_inputs(checked, checked.shape[1])
        pooler.initialize(checked.shape[1])
        validate_data(self, X, skip_check_array=True)
        self.pooler_, self.is_resting_, self.n_rests_ = pooler, False, 0
        self.usage_ = self.stability_ = _NOTHING
        self._forget_probes()
        return self._learn(checked)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on learning from each row of `X` once, in order; the first call draws the pooler.

        Any cutting of a stream into calls gives the same state, bit for bit (with batches, any
        cutting between batches). Parameters and errors as in `fit`.
        """
        if not hasattr(self, "pooler_"):
            return self.fit(X)
        self._check_parameters()
        check_given(X)
        checked = validate_data(self, X, accept_sparse="csr", reset=False)
        return self._learn(check_inputs(checked, self.n_features_in_))

    def transform(self, X: Any) -> Any:
        """Return the code of each row of `X`; see `SpatialPooler.transform`."""
        check_is_fitted(self)
        check_given(X)
        return self.pooler_.transform(validate_data(self, X, accept_sparse="csr", reset=False))

    @property
    def _n_features_out(self) -> int:
        return int(np.prod(self.pooler_.column_shape_))

    def _learn(self, X: Any) -> Self:
        done, n = 0, X.shape[0]
        while done < n:
            place = self.pooler_.n_cycles_ % self.period
            stop = self.n_probes if place < self.n_probes else self.period
            part = X[done : min(n, done + stop - place)]
            before = self.pooler_.n_cycles_
            try:
                self.pooler_.partial_fit(part)
            finally:  # Ctrl-C may come amid a part; what was learned was learned
                learned = self.pooler_.n_cycles_ - before
                if place < self.n_probes:
                    self._keep_probes(part[:learned])
            done += learned
            place += learned
            if place == self.n_probes:
                self.probe_codes_ = self._codes()
            elif place == self.period:
                self._look()
        return self

    def _keep_probes(self, X: Any) -> None:
        rows = X if isinstance(X, np.ndarray) else X.toarray()
        self.probes_ = np.concatenate([self.probes_, above(rows, self.pooler_.threshold)])

    def _forget_probes(self) -> None:
        self.probes_ = np.empty((0, self.n_features_in_), np.bool_)
        self.probe_codes_ = np.empty((0, -(-self._n_features_out // 8)), np.uint8)

    def _codes(self) -> NDArray[np.uint8]:
        """Return the codes of the probes, packed."""
        codes = self.pooler_.transform(self.probes_.view(np.uint8))
        dense = codes if isinstance(codes, np.ndarray) else codes.toarray()
        return np.packbits(dense > 0, axis=1)

    def _look(self) -> None:
        """Judge the pooler at the end of a period; let boosting rest, or wake it."""
        codes, last = self._codes(), self.stability_
        self.usage_ = self._usage(codes)
        self.stability_ = _mean_overlap(self.probe_codes_, codes)
        if not self.is_resting_:
            if self.usage_ >= self.least_usage:
                self._rest(True)
                self.n_rests_ += 1
                self.stability_ = _NOTHING  # that of codes that boosting moved
        elif self.usage_ < self.least_usage or self.stability_ < min(self.least_stability, last):
            self._rest(False)
        self._forget_probes()

    def _rest(self, rests: bool) -> None:
        own = SpatialPooler() if self.pooler is None else self.pooler
        self.pooler_.set_params(boosting="held" if rests else own.boosting)
        if self.rests == "learning":
            steps = {name: 0.0 if rests else getattr(own, name) for name in _STEPS}
            self.pooler_.set_params(**steps)
        self.is_resting_ = rests

    def _usage(self, codes: NDArray[np.uint8]) -> float:
        """Return the entropy of how often the probes use each column, of the greatest there is."""
        _, different = np.unique(self.probes_, axis=0, return_index=True)
        used = np.unpackbits(codes[different], axis=1).sum(axis=0, dtype=np.int64)
        used = used[used > 0]
        most = min(self._n_features_out, self.pooler_.n_active_ * different.size)
        if most < 2 or not used.size:
            return float(used.size > 0)
        shares = used / used.sum()
        return float(-(shares * np.log(shares)).sum() / np.log(most))

    def _check_parameters(self) -> SpatialPooler:
        """Return a new copy of the pooler, after a check of all parameters."""
        own = SpatialPooler() if self.pooler is None else self.pooler
        if not isinstance(own, SpatialPooler):
            raise TypeError(f"pooler must be a SpatialPooler or None; got {own!r}")
        if own.boosting in (None, "held"):
            raise ValueError(f"pooler must have a boosting that acts; got {own.boosting!r}")
        for name, least in (("period", 2), ("n_probes", 1)):
            value: Any = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral):
                raise TypeError(f"{name} must be an integer of at least {least}; got {value!r}")
            if value < least or value % own.batch_size:
                raise ValueError(
                    f"{name} must be at least {least}, and a multiple of the batch_size "
                    f"{own.batch_size}; got {value!r}"
                )
        if self.n_probes >= self.period:
            raise ValueError(
                f"n_probes must be below the period, {self.period}; got {self.n_probes}"
            )
        for name in ("least_usage", "least_stability"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real):
                raise TypeError(f"{name} must be a number between 0 and 1; got {value!r}")
            if not 0 <= float(value) <= 1:
                raise ValueError(f"{name} must be between 0 and 1; got {value!r}")
        if self.rests not in ("boosting", "learning"):
            raise ValueError(f"rests must be 'boosting' or 'learning'; got {self.rests!r}")
        copy: SpatialPooler = clone(own)
        if copy.random_state is None:
            copy.random_state = self.random_state
        return copy

    def _restore(self) -> None:
        """Check what was loaded."""
        if not isinstance(self.pooler_, SpatialPooler):
            raise ValueError("pooler_ must be a SpatialPooler")
        width = -(-self._n_features_out // 8)
        if self.probes_.shape[1:] != (self.n_features_in_,) or self.probes_.dtype != np.bool_:
            raise ValueError("probes_ must be input bits")
        if self.probe_codes_.shape[1:] != (width,) or self.probe_codes_.dtype != np.uint8:
            raise ValueError("probe_codes_ must be packed codes")
        place = self.pooler_.n_cycles_ % self.period
        n_codes = self.n_probes if place >= self.n_probes else 0
        if (len(self.probes_), len(self.probe_codes_)) != (min(place, self.n_probes), n_codes):
            raise ValueError("probes_ and probe_codes_ must be those of the present period")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _mean_overlap(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """Return the mean overlap of packed codes, of the larger number of active columns."""
    shared = np.bitwise_count(before & after).sum(axis=1, dtype=np.int64)
    sizes = [np.bitwise_count(codes).sum(axis=1, dtype=np.int64) for codes in (before, after)]
    return float(np.mean(shared / np.maximum(np.maximum(*sizes), 1)))
