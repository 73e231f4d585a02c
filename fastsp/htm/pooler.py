"""The Spatial Pooler under the names of htm.core: a face on `fastsp.engine.htm_rule`."""

import math
import os
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.htm_rule import HtmEngine
from fastsp.engine.packing import as_matrix, check_inputs
from fastsp.htm.checks import (
    Dimensions,
    RefusedValueError,
    check_count,
    check_dimensions,
    check_flag,
    check_fraction,
    check_integer,
    check_jobs,
    check_learn,
)
from fastsp.htm.connections import Connections
from fastsp.htm.representation import SDR
from fastsp.htm.settings import boosting, check_density
from fastsp.htm.stored import Stored
from fastsp.htm.views import as_sdr, axes_of, give, is_sdr

if TYPE_CHECKING:
    from fastsp.pooler import SpatialPooler as Estimator


class SpatialPooler(Stored):
    """A Spatial Pooler as programs written against htm.core know it.

    Each column has a potential pool of input bits, and sees those that it is connected to. The
    columns that see the most on-bits are active and learn. Of equal columns that of the higher
    index wins; under local inhibition, columns have their turn in ascending order.

    Parameters
    ----------
    inputDimensions, columnDimensions : int or sequence of int
        The grids of input bits and of columns, with as many axes.
    potentialRadius : int
        Potential pools are drawn from boxes of half this side about a column's centre.
    potentialPct : float in (0, 1]
        Share of the box that is in the pool.
    globalInhibition : bool
        Whether all columns compete, or each with the columns around it, as far as the spread of
        connected synapses reaches on average.
    localAreaDensity : float in (0, 1]
        Wanted share of active columns.
    numActiveColumnsPerInhArea : int
        Above 0: the wanted number of active columns in the area of inhibition, instead.
    stimulusThreshold : int
        The smallest boosted overlap of an active column. Where fewer synapses of a column are
        connected when it has been drawn or has learned, all its permanences are raised.
    synPermInactiveDec, synPermActiveInc : float in [0, 1]
        What learning takes from permanences whose input bit is off, and adds where it is on.
    synPermConnected : float in [0, 1]
        A synapse is connected from this permanence on, or one that is 0.000001 smaller.
    minPctOverlapDutyCycle : float in [0, 1]
        Columns whose overlap duty cycle is below this share of the largest around them are weak:
        all their permanences rise by a tenth of `synPermConnected` in each learning cycle.
    dutyCyclePeriod : int
        Cycles that duty cycles are averaged over, once there have been as many.
    boostStrength : float
        Boost factors are exp(boostStrength (target - active duty cycle)). The target is the
        density, or under local inhibition the mean duty cycle of the neighbourhood.
    seed : int
        Draws potential pools and permanences; one that is 0 or below is drawn itself.
    spVerbosity : int
        Has no effect.
    wrapAround : bool
        Whether opposite edges are neighbours.
    n_jobs : int, optional
        Threads of `compute_many`: 1 if None, all of the machine if -1. Results do not depend on it.

    Raises
    ------
    TypeError, ValueError
        Where a parameter is of another type, or out of its range.

    Examples
    --------
    >>> pooler = SpatialPooler((100,), (256,), potentialRadius=100, globalInhibition=True)
    >>> pattern, active = SDR(100).randomize(0.1, seed=1), SDR(256)
    >>> overlaps = pooler.compute(pattern, True, active)
    >>> overlaps.shape, active.getSum()
    ((256,), 5)
    """

    def __init__(
        self,
        inputDimensions: Dimensions = (32, 32),
        columnDimensions: Dimensions = (64, 64),
        potentialRadius: int = 16,
        potentialPct: float = 0.5,
        globalInhibition: bool = False,
        localAreaDensity: float = 0.02,
        numActiveColumnsPerInhArea: int = 0,
        stimulusThreshold: int = 0,
        synPermInactiveDec: float = 0.01,
        synPermActiveInc: float = 0.1,
        synPermConnected: float = 0.1,
        minPctOverlapDutyCycle: float = 0.001,
        dutyCyclePeriod: int = 1000,
        boostStrength: float = 0.0,
        seed: int = 1,
        spVerbosity: int = 0,
        wrapAround: bool = True,
        *,
        n_jobs: int | None = None,
    ) -> None:
        inputs = check_dimensions(inputDimensions, "inputDimensions")
        columns = check_dimensions(columnDimensions, "columnDimensions")
        if len(inputs) != len(columns):
            raise RefusedValueError(
                f"columnDimensions must have as many axes as inputDimensions, {len(inputs)}; "
                f"got {list(columns)}"
            )
        number = check_count("numActiveColumnsPerInhArea", numActiveColumnsPerInhArea, 0)
        density = {"n_per_area": number} if number else {"density": check_density(localAreaDensity)}
        share = check_fraction("potentialPct", potentialPct)
        if share == 0:
            raise RefusedValueError("potentialPct must be above 0, got 0")
        connected = check_fraction("synPermConnected", synPermConnected)
        radius = check_count("potentialRadius", potentialRadius, 0)
        own_seed = seed if check_integer("seed", seed, -(2**64)) > 0 else secrets.randbits(32)
        self._n_jobs = check_jobs(n_jobs)
        self._fixed = {
            "potentialRadius": radius,
            "potentialPct": share,
            "spVerbosity": check_count("spVerbosity", spVerbosity, 0),
        }
        self._edits = {}
        whole = check_flag("globalInhibition", globalInhibition)
        parameters: dict[str, Any] = {
            "column_shape": columns,
            "input_shape": inputs,
            "receptive_field": "box",
            "potential_radius": radius,
            "potential_fraction": share,
            "wrap": check_flag("wrapAround", wrapAround),
            "inhibition": "global" if whole else "local",
            "stimulus_threshold": check_count("stimulusThreshold", stimulusThreshold, 0),
            "permanence_increment": check_fraction("synPermActiveInc", synPermActiveInc),
            "permanence_decrement": check_fraction("synPermInactiveDec", synPermInactiveDec),
            "connected_threshold": connected,
            "weak_column_share": check_fraction("minPctOverlapDutyCycle", minPctOverlapDutyCycle),
            "weak_column_increment": float(np.float32(connected) / np.float32(10)),
            "duty_cycle_period": check_count("dutyCyclePeriod", dutyCyclePeriod, 1),
            "threshold": 0,
            **density,
            **boosting(boostStrength),
        }
        random = np.random.default_rng(int(own_seed))
        self._use(HtmEngine(int(np.prod(inputs)), random_state=random, **parameters))

    def compute(self, input: SDR, learn: bool = True, output: SDR | None = None) -> NDArray[Any]:
        """Run one cycle on an input, and learn from it if told so.

        Parameters
        ----------
        input : SDR
            Of as many bits as the pooler has inputs; it is given the pooler's dimensions.
        learn : bool
        output : SDR, optional
            Takes the active columns; it is given the dimensions of the columns. Both may be SDRs of
            another kind, as of `SDR`. These are given dimensions where they have a method
            `reshape`, and take the columns by their attribute `sparse`, or else `dense`.

        Returns
        -------
        (C,) uint16
            The overlap of each column: how many of its connected synapses see an on-bit.

        Raises
        ------
        TypeError, ValueError
            Where an SDR is none, or of another size, or `learn` is not True or False; nothing
            changes then.
        """
        engine = self._engine
        learn = check_learn(learn)
        seen = as_sdr(input, "input")
        differs = _differ("input", seen._dimensions, engine.input_shape)
        if output is not None and _differ("output", axes_of(output, "output"), engine.column_shape):
            _reshape(output, engine.column_shape)
        if differs:
            _reshape(input, engine.input_shape)
        if self._edits:
            self._flush()
        active = self._cycle(seen._flat(), learn)
        if type(output) is SDR:  # the way of nearly all, without a detour
            output._take(active)
        elif output is not None:
            give(output, active)
        return self._overlaps.copy()

    def compute_many(self, inputs: Any, learn: bool = True) -> Any:
        """Run one cycle on each of many inputs, in order: the same as one by one, and faster.

        Parameters
        ----------
        inputs : sequence of SDR, or (n, N) array or sparse matrix
            Of a matrix, what is above 0 is on.
        learn : bool

        Returns
        -------
        list of SDR, or (n, C) CSR matrix, uint8
            The active columns of each input, in the form in which inputs came.

        Raises
        ------
        TypeError, ValueError
            Where an input is none, or of another size, or `learn` is not True or False; nothing
            changes then.
        """
        engine = self._engine
        learn = check_learn(learn)
        as_sdrs = isinstance(inputs, Sequence) and all(map(is_sdr, inputs))
        if as_sdrs:
            rows: Any = np.zeros((len(inputs), engine.n_inputs), np.uint8)
            for row, sdr in zip(rows, inputs, strict=True):
                own = as_sdr(sdr, "inputs")
                _differ("inputs", own._dimensions, engine.input_shape)
                row[:] = own._flat()
        else:
            rows = check_inputs(inputs, engine.n_inputs)
        self._flush()
        n = rows.shape[0]
        # The last one by itself, of which boosted overlaps are asked.
        run = engine.learn_all if learn else engine.infer
        indices, counts = run(rows[: max(n - 1, 0)], _n_threads(self._n_jobs))
        if n:
            last = rows[n - 1 :]
            last = last if isinstance(last, np.ndarray) else last.toarray()
            active = self._cycle((last[0] > 0).astype(np.uint8), learn)
            indices = np.concatenate([indices, active])
            counts = np.append(counts, len(active))
        if not as_sdrs:
            return as_matrix(indices, counts, engine.n_columns).astype(np.uint8)
        found = []
        for part in np.split(indices, np.cumsum(counts)[:-1]) if n else ():
            sdr = SDR(engine.column_shape)
            sdr._take(part.copy())
            found.append(sdr)
        return found

    def getBoostedOverlaps(self) -> NDArray[np.float32]:
        """Return the overlaps of the last cycle times boost factors, (C,) float32; 0 before any."""
        overlaps = self._overlaps.astype(np.float32)
        with np.errstate(over="ignore"):  # what is too large is infinite
            return overlaps if self._factors is None else overlaps * self._factors

    @property
    def connections(self) -> Connections:
        """The synapses as they are now, to be read."""
        self._flush()
        return Connections(self._engine.arrays, self._engine.connected_from)

    def to_estimator(self) -> "Estimator":
        """Return a `fastsp.SpatialPooler` in the same state, which goes on in the same way.

        Raises
        ------
        ValueError
            Where that learns by another rule; the message says in what.
        """
        from fastsp.htm.moving import to_estimator

        return to_estimator(self)

    def _cycle(self, bits: NDArray[Any], learn: bool) -> NDArray[np.int32]:
        engine = self._engine
        # Learning changes boost factors in place.
        boosts = engine.parameters["boosting"] is not None
        factors = engine.arrays["boost_factors"].astype(np.float32) if boosts else None
        active, self._overlaps = engine.cycle(bits, learn)
        self._factors = factors
        return active

    def __str__(self) -> str:
        shown = {
            name: getattr(self, f"get{name[0].upper()}{name[1:]}")()
            for name in (
                *("inputDimensions", "columnDimensions", "potentialRadius", "potentialPct"),
                *("globalInhibition", "localAreaDensity", "numActiveColumnsPerInhArea"),
                *("stimulusThreshold", "synPermInactiveDec", "synPermActiveInc"),
                *("synPermConnected", "minPctOverlapDutyCycles", "dutyCyclePeriod"),
                *("boostStrength", "wrapAround", "inhibitionRadius", "updatePeriod"),
                *("iterationNum", "iterationLearnNum"),
            )
        }
        width = max(map(len, shown))
        lines = (f"  {name:{width}} = {value}" for name, value in shown.items())
        return "\n".join(["SpatialPooler", *lines])

    __repr__ = __str__


def _differ(name: str, axes: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Return whether dimensions are other than those wanted; refuse them if of another size."""
    if axes == wanted:
        return False
    size, given = math.prod(wanted), math.prod(axes)
    if given != size:
        raise RefusedValueError(f"{name} must be an SDR of {size} bits, got {given}")
    return True


def _reshape(sdr: Any, shape: tuple[int, ...]) -> None:
    if hasattr(sdr, "reshape"):  # no SDR need have it
        sdr.reshape(shape)


def _n_threads(n_jobs: int | None) -> int:
    """Return how many threads are meant: 1 for None, all of the machine but some below 0."""
    if n_jobs is None:
        return 1
    return n_jobs if n_jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + n_jobs)
