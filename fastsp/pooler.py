"""The Spatial Pooler as a scikit-learn transformer: a face on `fastsp.engine.Engine`.

It checks inputs as scikit-learn does, and hands them to the engine, which owns the state. Inputs
come as rows of a matrix; codes go out as a sparse matrix, with a row of active columns for each.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeAlias

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import validate_data

from fastsp.engine import choices
from fastsp.engine.arrays import Array, Fixed
from fastsp.engine.engine import Engine, Trace
from fastsp.engine.events import Callback, LearningEvent, log, wants_stop
from fastsp.engine.lock import Lock
from fastsp.engine.packing import as_matrix, check_given, one_input
from fastsp.engine.parameters import DEFAULTS, DRAWN, check_flag, check_size, check_verbose

__all__ = ["SpatialPooler", "Trace"]


Codes: TypeAlias = csr_matrix | csr_array | NDArray[np.float32]
"""What `transform` returns: an array where `sparse_output` is False."""


class SpatialPooler(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Learn sparse binary codes of binary inputs, without labels.

    Each column has a potential pool of input bits; the columns whose connected synapses see the
    most on-bits, after boosting and inhibition, are active and learn. All columns come to be used
    about equally, and similar inputs get similar codes.

    Parameters
    ----------
    column_shape : int or tuple of int, default (2048,)
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
        drawn from the column's receptive field. The segment with the largest boosted overlap (of
        equal ones, the first) represents its column; if the column is active, only that segment
        learns. Duty cycles, boost factors and tie-breakers are those of segments. A segment counts
        as active where it represented an active column; the wanted share is s / n. With several
        segments one thread learns.
    wrap : bool
        Whether opposite edges of the grid are neighbours.
    density : float in (0, 1]
        Wanted share of active columns: k = round(density * C), at least 1, are active. With grouped
        inhibition round(density * group size), at least 1, in each group.
    inhibition : {"global", "gaussian", "local", "grouped"}
        How columns compete by their boosted overlap. "global": the k largest win. "gaussian": the k
        columns win that exceed the Gaussian mean around them the most, in units of the standard
        deviation there. "local": a column wins where fewer than density * n of the n columns around
        it beat it, as in [1]_; the number of winners differs from input to input. "grouped": the
        largest of each group win, as many in each; equal groups of columns lie at each place (see
        `column_shape`).
    inhibition_radius : float, optional
        In columns: standard deviation of the Gaussian; or half side of the square neighbourhood,
        the largest integer in it counting. If None, `potential_radius` in columns.
    boosting : {"log", "exp", "held", None}
        How columns that are active too seldom are favoured. "log": log(a) / log(s) for a column
        with active duty cycle a and s = k / C. "exp": exp(boost_strength * (s - a)), as in [1]_.
        "held": `boost_factors_` stay as they are, which is 1 in a new pooler; see
        `HomeostaticPooler`, which holds them where codes are to settle.
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
    initial_connected : float in [0, 1], optional
        Share of the potential synapses that are drawn connected. Their permanences are uniform from
        `connected_threshold` to 1, those of the others from 0 to below it. If None, all are uniform
        from 0 to 1. Where the threshold is 0, all are connected.
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
    random_state : int, Generator, RandomState or None
        Draws the potential pools, permanences and tie-breakers; used once, before the first cycle.
    verbose : int or bool
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
    overlap_duty_cycles_ : (C,) float64, where weak columns are raised; else (0,).
    off_columns_, off_inputs_ : int32, columns and input bits that are switched off, ascending.
    n_active_ : int, the number k of active columns; with local inhibition rarely as many.
    n_cycles_ : int, learning cycles so far; those learned before an error or Ctrl-C included.
    column_shape_, input_shape_ : tuple of int, the grids in full.
    n_features_in_ : int

    Notes
    -----
    With n segments to a column, the arrays above have n C rows instead of C: segment s of column c
    is row n c + s. Active columns, their number, the grid and what is switched off are those of
    columns.

    The arrays are the state itself, not copies: read them, or assign new ones, but do not write
    into them. Assigned duty cycles set the boost factors; assigned boost factors are used as they
    are until the next learning cycle. Of parameters changed after fitting, those that shape the
    draw (shapes, receptive fields, potential pools, `segments`, `wrap`, `initial_connected`,
    `random_state`) wait for the next `fit`; the others act at once.

    Threads may share a pooler. Any number of them may read (`transform`, `compute(learn=False)`,
    `trace`) at once. Calls that learn, draw or switch take turns, each as a whole. What is read
    while another thread learns is right for no single moment, and harms nothing. Copies, pickles
    and files are of one moment between chunks, for which they wait.

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
        column_shape: int | tuple[int, ...] = (2048,),
        *,
        input_shape: tuple[int, ...] | None = None,
        receptive_field: choices.ReceptiveField = "global",
        potential_radius: float | None = None,
        potential_fraction: float = 0.5,
        n_potential: int | None = None,
        segments: int = 1,
        wrap: bool = False,
        density: float = 0.02,
        inhibition: choices.Inhibition = "global",
        inhibition_radius: float | None = None,
        boosting: choices.Boosting = "log",
        boost_strength: float = 100.0,
        boost_target: choices.BoostTarget = "density",
        duty_cycle_period: float = 1000.0,
        overlap: choices.Overlap = "count",
        stimulus_threshold: int = 0,
        permanence_increment: float = 0.1,
        permanence_decrement: float = 0.02,
        connected_threshold: float = 0.5,
        initial_connected: float | None = None,
        weak_column_share: float = 0.0,
        weak_column_increment: float = 0.05,
        batch_size: int = 1,
        threshold: float = 0.5,
        sparse_output: bool = True,
        overlap_index: choices.OverlapIndex = "auto",
        n_jobs: int | None = None,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
        verbose: int | bool = 0,
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
        self.initial_connected = initial_connected
        self.weak_column_share = weak_column_share
        self.weak_column_increment = weak_column_increment
        self.batch_size = batch_size
        self.threshold = threshold
        self.sparse_output = sparse_output
        self.overlap_index = overlap_index
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    indptr_ = Array[np.int64]()
    indices_ = Array[np.unsignedinteger[Any]]()
    permanences_ = Array[np.float32]()
    active_duty_cycles_ = Array[np.float64]()
    boost_factors_ = Array[np.float32]()
    tie_breakers_ = Array[np.float32]()
    overlap_duty_cycles_ = Array[np.float64]()
    off_columns_ = Array[np.int32]()
    off_inputs_ = Array[np.int32]()
    column_shape_ = Fixed[tuple[int, ...]]()
    input_shape_ = Fixed[tuple[int, ...]]()
    n_active_ = Fixed[int]()
    n_cycles_ = Fixed[int]()
    _engine: Engine | None = None
    n_features_in_: int

    def fit(self, X: Any, y: Any = None, *, callback: Callback | None = None) -> Self:
        """Draw a new pooler and learn from each row of `X` once, in order.

        Parameters
        ----------
        X : (n, n_features) array or sparse matrix; an input bit is on where it exceeds `threshold`.
        y : ignored.
        callback : callable, optional
            Called with a `LearningEvent` after every chunk of about 1,000 inputs (fewer where very
            many columns can be active). Learning stops there where it returns True; what it raises
            is raised here. The pooler is then whole, and has learned `n_cycles_` cycles.

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
        with self._turn():
            check_given(X)
            checked = check_array(X, accept_sparse="csr", estimator=self)
            n_threads = self._n_threads()
            engine = self._draw(checked.shape[1])
            engine.prepare(checked)
            # All is well: only now does anything change.
            validate_data(self, X, reset=True, skip_check_array=True)
            self._engine = engine
            return self._learn(engine, checked, n_threads, callback)

    def partial_fit(self, X: Any, y: Any = None, *, callback: Callback | None = None) -> Self:
        """Go on learning from each row of `X` once, in order; the first call draws the pooler.

        Any cutting of a stream into calls gives the same state, bit for bit (with `batch_size`
        above 1, any cutting between batches). Parameters and errors as in `fit`.
        """
        with self._turn():
            engine = self._engine
            if engine is None:
                return self.fit(X, callback=callback)
            n_threads = self._n_threads()
            check_given(X)
            if engine.n_cycles == 0 and not hasattr(self, "feature_names_in_"):
                # After `initialize` the names of features are those of the first inputs.
                checked = check_array(X, accept_sparse="csr", estimator=self)
                if checked.shape[1] != engine.n_inputs:
                    raise ValueError(
                        f"X has {checked.shape[1]} features, but {type(self).__name__} is "
                        f"expecting {engine.n_inputs} features as input"
                    )
                validate_data(self, X, reset=True, skip_check_array=True)
            checked = validate_data(self, X, accept_sparse="csr", reset=False)
            return self._learn(engine, checked, n_threads, callback)

    def initialize(self, n_features: int) -> Self:
        """Draw a new pooler for `n_features` input bits, without learning anything yet."""
        with self._turn():
            self._engine = self._draw(check_size("n_features", n_features))
            self.n_features_in_ = self._engine.n_inputs
            self.__dict__.pop("feature_names_in_", None)
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Return `fit(X).transform(X)`; where codes cannot be given out, nothing is learned."""
        self._check_output()
        return super().fit_transform(X, y, **fit_params)

    def transform(self, X: Any) -> Codes:
        """Return the code of each row of `X`: 1 where a column is active. Nothing is learned.

        Parameters
        ----------
        X : (n, n_features), as in `fit`.

        Returns
        -------
        (n, C) CSR matrix, or array where `sparse_output` is False; float32, with k ones in each
        row, fewer only where the stimulus threshold forbids more. Where scikit-learn is configured
        with `sparse_interface="sparray"`, a CSR array.
        """
        engine = self._fitted()
        self._check_output()
        check_given(X)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        array = get_config().get("sparse_interface") == "sparray"  # not in all versions
        codes = as_matrix(*engine.infer(X, self._n_threads()), engine.n_columns, array=array)
        return codes if self.sparse_output else codes.toarray()

    def inverse_transform(self, X: Any) -> NDArray[np.float32]:
        """Return the input bits that the active columns of each code stand for.

        The value of input bit i is the mean permanence of the potential synapses that the active
        columns have on it: with A the active columns, P_i those that have i in their potential
        pool, and p(c, i) the permanence, the sum of p(c, i) over A and P_i by the number of columns
        in both. It is 0 where there is none, or the bit is switched off.

        Parameters
        ----------
        X : (n, C) array or sparse matrix
            1 where a column is active, else 0, as `transform` returns it.

        Returns
        -------
        (n, n_features) float32 in [0, 1]

        Raises
        ------
        ValueError
            If `X` has another number of columns, or holds anything but 0 and 1.

        Notes
        -----
        A code does not tell which of several segments represented its column: the potential
        synapses of all of them count.

        Examples
        --------
        >>> X = np.random.default_rng(0).random((100, 64)) < 0.1
        >>> pooler = SpatialPooler((512,), random_state=0).fit(X)
        >>> values = pooler.inverse_transform(pooler.transform(X))
        >>> bool(values[X].mean() > values[~X].mean())
        True
        """
        engine = self._fitted()
        check_given(X)
        return engine.invert(check_array(X, accept_sparse="csr", estimator=self))

    def compute(self, x: Any, learn: bool = True) -> NDArray[np.int32]:
        """Return the active columns for one input, ascending, and learn from it if `learn`.

        Parameters
        ----------
        x : (n_features,) array, or one in the shape of `input_shape_`, or one sparse row.

        Returns
        -------
        (k,) int32, shorter only where the stimulus threshold forbids more.
        """
        if learn is not True and learn is not False:
            check_flag("learn", learn)
        if not learn:
            engine = self._fitted()
            return engine.compute(one_input(x, engine.input_shape), False)
        with self._own_lock().turn:
            if self._engine is None:
                return self._compute_first(x)
            engine = self._engine
            return engine.compute(one_input(x, engine.input_shape), True)

    def trace(self, x: Any) -> Trace:
        """Return the stages of one input (n_features,) on its way through the pooler."""
        engine = self._fitted()
        return engine.trace(one_input(x, engine.input_shape))

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
        self._fitted().switch(columns, inputs, on=False)
        return self

    def switch_on(self, columns: Any = None, inputs: Any = None) -> Self:
        """Switch columns and input bits on again, as they are. Parameters as in `switch_off`."""
        self._fitted().switch(columns, inputs, on=True)
        return self

    @property
    def _n_features_out(self) -> int:
        return self._fitted().n_columns

    def assign(self, **arrays: Any) -> None:
        """Replace arrays, by their names without the underscore, all at once."""
        self._fitted().assign(**arrays)

    def _array(self, name: str) -> NDArray[Any]:
        return self._fitted().arrays[name]

    def _fitted(self) -> Engine:
        if self._engine is None:
            raise NotFittedError(
                f"this {type(self).__name__} is not fitted yet: call fit, partial_fit, compute or "
                "initialize first"
            )
        return self._engine

    def _own_lock(self) -> Lock:
        # One dictionary operation, so that two threads that come first get the same lock.
        own: Lock = self.__dict__.get("_lock") or self.__dict__.setdefault("_lock", Lock())
        return own

    @contextmanager
    def _turn(self) -> Iterator[None]:
        lock = self._own_lock()
        with lock.turn:
            lock.check_not_learning()
            yield

    def _n_threads(self) -> int:
        return int(effective_n_jobs(self.n_jobs))

    def _draw(self, n_features: int) -> Engine:
        """Return an engine newly drawn; changes nothing itself."""
        check_flag("sparse_output", self.sparse_output)
        check_verbose(self.verbose)
        given = {name: getattr(self, name) for name in DEFAULTS}
        engine = Engine(
            n_features, random_state=self.random_state, lock=self._own_lock(), suffix="_", **given
        )
        if self.verbose:
            log("SpatialPooler: %s, %d active columns", engine.summary, engine.n_active)
        return engine

    def _learn(self, engine: Engine, X: Any, n_threads: int, callback: Callback | None) -> Self:
        def after_chunk(n_done: int, n_active: NDArray[np.int64]) -> bool:
            if self.verbose > 1:
                log("SpatialPooler: %d learning cycles", engine.n_cycles)
            if callback is None:
                return False
            event = LearningEvent(self, engine.n_cycles, n_done, X.shape[0], n_active)
            return wants_stop(callback(event))

        engine.learn(X, n_threads, after_chunk)
        return self

    def _compute_first(self, x: Any) -> NDArray[np.int32]:
        """Learn from one input, by which the pooler is drawn."""
        bits = one_input(x, self.input_shape)
        if bits.ndim != 1 or bits.size == 0:
            raise ValueError(
                f"x must be one input of shape (n_features,); got shape {np.shape(bits)}"
            )
        engine = self._draw(bits.size)
        active = engine.compute(bits)
        self._engine, self.n_features_in_ = engine, bits.size
        return active

    def _check_output(self) -> None:
        """Raise where codes are to be sparse and in a data frame, which is dense."""
        check_flag("sparse_output", self.sparse_output)
        own = getattr(self, "_sklearn_output_config", {}).get("transform")
        wanted = own or get_config()["transform_output"]
        if self.sparse_output and wanted != "default":
            raise ValueError(
                f"sparse_output must be False for output to {wanted}, which is dense; got True"
            )

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if self._engine is not None and name in DEFAULTS:
            self._engine.set_parameters(**{name: value})

    def __sklearn_is_fitted__(self) -> bool:
        return self._engine is not None

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def __getstate__(self) -> dict[str, Any]:
        engine = self._engine
        state: dict[str, Any] = dict(super().__getstate__())
        for name in ("_engine", "_lock"):
            state.pop(name, None)
        if engine is not None:
            described = engine.__getstate__()
            described["drawn"] = {name: described["parameters"][name] for name in sorted(DRAWN)}
            del described["parameters"]
            state |= {f"{name}_": value for name, value in described.items()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled state; ValueError where its arrays do not fit together."""
        of_engine = {
            name.removesuffix("_"): value
            for name, value in state.items()
            if name.endswith("_") and name not in ("n_features_in_", "feature_names_in_")
        }
        super().__setstate__({k: v for k, v in state.items() if k[:-1] not in of_engine})
        if of_engine:
            parameters = {name: getattr(self, name) for name in DEFAULTS}
            parameters |= of_engine.pop("drawn", {})
            lock = self._own_lock()
            self._engine = Engine.restored(parameters, of_engine, lock=lock, suffix="_")
