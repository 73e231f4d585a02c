"""The Spatial Pooler as a scikit-learn transformer.

It checks parameters and inputs, owns the state, and hands flat arrays to the kernels. Inputs come
as rows of a matrix; codes go out as a sparse matrix with a row of active columns for each input.
"""

import copy
import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from fastsp.arrays import ARRAYS, LEARNED, settled
from fastsp.codes import as_matrix, in_one_row
from fastsp.engine import Active, Engine
from fastsp.events import Callback, LearningEvent, tell, wants_stop
from fastsp.exclusive import Exclusive
from fastsp.faults import NOTHING_OFF, as_positions, column_thresholds, input_mask
from fastsp.inputs import check_sparse, pack
from fastsp.kernels.boosting import SMALLEST_DUTY_CYCLE
from fastsp.kernels.state import LOG_BOOSTING, Columns, Synapses
from fastsp.parameters import (
    TIE_BREAKER_SCALE,
    Layout,
    check_count,
    check_flag,
    check_numbers_and_choices,
    check_shape,
    lay_out,
    lay_out_inhibition,
    rule_of,
    tie_keys,
)
from fastsp.synapses import Load, build_index, choose_layout, index_type
from fastsp.team import Team, team_size
from fastsp.topology import potential_pools

CHUNK = 1024
"""Inputs in one call of a kernel; Ctrl-C is heard between chunks. Results do not depend on it."""
ROOM = 2**18
"""Active columns that `transform` makes room for at once: memory that is used again is faster."""
LEARNING_ROOM = 2**24
"""Active columns that learning makes room for at once."""
SAMPLE = 64
"""Inputs by whose on-bits the layout of the overlap index is chosen."""


class Trace(NamedTuple):
    """The stages of one input on its way through the pooler, for C columns."""

    overlaps: NDArray[np.int32]
    """(C,) connected synapses whose input bit is on"""
    boosted: NDArray[np.float32]
    """(C,) boost factor times (overlap, or its share, + tie-breaker); 0 under the stimulus
    threshold"""
    inhibited: NDArray[np.float32]
    """(C,) what the largest are chosen by: normalised by the neighbourhood where that inhibits"""
    active: NDArray[np.int32]
    """(k,) the active columns, ascending"""


class SpatialPooler(Exclusive, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Learn sparse binary codes of binary inputs, without labels.

    Each column has a potential pool of input bits; the columns whose connected synapses see the
    most on-bits, after boosting and inhibition, are active and learn. All columns come to be used
    about equally, and similar inputs get similar codes.

    Parameters
    ----------
    column_shape : tuple of int, default (2048,)
        The grid of columns, C in all; in any number of topological dimensions. With grouped
        inhibition a last number follows, not topological: that of the columns in a group, all of
        which have their centre at the same place. (14, 14, 200) is 14 x 14 places with 200 columns
        each.
    input_shape : tuple of int, optional
        The grid of input bits, whose product is n_features; one dimension if None. Dimensions
        beyond the topological ones of `column_shape` are not topological either: all columns see
        all of them at each place (the on and off bits of an image, say).
    receptive_field : {"global", "box", "gaussian"}
        Which input bits may be in a column's potential pool: all; those in a square around the
        column's place; or those near it, with chances that fall off as a Gaussian.
    potential_radius : float, optional
        In input units: half side of the box (of a box of 7 x 7 it is 3), or standard deviation of
        the Gaussian. Needed by both, not allowed with "global".
    potential_fraction : float in (0, 1]
        Potential synapses of a column as a share of its receptive field: of its number of bits,
        or under a Gaussian of the sum of its weights, exp(-d^2 / 2) for a bit d standard
        deviations away.
    n_potential : int, optional
        Exact number of potential synapses of each column, instead of `potential_fraction`.
    segments : int
        Dendritic segments of each column, n, at least 1. Each has a potential pool of its own,
        drawn from the column's receptive field. The most excited segment (of equal ones, the first)
        stands for its column, and where the column is active, it alone learns. Duty cycles, boost
        factors and tie-breakers are those of segments: how often each stood for an active column,
        wanted to be s / n. Learning is left to one thread where there are several.
    wrap : bool
        Whether opposite edges of the grid are neighbours.
    density : float in (0, 1]
        Wanted share of active columns: k = round(density * C), at least 1, are active. With grouped
        inhibition round(density * group size), at least 1, in each group.
    inhibition : {"global", "gaussian", "local", "grouped"}
        How columns compete. "global": the k most excited win. "gaussian": the k columns that
        exceed the Gaussian mean around them the most, in units of the standard deviation there.
        "local": those that fewer than density * n of the n columns around them beat, as in [1]_;
        how many that are differs from input to input. "grouped": the most excited of each group
        win, as many in each; equal groups of columns lie at each place (see `column_shape`).
    inhibition_radius : float, optional
        In columns: standard deviation of the Gaussian; or half side of the square neighbourhood,
        the largest integer in it counting. If None, `potential_radius` in columns.
    boosting : {"log", "exp", None}
        How columns that are active too seldom are favoured. "log": log(a) / log(s) for a column
        with active duty cycle a and s = k / C. "exp": exp(boost_strength * (s - a)), as in [1]_.
    boost_strength : float
        Of exponential boosting.
    boost_target : {"density", "neighbourhood"}
        What exponential boosting compares the duty cycle of a column with: s, or as in [1]_ the
        mean duty cycle of its neighbourhood. That is the Gaussian mean around it, its square,
        its group or all columns, for Gaussian, local, grouped or global inhibition. The means take
        about 3 ns a column and cycle, however large neighbourhoods are, and one thread.
    duty_cycle_period : float
        Number of cycles, at least 1, over which duty cycles are averaged (time constant of the
        moving average).
    overlap : {"count", "share"}
        What columns compete by: their overlap, or its share of their connected synapses, so that
        columns with few of them stand a chance beside those with many. A column without any has
        share 0. Equal shares are ordered by the tie-breakers, made small enough, as far as single
        precision tells them apart, where no column has more than 2,000 potential synapses; else by
        position.
    stimulus_threshold : int
        A column with a smaller overlap is never active, even if then fewer than k are.
    permanence_increment, permanence_decrement : float in [0, 1]
        Change of a permanence in an active column where its input bit is on, and off.
    connected_threshold : float in [0, 1]
        A synapse is connected where its permanence is at least this.
    weak_column_share : float in [0, 1]
        A column is weak where its overlap duty cycle is below this share of the largest in its
        neighbourhood, as in [1]_: how often, on a moving average that starts at 1, at least one and
        at least `stimulus_threshold` of its connected synapses see an on-bit. The neighbourhood is
        that of local or grouped inhibition, all columns for global, and for Gaussian inhibition the
        box of two standard deviations along each axis, rounded up. 0 for none. Learning is left to
        one thread.
    weak_column_increment : float in [0, 1]
        Added to all permanences of weak columns after every learning cycle; or after every batch,
        as many times as it has inputs.
    batch_size : int
        Learn in batches: active columns of all inputs of a batch are found with the permanences
        and boost factors from before it, then all learn in order. Each call of `partial_fit`
        begins a new batch.
    threshold : float, at least 0
        An input bit is on where the given value is above this.
    sparse_output : bool
        Whether `transform` returns a CSR matrix, or else a dense array, as data frames need
        (`set_output`).
    overlap_index : {"auto", "rows", "words", "lists"}
        How connected synapses are kept for counting overlaps: as a row of bits, one for each
        column, for each input bit; as a word of bits for each column and 64 input bits; as a list
        of columns for each input bit; or as whichever of these promises to be the fastest for the
        inputs seen. Results do not depend on it.
    n_jobs : int, optional
        Threads, as in scikit-learn: for `transform`; and for learning where `batch_size` or the
        pooler is large enough to gain by it. Results do not depend on it.
    random_state : int, RandomState or None
        Draws the potential pools, permanences and tie-breakers; used once, before the first cycle.
    verbose : int
        Above 0, log what the parameters amount to; above 1, also the progress of learning. Lines
        go to the logger "fastsp" at level INFO, or to stderr where logging is not set up.

    Attributes
    ----------
    indptr_ : (C + 1,) int64, where each column's synapses begin.
    indices_ : (S,) uint16, or uint32 with more than 65,536 input bits: the input bit of each
        potential synapse, ascending within a column.
    permanences_ : (S,) float32 in [0, 1], in the same order.
    active_duty_cycles_ : (C,) float64, moving average of how often each column is active.
    boost_factors_ : (C,) float32, from those duty cycles; `transform` uses them as they are.
    tie_breakers_ : (C,) float32 in [0, 0.01), order equal overlaps: exactly without boosting, else
        they are added to the overlaps in single precision.
    log_duty_cycles_ : (C,) float64, natural logarithm of `active_duty_cycles_`, with logarithmic
        boosting; else (0,).
    overlap_duty_cycles_ : (C,) float64, where weak columns are raised; else (0,).
    off_columns_, off_inputs_ : int32, columns and input bits that are switched off, ascending.
    n_active_ : int, the number k of active columns; with local inhibition rarely as many.
    n_cycles_ : int, learning cycles so far; those learned before an error or Ctrl-C included.
    column_shape_, input_shape_ : tuple of int, the grids in full.
    n_features_in_ : int

    Notes
    -----
    With n segments to a column, n C stands for C in the shapes above: segment s of column c is row
    n c + s. Active columns, their number, the grid and what is switched off are those of columns.

    The arrays are the state itself, not copies: read them, or assign new ones, but do not write
    into them. Of parameters changed after fitting, those that shape the draw (shapes, receptive
    fields, potential pools, `segments`, `wrap`, `random_state`) wait for the next `fit`; the others
    act at once.

    Threads may share a pooler. Any number of them may read (`transform`, `compute(learn=False)`,
    `trace`) at once. Those that learn, draw, switch or save take turns: each call is done as a
    whole, in the order in which they get the lock. What is read while another thread learns is
    right for no single moment, and harms nothing; but do not read while another thread calls `fit`
    for another number of features. Copies and pickles are of one moment between chunks.

    References
    ----------
    .. [1] Cui, Ahmad and Hawkins (2017). The HTM Spatial Pooler: a neocortical algorithm for
       online sparse distributed coding. doi:10.3389/fncom.2017.00111

    Examples
    --------
    >>> import numpy as np
    >>> from fastsp import SpatialPooler
    >>> X = np.random.default_rng(0).random((100, 256)) < 0.1
    >>> codes = SpatialPooler((512,), random_state=0).fit_transform(X)
    >>> codes.shape, codes.nnz
    ((100, 512), 1000)
    """

    def __init__(
        self,
        column_shape: tuple[int, ...] = (2048,),
        *,
        input_shape: tuple[int, ...] | None = None,
        receptive_field: str = "global",
        potential_radius: float | None = None,
        potential_fraction: float = 0.5,
        n_potential: int | None = None,
        segments: int = 1,
        wrap: bool = False,
        density: float = 0.02,
        inhibition: str = "global",
        inhibition_radius: float | None = None,
        boosting: str | None = "log",
        boost_strength: float = 100.0,
        boost_target: str = "density",
        duty_cycle_period: float = 1000.0,
        overlap: str = "count",
        stimulus_threshold: int = 0,
        permanence_increment: float = 0.1,
        permanence_decrement: float = 0.02,
        connected_threshold: float = 0.5,
        weak_column_share: float = 0.0,
        weak_column_increment: float = 0.05,
        batch_size: int = 1,
        threshold: float = 0.5,
        sparse_output: bool = True,
        overlap_index: str = "auto",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.column_shape = column_shape
        self.input_shape = input_shape
        self.receptive_field = receptive_field
        self.potential_radius = potential_radius
        self.potential_fraction = potential_fraction
        self.n_potential = n_potential
        self.segments = segments
        self.wrap = wrap
        self.density = density
        self.inhibition = inhibition
        self.inhibition_radius = inhibition_radius
        self.boosting = boosting
        self.boost_strength = boost_strength
        self.boost_target = boost_target
        self.duty_cycle_period = duty_cycle_period
        self.overlap = overlap
        self.stimulus_threshold = stimulus_threshold
        self.permanence_increment = permanence_increment
        self.permanence_decrement = permanence_decrement
        self.connected_threshold = connected_threshold
        self.weak_column_share = weak_column_share
        self.weak_column_increment = weak_column_increment
        self.batch_size = batch_size
        self.threshold = threshold
        self.sparse_output = sparse_output
        self.overlap_index = overlap_index
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    _engine: Engine | None = None
    _revision: object = None
    """Another object after each change of a parameter or an array that the engine depends on."""
    _n_on: float = 0.0
    column_shape_: tuple[int, ...]
    input_shape_: tuple[int, ...]
    off_columns_: NDArray[np.int32]
    off_inputs_: NDArray[np.int32]

    def fit(self, X: Any, y: Any = None, *, callback: Callback | None = None) -> Self:
        """Draw a new pooler and learn from each row of `X` once, in order.

        Parameters
        ----------
        X : (n, n_features) array or sparse matrix; an input bit is on where it exceeds `threshold`.
        y : ignored.
        callback : callable, optional
            Called with a `LearningEvent` after every chunk of about 1,000 inputs (fewer where very
            many columns can be active). Learning stops there where it returns True; what it raises
            is raised here. The pooler is then whole,
            and has learned `n_cycles_` cycles.

        Raises
        ------
        ValueError, TypeError
            If a parameter or `X` is not as it should be; what was learned before is unchanged then.
        RuntimeError
            From within a callback of this pooler.

        Examples
        --------
        Stop as soon as the columns are used evenly:

        >>> from fastsp.metrics import duty_cycle_entropy
        >>> def evenly(event):
        ...     print(f"{event.n_done} of {event.n_inputs}, density {event.density:.3f}")
        ...     return duty_cycle_entropy(event.pooler.active_duty_cycles_) > 0.9
        >>> X = np.random.default_rng(0).random((5000, 64)) < 0.2
        >>> pooler = SpatialPooler((100,), random_state=0).fit(X, callback=evenly)
        1024 of 5000, density 0.020
        >>> pooler.n_cycles_
        1024
        """
        with self._alone():
            return self._fit(X, callback)

    def partial_fit(self, X: Any, y: Any = None, *, callback: Callback | None = None) -> Self:
        """Go on learning from each row of `X` once, in order; the first call draws the pooler.

        Any cutting of a stream into calls gives the same state, bit for bit (with `batch_size`
        above 1, any cutting between batches). Parameters and errors as in `fit`.
        """
        with self._alone():
            if not hasattr(self, "permanences_"):
                return self._fit(X, callback)
            check_sparse(X)
            X = validate_data(self, X, accept_sparse="csr", reset=False)
            return self._learn(X, callback)

    def initialize(self, n_features: int) -> Self:
        """Draw a new pooler for `n_features` input bits, without learning anything yet."""
        with self._alone():
            drawn = self._draw(lay_out(self._parameters(), n_features))
            self.__dict__.update(drawn, n_features_in_=n_features)
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Return `fit(X).transform(X)`; where codes cannot be given out, nothing is learned."""
        self._check_output()
        return super().fit_transform(X, y, **fit_params)

    def transform(self, X: Any) -> Any:
        """Return the code of each row of `X`: 1 where a column is active. Nothing is learned.

        Parameters
        ----------
        X : (n, n_features), as in `fit`.

        Returns
        -------
        (n, C) CSR matrix, or array where `sparse_output` is False; float32, with k ones in each
        row, fewer only where the stimulus threshold forbids more.
        """
        check_is_fitted(self)
        self._check_output()
        check_sparse(X)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        engine = self._configured(self._pack(X[:SAMPLE]))
        n_threads = effective_n_jobs(self.n_jobs)
        step = max(1, min(CHUNK, ROOM // engine.most_active, -(-X.shape[0] // n_threads)))
        starts = range(0, X.shape[0], step)
        # The codes take little more than their room does, unless inhibition is local.
        fills_room = engine.most_active == engine.rule.n_active
        room = engine.room(X.shape[0]) if fills_room else None

        def infer(start: int) -> Active:
            rows = slice(start, start + step)
            words = self._pack(X[rows])
            if room:
                return engine.infer(words, (room[0][rows], room[1][rows]))
            return in_one_row(*engine.infer(words))

        if n_threads > 1:
            with ThreadPoolExecutor(n_threads) as threads:
                parts = list(threads.map(infer, starts))
        else:
            parts = [infer(start) for start in starts]
        if room:
            codes = in_one_row(*room)
        else:
            active, n_active = zip(*parts, strict=True)
            codes = np.concatenate(active), np.concatenate(n_active)
        matrix = as_matrix(*codes, self._n_features_out)
        return matrix if self.sparse_output else matrix.toarray()

    def compute(self, x: Any, learn: bool = True) -> NDArray[np.int32]:
        """Return the active columns for one input, ascending, and learn from it if `learn`.

        Parameters
        ----------
        x : (n_features,) array.

        Returns
        -------
        (k,) int32, shorter only where the stimulus threshold forbids more.
        """
        if not learn:
            if not hasattr(self, "permanences_"):
                check_is_fitted(self)
            return self._cycle(x, False)
        with self._lock or self._holding():
            if self._learning:
                self._check_not_learning()
            if not hasattr(self, "permanences_"):
                self.initialize(np.size(x))
            return self._cycle(x, True)

    def trace(self, x: Any) -> Trace:
        """Return the stages of one input (n_features,) on its way through the pooler."""
        check_is_fitted(self)
        words = self._pack(self._one_input(x).reshape(1, -1))
        stages, active = self._configured(words, stay=True).trace(words)
        gaussian = self.inhibition == "gaussian"
        inhibited = stages.normalised if gaussian else stages.excitement
        overlaps = stages.overlaps[0, : self.tie_breakers_.size].astype(np.int32)
        if stages.best_segments.size:
            of_columns = overlaps.reshape(self._n_features_out, -1)
            overlaps = np.take_along_axis(of_columns, stages.best_segments[:, None], 1).ravel()
        return Trace(overlaps, stages.excitement, inhibited, active)

    def switch_off(self, columns: Any = None, inputs: Any = None) -> Self:
        """Switch off columns and input bits, until they are switched on or a pooler is drawn anew.

        A column that is off is never active and does not learn; others take its place, so the
        number of active columns stays as wanted. Its duty cycle falls as that of any column that is
        not active. An input bit that is off reads as off in every input, for learning too.

        Parameters
        ----------
        columns : positions among the C columns, or a boolean mask, (C,) or of `column_shape`.
        inputs : positions among the input bits, or a boolean mask, (n_features,) or of
            `input_shape`.

        Raises
        ------
        ValueError, TypeError
            If one is not as it should be; then nothing is switched.
        NotFittedError
            Before the pooler is drawn.
        """
        return self._switch(columns, inputs, np.union1d)

    def switch_on(self, columns: Any = None, inputs: Any = None) -> Self:
        """Switch columns and input bits on again, as they are. Parameters as in `switch_off`."""
        return self._switch(columns, inputs, np.setdiff1d)

    def _switch(self, columns: Any, inputs: Any, combine: Any) -> Self:
        check_is_fitted(self)
        if columns is None and inputs is None:
            raise ValueError("columns or inputs must be given; got None for both")
        with self._alone():
            of_columns = as_positions("columns", columns, self.column_shape_)
            of_inputs = as_positions("inputs", inputs, self.input_shape_)
            self.off_columns_ = combine(self.off_columns_, of_columns)
            self.off_inputs_ = combine(self.off_inputs_, of_inputs)
            self._engine = None
        return self

    def _fit(self, X: Any, callback: Callback | None) -> Self:
        check_sparse(X)
        checked = check_array(X, accept_sparse="csr", estimator=self)
        drawn = self._draw(lay_out(self._parameters(), checked.shape[1]))
        # All is well: only now does anything change.
        validate_data(self, X, reset=True, skip_check_array=True)
        self.__dict__.update(drawn)
        return self._learn(checked, callback)

    def _cycle(self, x: Any, learn: bool) -> NDArray[np.int32]:
        bits = self._one_input(x)
        engine = self._engine
        if engine is None or engine.revision is not self._revision:
            engine = self._configured(self._pack(bits.reshape(1, -1)))
        if bits.dtype.char == "B":
            bound = min(int(self.threshold), 255)
        else:
            bits, bound = (bits > self.threshold).view(np.uint8), 0
        if learn:
            # Ctrl-C is heard when the kernel ends, so the cycle is counted before; what may take
            # long or fail comes before that.
            engine.prepare()
            self.__dict__["n_cycles_"] += 1  # past __setattr__
        return engine.compute(bits, bound, learn)

    def _check_output(self) -> None:
        """Raise where codes are to be sparse and in a data frame, which is dense."""
        check_flag("sparse_output", self.sparse_output)
        own = getattr(self, "_sklearn_output_config", {}).get("transform")
        wanted = own or get_config()["transform_output"]
        if self.sparse_output and wanted != "default":
            raise ValueError(
                f"sparse_output must be False for output to {wanted}, which is dense; got True"
            )

    def _pack(self, X: Any) -> NDArray[np.uint64]:
        words = pack(X, self.threshold)
        if self.off_inputs_.size:
            words &= input_mask(self.n_features_in_, self.off_inputs_)
        return words

    def _one_input(self, x: Any) -> NDArray[Any]:
        x = np.ascontiguousarray(x)
        if x.dtype.char == "?":
            x = x.view(np.uint8)
        if x.shape != (self.n_features_in_,):
            raise ValueError(
                f"x must be one input of shape ({self.n_features_in_},); got shape {x.shape}"
            )
        if x.dtype.kind not in "biu":
            x = check_array(x.reshape(1, -1), estimator=self)[0]
        return x  # type: ignore[no-any-return]

    def __setattr__(self, name: str, value: Any) -> None:
        before = vars(self).get(name)
        super().__setattr__(name, value)
        # Equal numbers and words are the same; of arrays only the very one is.
        same = value is before or (np.isscalar(value) and np.isscalar(before) and value == before)
        if name in _BOUND and not same:
            self.__dict__["_revision"] = object()

    def _parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _PARAMETERS}

    def _draw(self, layout: Layout) -> dict[str, Any]:
        """Return the attributes of a pooler newly drawn; changes nothing itself."""
        random_state = check_random_state(self.random_state)
        pool_seed, other_seed = random_state.randint(2**63 - 1, size=2, dtype=np.int64)
        segments = int(self.segments)
        n_rows = segments * layout.n_synapses.size
        rule = rule_of(self._parameters(), layout.column_shape, segments)
        random = np.random.default_rng(other_seed)
        indptr, indices = potential_pools(layout.fields, layout.n_synapses, pool_seed, segments)
        if self.verbose:
            tell("SpatialPooler: %s, %d active columns", layout, rule.n_active)
        return {
            "column_shape_": layout.column_shape,
            "input_shape_": layout.input_shape,
            "indptr_": indptr,
            "indices_": indices.astype(index_type(math.prod(layout.input_shape))),
            "permanences_": random.random(indices.size, dtype=np.float32),
            "tie_breakers_": TIE_BREAKER_SCALE * random.random(n_rows, dtype=np.float32),
            "active_duty_cycles_": np.full(n_rows, rule.target_density),
            "log_duty_cycles_": np.empty(0),
            "boost_factors_": np.ones(n_rows, np.float32),
            "overlap_duty_cycles_": np.empty(0),
            "off_columns_": NOTHING_OFF,
            "off_inputs_": NOTHING_OFF,
            "n_active_": rule.n_active,
            "n_cycles_": 0,
            "_engine": None,
        }

    def _configured(self, words: NDArray[np.uint64], stay: bool | None = None) -> Engine:
        """Return the engine for the present parameters and arrays, built anew if they changed.

        The layout of its index is chosen by the on-bits of packed inputs, and once more when these
        are twice as many, or half as many, as they were; unless it is to `stay`, as by default it
        does while a thread learns.
        """
        if stay is None:
            stay = self._learning
        engine = self._fitting_engine(words, stay)
        if engine is not None:
            return engine
        # An index built while another thread learns would be of no single moment, and stay so.
        with self._holding():
            return self._fitting_engine(words, stay) or self._build_engine(words)

    def _fitting_engine(self, words: NDArray[np.uint64], stay: bool) -> Engine | None:
        engine = self._engine
        if engine is None or engine.revision is not self._revision:
            return None
        return engine if stay or self._n_on / 2 <= _mean_on(words) <= 2 * self._n_on else None

    def _build_engine(self, words: NDArray[np.uint64]) -> Engine:
        # First, so that what changes from here on makes the engine an old one.
        revision = self._revision
        n_on = _mean_on(words)
        parameters = self._parameters()
        check_numbers_and_choices(parameters)
        self.__dict__.update(settled(self))
        longest_pool = int(np.diff(self.indptr_).max())
        n_rows = self.tie_breakers_.size
        segments = n_rows // self._n_features_out
        rule = rule_of(parameters, self.column_shape_, segments, longest_pool)
        if rule.boosting != LOG_BOOSTING:
            self.__dict__["log_duty_cycles_"] = np.empty(0)
        elif not self.log_duty_cycles_.size:
            duty_cycles = np.maximum(self.active_duty_cycles_, SMALLEST_DUTY_CYCLE)
            self.__dict__["log_duty_cycles_"] = np.log(duty_cycles)
        if not rule.weak_column_share:
            self.__dict__["overlap_duty_cycles_"] = np.empty(0)
        elif not self.overlap_duty_cycles_.size:
            self.__dict__["overlap_duty_cycles_"] = np.ones(n_rows)
        synapses = Synapses(self.indptr_, self.indices_, self.permanences_)
        layout = self.overlap_index
        if layout == "auto":
            n_adapted = rule.n_active * synapses.indices.size / n_rows
            layout = choose_layout(synapses, self.n_features_in_, Load(n_on, n_adapted))
        index = build_index(
            synapses,
            self.n_features_in_,
            rule.connected_threshold,
            layout,
            self.overlap == "share",
        )
        thresholds = column_thresholds(
            self._n_features_out, self.stimulus_threshold, self.off_columns_
        )
        columns = Columns(
            self.active_duty_cycles_,
            self.log_duty_cycles_,
            self.boost_factors_,
            self.tie_breakers_,
            np.repeat(thresholds, segments),
            np.empty(n_rows if rule.boost_target else 0),
            index.connected_counts,
            self.overlap_duty_cycles_,
            tie_keys(self.tie_breakers_, rule),
        )
        engine = Engine(
            synapses,
            index,
            columns,
            lay_out_inhibition(parameters, self.column_shape_, self.input_shape_),
            rule,
            input_mask(self.n_features_in_, self.off_inputs_),
            revision,
        )
        engine.refresh_boost_factors()
        self.n_active_ = rule.n_active
        self._n_on = n_on
        self._engine = engine
        return engine

    def _learn(self, X: Any, callback: Callback | None) -> Self:
        n, done = X.shape[0], 0
        while done < n:
            engine = self._configured(self._pack(X[done : done + SAMPLE]), stay=done > 0)
            n_rows = min(CHUNK, LEARNING_ROOM // engine.most_active)
            step = max(1, n_rows // self.batch_size) * self.batch_size
            n_threads = team_size(engine, effective_n_jobs(self.n_jobs), n - done)
            with Team(engine, n_threads) as team:
                while done < n:
                    words = self._pack(X[done : done + step])
                    _, n_active = team.learn(words, partial(self._count_cycles, len(words)))
                    done += len(words)
                    if self.verbose > 1:
                        tell("SpatialPooler: %d learning cycles", self.n_cycles_)
                    if callback is not None:
                        event = LearningEvent(self, self.n_cycles_, done, n, n_active)
                        if wants_stop(callback(event)):
                            return self
                        if self._engine is not engine or engine.revision is not self._revision:
                            break  # it has changed parameters
        return self

    def _count_cycles(self, n: int) -> None:
        self.n_cycles_ += n

    @property
    def _n_features_out(self) -> int:
        return math.prod(self.column_shape_)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._restore()

    def _restore(self) -> None:
        """Fill in what poolers of earlier versions, from pickles or model files, do not have.

        Raises ValueError where the arrays do not fit together, so that no kernel strays in memory.
        """
        if any(name.endswith("_") for name in vars(self)):
            for name in ("off_columns_", "off_inputs_", "overlap_duty_cycles_"):
                if not hasattr(self, name):
                    setattr(self, name, np.empty(0, ARRAYS[name]))
            self.column_shape_ = check_shape("column_shape_", self.column_shape_)
            self.input_shape_ = check_shape("input_shape_", self.input_shape_)
            for name in ("n_features_in_", "n_active_", "n_cycles_"):
                check_count(name, getattr(self, name))
            self.__dict__.update(settled(self))

    def __getstate__(self) -> dict[str, Any]:
        with self._holding():
            state: dict[str, Any] = dict(super().__getstate__())
            # What can be built from the rest stays out of pickles, and so does the lock.
            for name in ("_engine", "_revision", "_n_on", "_lock", "_learning"):
                state.pop(name, None)
            # Of one moment; and a copy, however shallow, learns on its own.
            for name in LEARNED & state.keys():
                state[name] = copy.copy(state[name])
        return state


_PARAMETERS = tuple(SpatialPooler._get_param_names())
# Everything that the engine, or a check of the parameters, depends on.
_BOUND = {*_PARAMETERS, *ARRAYS} - {"n_jobs", "random_state", "sparse_output", "verbose"}


def _mean_on(words: NDArray[np.uint64]) -> float:
    """Return the mean number of on-bits of packed inputs."""
    return float(np.bitwise_count(words).sum() / len(words))
