"""Models on their way: from htm.core, and poolers to the estimator of fastsp."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastsp.htm.classifier import Classifier
from fastsp.htm.pooler import SpatialPooler
from fastsp.htm.predictor import Predictor

if TYPE_CHECKING:
    from fastsp.pooler import SpatialPooler as Estimator

_SET_AFTERWARDS = (
    *("InhibitionRadius", "UpdatePeriod", "SynPermBelowStimulusInc", "IterationNum"),
    "IterationLearnNum",
)
_OF_COLUMNS = ("BoostFactors", "OverlapDutyCycles", "ActiveDutyCycles", "MinOverlapDutyCycles")


def from_htm_core(model: Any) -> Any:
    """Return a model in the state of one of the installed htm.core, which goes on as that would.

    Parameters
    ----------
    model : SpatialPooler, Classifier or Predictor of htm.bindings.algorithms
        Poolers are asked by their getters. Classifiers and predictors write JSON by `saveToFile`,
        into a file that is gone afterwards.

    Returns
    -------
    SpatialPooler, Classifier or Predictor

    Raises
    ------
    TypeError
        Where `model` is none of these.
    AttributeError
        Where a getter is missing.
    ValueError, TypeError, KeyError
        Where what it says of itself is out of range, or not what htm.core says.
    """
    if hasattr(model, "getInputDimensions"):
        return _pooler(model)
    if not (hasattr(model, "infer") and hasattr(model, "saveToFile")):
        raise TypeError(f"model must be one of htm.core, got {type(model).__name__}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.json")
        model.saveToFile(str(path), "JSON")
        state = json.loads(path.read_text())
    return (
        _predictor(state)
        if "steps" in state
        else Classifier.restored(state, {"weights": _weights(state)})
    )


def _predictor(state: Any) -> Predictor:
    of_steps = {each["key"]: each["value"] for each in state["classifiers"]}
    arrays = {f"weights_{step}": _weights(each) for step, each in of_steps.items()}
    records = zip(state["recordNumHistory"], state["patternHistory"], strict=True)
    header = {"steps": state["steps"], "alpha": of_steps[state["steps"][0]]["alpha"], "records": []}
    for number, pattern in records:
        header["records"].append([number, pattern["dimensions"]])
        arrays[f"record_{number}"] = np.array(pattern["sparse"], np.uint32)
    return Predictor.restored(header, arrays)


def _weights(state: Any) -> NDArray[np.float64]:
    weights = np.array(state["weights"], np.float64)
    return weights.reshape(state["dimensions"], state["numCategories"])


def _pooler(sp: Any) -> SpatialPooler:
    pooler = SpatialPooler(
        inputDimensions=[int(n) for n in sp.getInputDimensions()],
        columnDimensions=[int(n) for n in sp.getColumnDimensions()],
        potentialRadius=int(sp.getPotentialRadius()),
        potentialPct=_decimal(sp.getPotentialPct()),
        globalInhibition=bool(sp.getGlobalInhibition()),
        localAreaDensity=_decimal(sp.getLocalAreaDensity()) or 0.5,
        numActiveColumnsPerInhArea=int(sp.getNumActiveColumnsPerInhArea()),
        stimulusThreshold=int(sp.getStimulusThreshold()),
        synPermInactiveDec=_decimal(sp.getSynPermInactiveDec()),
        synPermActiveInc=_decimal(sp.getSynPermActiveInc()),
        synPermConnected=_decimal(sp.getSynPermConnected()),
        minPctOverlapDutyCycle=_decimal(sp.getMinPctOverlapDutyCycles()),
        dutyCyclePeriod=int(sp.getDutyCyclePeriod()),
        boostStrength=_decimal(sp.getBoostStrength()),
        spVerbosity=int(sp.getSpVerbosity()),
        wrapAround=bool(sp.getWrapAround()),
    )
    n_inputs, n_columns = pooler.getNumInputs(), pooler.getNumColumns()
    potential = np.zeros(n_inputs, np.uint32)
    permanences = np.zeros(n_inputs, np.float32)
    for column in range(n_columns):
        sp.getPotential(column, potential)
        pooler.setPotential(column, potential)
        sp.getPermanence(column, permanences, 0.0)
        pooler.setPermanence(column, permanences)
    of_columns = np.zeros(n_columns, np.float32)
    for name in _OF_COLUMNS:
        getattr(sp, f"get{name}")(of_columns)
        getattr(pooler, f"set{name}")(of_columns)
    for name in _SET_AFTERWARDS:
        value = getattr(sp, f"get{name}")()
        getattr(pooler, f"set{name}")(value if isinstance(value, int) else _decimal(value))
    return pooler


def _decimal(value: Any) -> float:
    """Return the shortest decimal number that is the same in float32."""
    return float(str(np.float32(value)))


def to_estimator(pooler: SpatialPooler) -> "Estimator":
    """See `SpatialPooler.to_estimator`."""
    from fastsp.pooler import SpatialPooler as Estimator

    state = pooler.__getstate__()["engine"]
    p, n_columns = state["parameters"], pooler.getNumColumns()
    engine = pooler._engine
    n_active = engine.n_active_globally
    reasons = {
        "inhibition is local, in which equal columns have another order": not (
            pooler.getGlobalInhibition()
        ),
        "columns are boosted, by duty cycles that begin at 0": p["boosting"] is not None,
        "weak columns are raised, by minima that hold for a while": p["weak_column_share"] > 0
        or state["min_overlap_duty_cycles"].any(),
        "stimulusThreshold raises permanences of columns that learn": p["stimulus_threshold"] > 0,
        "no column can be active": n_active == 0,
    }
    against = [reason for reason, holds in reasons.items() if holds]
    if against:
        raise ValueError(f"fastsp.SpatialPooler learns by another rule here: {'; '.join(against)}")
    estimator = Estimator(
        p["column_shape"],
        input_shape=p["input_shape"],
        receptive_field="box",
        potential_radius=p["potential_radius"],
        potential_fraction=p["potential_fraction"],
        wrap=p["wrap"],
        density=n_active / n_columns,
        boosting=None,
        duty_cycle_period=float(p["duty_cycle_period"]),
        permanence_increment=p["permanence_increment"],
        permanence_decrement=p["permanence_decrement"],
        connected_threshold=float(engine.connected_from),
        n_jobs=pooler._n_jobs,
    ).initialize(pooler.getNumInputs())
    ascending = np.arange(n_columns) / n_columns * 0.01
    names = ("indptr", "indices", "permanences", "active_duty_cycles", "boost_factors")
    kept = {name: state[name] for name in names}
    estimator.assign(tie_breakers=ascending.astype(np.float32), **kept)
    assert estimator._engine is not None
    estimator._engine.n_cycles = pooler.getIterationLearnNum()
    return estimator
