"""Parameters and arrays of a pooler, under the names by which programs get and set them."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.htm_rule import HtmEngine
from fastsp.htm.checks import (
    RefusedTypeError,
    RefusedValueError,
    as_array,
    check_count,
    check_flag,
    check_fraction,
    check_integer,
    check_number,
)

Edit = tuple[NDArray[np.uint32], NDArray[np.float32]]
WEAKEST = 1e-6
"""Strengths of boosting below this are none."""


class Settings:
    """What can be got and set of a pooler; `SpatialPooler` says how it is used.

    Arrays are those of all columns, (C,), or of all input bits, (N,), in any shape. Getters write
    into them and setters read from them; they are float32 or float64, and where they are counts or
    0 and 1, of any numbers.
    """

    _engine: HtmEngine
    _fixed: dict[str, Any]
    """What has no effect on a pooler that is drawn, and what it was drawn with"""
    _edits: dict[int, Edit]
    """Potential pools and permanences that wait to be put into the arrays, by their columns"""

    def getColumnDimensions(self) -> list[int]:
        """Return the grid of columns."""
        return list(self._engine.column_shape)

    def getInputDimensions(self) -> list[int]:
        """Return the grid of input bits."""
        return list(self._engine.input_shape)

    def getNumColumns(self) -> int:
        """Return the number C of columns."""
        return self._engine.n_columns

    def getNumInputs(self) -> int:
        """Return the number N of input bits."""
        return self._engine.n_inputs

    def getPotentialRadius(self) -> int:
        """Return half the side of the boxes that potential pools are drawn from."""
        return int(self._fixed["potentialRadius"])

    def setPotentialRadius(self, potentialRadius: int) -> None:
        """Set half the side of those boxes; pools that are drawn stay as they are."""
        self._fixed["potentialRadius"] = check_count("potentialRadius", potentialRadius, 0)

    def getPotentialPct(self) -> float:
        """Return the share of a box that is in a potential pool."""
        return float(self._fixed["potentialPct"])

    def setPotentialPct(self, potentialPct: float) -> None:
        """Set that share, in [0, 1]; pools that are drawn stay as they are."""
        self._fixed["potentialPct"] = check_fraction("potentialPct", potentialPct)

    def getGlobalInhibition(self) -> bool:
        """Return whether all columns compete, or each with its neighbourhood."""
        return bool(self._get("inhibition") == "global")

    def setGlobalInhibition(self, globalInhibition: bool) -> None:
        """Set whether all columns compete."""
        whole = check_flag("globalInhibition", globalInhibition)
        self._set(inhibition="global" if whole else "local")

    def getNumActiveColumnsPerInhArea(self) -> int:
        """Return the number of active columns in an area; 0 where a density is set."""
        return int(self._get("n_per_area") or 0)

    def setNumActiveColumnsPerInhArea(self, numActiveColumnsPerInhArea: int) -> None:
        """Set that number, at least 1, instead of the density."""
        name = "numActiveColumnsPerInhArea"
        self._set(n_per_area=check_count(name, numActiveColumnsPerInhArea, 1))

    def getLocalAreaDensity(self) -> float:
        """Return the wanted share of active columns; 0 where their number is set."""
        return 0.0 if self._get("n_per_area") else float(self._get("density"))

    def setLocalAreaDensity(self, localAreaDensity: float) -> None:
        """Set that share, above 0 and at most 1, instead of the number."""
        self._set(density=check_density(localAreaDensity), n_per_area=None)

    def getStimulusThreshold(self) -> int:
        """Return the smallest boosted overlap of an active column."""
        return int(self._get("stimulus_threshold"))

    def setStimulusThreshold(self, stimulusThreshold: int) -> None:
        """Set that overlap; so many synapses of a column are connected once it has learned."""
        self._set(stimulus_threshold=check_count("stimulusThreshold", stimulusThreshold, 0))

    def getInhibitionRadius(self) -> int:
        """Return the radius of neighbourhoods, in columns."""
        return int(self._get("inhibition_radius"))

    def setInhibitionRadius(self, inhibitionRadius: int) -> None:
        """Set the radius, until the next update round."""
        self._set(inhibition_radius=check_count("inhibitionRadius", inhibitionRadius, 0))

    def getDutyCyclePeriod(self) -> int:
        """Return the cycles that duty cycles are averaged over."""
        return int(self._get("duty_cycle_period"))

    def setDutyCyclePeriod(self, dutyCyclePeriod: int) -> None:
        """Set the number of those cycles, at least 1."""
        self._set(duty_cycle_period=check_count("dutyCyclePeriod", dutyCyclePeriod, 1))

    def getBoostStrength(self) -> float:
        """Return the strength of boosting."""
        return float(self._get("boost_strength"))

    def setBoostStrength(self, boostStrength: float) -> None:
        """Set the strength, at least 0; below 0.000001 nothing is boosted."""
        self._set(**boosting(boostStrength))

    def getIterationNum(self) -> int:
        """Return the number of cycles so far, learning or not."""
        return self._engine.n_iterations

    def setIterationNum(self, iterationNum: int) -> None:
        """Set the number of cycles so far."""
        self._engine.n_iterations = check_count("iterationNum", iterationNum, 0)

    def getIterationLearnNum(self) -> int:
        """Return the number of learning cycles so far."""
        return self._engine.n_cycles

    def setIterationLearnNum(self, iterationLearnNum: int) -> None:
        """Set the number of learning cycles so far."""
        self._engine.n_cycles = check_count("iterationLearnNum", iterationLearnNum, 0)

    def getSpVerbosity(self) -> int:
        """Return the verbosity, which has no effect."""
        return int(self._fixed["spVerbosity"])

    def setSpVerbosity(self, spVerbosity: int) -> None:
        """Set the verbosity, which has no effect."""
        self._fixed["spVerbosity"] = check_count("spVerbosity", spVerbosity, 0)

    def getWrapAround(self) -> bool:
        """Return whether opposite edges are neighbours."""
        return bool(self._get("wrap"))

    def setWrapAround(self, wrapAround: bool) -> None:
        """Set that for inhibition; pools that are drawn stay as they are."""
        self._set(wrap=check_flag("wrapAround", wrapAround))

    def getUpdatePeriod(self) -> int:
        """Return the cycles from one update round to the next."""
        return int(self._get("update_period"))

    def setUpdatePeriod(self, updatePeriod: int) -> None:
        """Set the number of those cycles, at least 1."""
        self._set(update_period=check_count("updatePeriod", updatePeriod, 1))

    def getSynPermActiveInc(self) -> float:
        """Return what learning adds to a permanence whose input bit is on."""
        return float(self._get("permanence_increment"))

    def setSynPermActiveInc(self, synPermActiveInc: float) -> None:
        """Set what it adds, in [0, 1]."""
        self._set(permanence_increment=check_fraction("synPermActiveInc", synPermActiveInc))

    def getSynPermInactiveDec(self) -> float:
        """Return what learning takes from a permanence whose input bit is off."""
        return float(self._get("permanence_decrement"))

    def setSynPermInactiveDec(self, synPermInactiveDec: float) -> None:
        """Set what it takes, in [0, 1]."""
        self._set(permanence_decrement=check_fraction("synPermInactiveDec", synPermInactiveDec))

    def getSynPermBelowStimulusInc(self) -> float:
        """Return what is added to all permanences of a weak column."""
        return float(self._get("weak_column_increment"))

    def setSynPermBelowStimulusInc(self, synPermBelowStimulusInc: float) -> None:
        """Set what is added, in [0, 1]."""
        increment = check_fraction("synPermBelowStimulusInc", synPermBelowStimulusInc)
        self._set(weak_column_increment=increment)

    def getSynPermConnected(self) -> float:
        """Return the permanence from which on synapses are connected."""
        return float(self._get("connected_threshold"))

    def getSynPermMax(self) -> float:
        """Return the largest permanence, 1."""
        return 1.0

    def getMinPctOverlapDutyCycles(self) -> float:
        """Return the share of the largest overlap duty cycle, below which a column is weak."""
        return float(self._get("weak_column_share"))

    def setMinPctOverlapDutyCycles(self, minPctOverlapDutyCycles: float) -> None:
        """Set that share, in [0, 1]; it counts from the next update round on."""
        share = check_fraction("minPctOverlapDutyCycles", minPctOverlapDutyCycles)
        self._set(weak_column_share=share)

    def getBoostFactors(self, boostFactors: NDArray[Any]) -> None:
        """Write the boost factors, (C,)."""
        self._write("boostFactors", boostFactors, self._engine.boost_factors)

    def setBoostFactors(self, boostFactors: NDArray[Any]) -> None:
        """Set the boost factors, (C,), until the next learning cycle."""
        self._engine.assign(boost_factors=self._read("boostFactors", boostFactors))

    def getOverlapDutyCycles(self, overlapDutyCycles: NDArray[Any]) -> None:
        """Write how often columns have had an overlap above 0, (C,)."""
        self._write("overlapDutyCycles", overlapDutyCycles, self._engine.overlap_duty_cycles)

    def setOverlapDutyCycles(self, overlapDutyCycles: NDArray[Any]) -> None:
        """Set the overlap duty cycles, (C,)."""
        values = self._read("overlapDutyCycles", overlapDutyCycles)
        self._engine.assign(overlap_duty_cycles=values.astype(np.float64))

    def getActiveDutyCycles(self, activeDutyCycles: NDArray[Any]) -> None:
        """Write how often columns have been active, (C,)."""
        self._write("activeDutyCycles", activeDutyCycles, self._engine.active_duty_cycles)

    def setActiveDutyCycles(self, activeDutyCycles: NDArray[Any]) -> None:
        """Set the active duty cycles, (C,); boost factors follow with the next learning cycle."""
        values = self._read("activeDutyCycles", activeDutyCycles)
        self._engine.assign(active_duty_cycles=values.astype(np.float64))

    def getMinOverlapDutyCycles(self, minOverlapDutyCycles: NDArray[Any]) -> None:
        """Write the overlap duty cycles below which columns are weak, (C,)."""
        minima = self._engine.min_overlap_duty_cycles
        self._write("minOverlapDutyCycles", minOverlapDutyCycles, minima)

    def setMinOverlapDutyCycles(self, minOverlapDutyCycles: NDArray[Any]) -> None:
        """Set those duty cycles, (C,), until the next update round."""
        values = self._read("minOverlapDutyCycles", minOverlapDutyCycles)
        self._engine.min_overlap_duty_cycles[:] = values

    def getPotential(self, column: int, potential: NDArray[Any]) -> None:
        """Write 1 for the input bits in the potential pool of a column, 0 for all others, (N,)."""
        target = self._target("potential", potential, self.getNumInputs(), "biuf")
        bits, _ = self._of_column(column)
        target[...] = 0
        target.flat[bits] = 1

    def setPotential(self, column: int, potential: NDArray[Any]) -> None:
        """Set the potential pool of a column: the input bits that are not 0 in an array (N,).

        Permanences of bits that stay are kept, those of new ones are 0.
        """
        given = self._source("potential", potential, self.getNumInputs(), "biuf")
        before, permanences = self._of_column(column)
        bits = np.flatnonzero(given).astype(np.uint32)
        if len(bits) > MOST:
            raise RefusedValueError(f"potential must hold at most {MOST} bits, got {len(bits)}")
        dense = np.zeros(self.getNumInputs(), np.float32)
        dense[before] = permanences
        self._edits[int(column)] = bits, dense[bits]

    def getPermanence(self, column: int, x: NDArray[Any], threshold: float = 0.0) -> list[float]:
        """Write the permanences of a column, (N,), and return them as a list.

        0 for input bits that are not in its potential pool, or whose permanence is below a
        threshold.
        """
        target = self._target("x", x, self.getNumInputs())
        least = np.float32(check_number("threshold", threshold))
        bits, values = self._of_column(column)
        target[...] = 0
        target.flat[bits] = np.where(values >= least, values, np.float32(0))
        listed: list[float] = target.ravel().tolist()
        return listed

    def setPermanence(self, column: int, permanences: NDArray[Any]) -> None:
        """Set the permanences of a column, (N,), clipped to [0, 1].

        Of input bits in its potential pool; others have none.
        """
        given = self._source("permanences", permanences, self.getNumInputs())
        bits, _ = self._of_column(column)
        values = np.clip(given[bits].astype(np.float32), np.float32(0), np.float32(1))
        self._edits[int(column)] = bits, values

    def getConnectedCounts(self, connectedCounts: NDArray[Any]) -> None:
        """Write how many synapses of each column are connected, (C,)."""
        target = self._target("connectedCounts", connectedCounts, self.getNumColumns(), "iuf")
        self._flush()
        arrays = self._engine.arrays
        connected = arrays["permanences"] >= self._engine.connected_from
        up_to = np.concatenate([[0], np.cumsum(connected)])
        target[...] = np.diff(up_to[arrays["indptr"]]).reshape(target.shape)

    def _get(self, name: str) -> Any:
        return self._engine.parameters[name]

    def _set(self, **parameters: Any) -> None:
        self._engine.set_parameters(**parameters)

    def _write(self, name: str, array: Any, values: NDArray[Any]) -> None:
        target = self._target(name, array, self.getNumColumns())
        target[...] = values.reshape(target.shape)

    def _read(self, name: str, array: Any) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):  # what is too large is infinite, and refused
            values = self._source(name, array, self.getNumColumns()).astype(np.float32)
        if not np.isfinite(values).all():
            raise RefusedValueError(f"{name} must be finite as float32")
        return values

    def _target(self, name: str, array: Any, n: int, kinds: str = "f") -> NDArray[Any]:
        target = _check_array(name, array, n, kinds)
        if not target.flags.writeable:
            raise RefusedValueError(f"{name} must be an array to write into, got a read-only one")
        return target

    def _source(self, name: str, array: Any, n: int, kinds: str = "f") -> NDArray[Any]:
        values = _check_array(name, array, n, kinds).ravel()
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise RefusedValueError(f"{name} must be finite")
        return values

    def _of_column(self, column: Any) -> Edit:
        """Return the potential pool of a column, and its permanences."""
        number = check_integer("column", column, 0)
        if number >= self.getNumColumns():
            raise RefusedValueError(f"column must be below {self.getNumColumns()}, got {column!r}")
        if number in self._edits:
            return self._edits[number]
        arrays = self._engine.arrays
        start, end = arrays["indptr"][number : number + 2]
        return arrays["indices"][start:end].astype(np.uint32), arrays["permanences"][start:end]

    def _flush(self) -> None:
        """Put pools and permanences that were set into the arrays."""
        if not self._edits:
            return
        engine, edits = self._engine, self._edits
        arrays = engine.arrays
        indptr = arrays["indptr"]
        same = all(
            np.array_equal(arrays["indices"][indptr[c] : indptr[c + 1]], bits)
            for c, (bits, _) in edits.items()
        )
        if same:
            permanences = arrays["permanences"].copy()
            for c, (_, values) in edits.items():
                permanences[indptr[c] : indptr[c + 1]] = values
            engine.assign(permanences=permanences)
        else:
            pools = [self._of_column(c) for c in range(engine.n_columns)]
            sizes = [len(bits) for bits, _ in pools]
            engine.assign(
                indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
                indices=np.concatenate([bits for bits, _ in pools]).astype(arrays["indices"].dtype),
                permanences=np.concatenate([values for _, values in pools]),
            )
        self._edits = {}


MOST = 65534


def check_density(density: Any) -> float:
    """Return a wanted share of active columns, above 0 and at most 1."""
    share = check_fraction("localAreaDensity", density)
    if share == 0:
        raise RefusedValueError("localAreaDensity must be above 0, got 0")
    return share


def boosting(strength: Any) -> dict[str, Any]:
    """Return the parameters of the engine that a strength of boosting means."""
    number = check_number("boostStrength", strength)
    if not 0 <= number < math.inf:
        raise RefusedValueError(f"boostStrength must be at least 0, got {strength!r}")
    return {"boost_strength": number, "boosting": None if number < WEAKEST else "exp"}


def _check_array(name: str, array: Any, n: int, kinds: str) -> NDArray[Any]:
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array, got {type(array).__name__}")
    if array.dtype.kind not in kinds or (kinds == "f" and array.dtype.itemsize not in (4, 8)):
        wanted = "float32 or float64" if kinds == "f" else "numbers"
        raise RefusedTypeError(f"{name} must be an array of {wanted}, got {array.dtype}")
    if array.size != n:
        raise RefusedValueError(f"{name} must hold {n} values, got {array.size}")
    return as_array(array, name)
