"""Recorded runs of htm.core, held stretch by stretch.

Each file holds the parameters of a pooler, its inputs and potential pools, the winners and overlaps
of every cycle, and its state before some of the cycles. A stretch is set up by the setters and runs
to the next state. The files here hold a few stretches of longer runs. Those are used where the
environment variable FASTSP_HTM_TRAJECTORIES names their folder.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from fastsp.htm import SDR, SpatialPooler

FOLDER = Path(os.environ.get("FASTSP_HTM_TRAJECTORIES", Path(__file__).parent / "trajectories"))
FILES = sorted(FOLDER.glob("*.npz"))
F = np.float32
OF_COLUMNS = {
    "ActiveDutyCycles": "active_duty_cycles",
    "OverlapDutyCycles": "overlap_duty_cycles",
    "MinOverlapDutyCycles": "min_overlap_duty_cycles",
    "BoostFactors": "boost_factors",
}


def load(file):
    with np.load(file) as loaded:
        run = dict(loaded)
    if "snapshot_permanences_xor" in run:
        # Each state with the one before, first bytes first, which compresses better.
        planes = run.pop("snapshot_permanences_xor").transpose(1, 2, 0)
        bits = np.ascontiguousarray(planes).view(np.uint32)[..., 0]
        run["snapshot_permanences"] = np.bitwise_xor.accumulate(bits).view(F)
    return run


def restore(sp, run, state):
    """Set the pooler to a recorded state, by its setters."""
    pools, permanences = np.zeros((2, sp.getNumInputs()), F)
    for column, (start, end) in enumerate(zip(run["indptr"], run["indptr"][1:], strict=False)):
        bits = run["indices"][start:end]
        pools[:] = 0
        pools[bits] = 1
        sp.setPotential(column, pools)
        permanences[bits] = run["snapshot_permanences"][state][start:end]
        sp.setPermanence(column, permanences)
    for name, recorded in OF_COLUMNS.items():
        getattr(sp, f"set{name}")(run[f"snapshot_{recorded}"][state])
    sp.setInhibitionRadius(int(run["snapshot_inhibition_radius"][state]))
    sp.setIterationNum(int(run["snapshot_iteration"][state]))
    sp.setIterationLearnNum(int(run["snapshot_iteration_learn"][state]))


def inputs_of(run, parameters):
    n = int(np.prod(parameters["inputDimensions"]))
    return np.unpackbits(run["inputs"], axis=1)[:, :n]


def winners_of(run, cycle):
    return run["winners"][slice(*run["winners_indptr"][cycle : cycle + 2])].tolist()


def difference(sp, run, parameters, state):
    """Run a stretch one by one; return what differs first, None where nothing does."""
    X = inputs_of(run, parameters)
    first = int(run["snapshot_cycle"][state])
    last = int(run["snapshot_cycle"][state + 1])
    pattern, active = SDR(parameters["inputDimensions"]), SDR(parameters["columnDimensions"])
    for cycle in range(first, last):
        pattern.dense = X[cycle]
        overlaps = sp.compute(pattern, bool(run["learn"][cycle]), active)
        if not np.array_equal(overlaps, run["overlaps"][cycle]):
            return f"overlaps of cycle {cycle}"
        others = set(active.sparse.tolist()) ^ set(winners_of(run, cycle))
        if others:
            boosted = sp.getBoostedOverlaps()
            question = ", ".join(f"column {c}: {boosted[c]!r}" for c in sorted(others))
            return f"winners of cycle {cycle}, boosted overlaps in question: {question}"
    return state_difference(sp, run, state + 1)


def state_difference(sp, run, state):
    permanences = np.empty(sp.getNumInputs(), F)
    for column, (start, end) in enumerate(zip(run["indptr"], run["indptr"][1:], strict=False)):
        sp.getPermanence(column, permanences)
        wanted = run["snapshot_permanences"][state][start:end]
        if not np.array_equal(permanences[run["indices"][start:end]], wanted):
            return f"permanences of column {column} in state {state}"
    if sp.getInhibitionRadius() != run["snapshot_inhibition_radius"][state]:
        return f"inhibition radius in state {state}"
    for name, recorded in OF_COLUMNS.items():
        values = np.empty(sp.getNumColumns(), F)
        getattr(sp, f"get{name}")(values)
        exact = name != "BoostFactors"  # where exponentials differ in the last bit
        tolerance = 0 if exact else 1.2e-7
        np.testing.assert_allclose(values, run[f"snapshot_{recorded}"][state], tolerance)
    assert sp.getIterationNum() == run["snapshot_iteration"][state]
    assert sp.getIterationLearnNum() == run["snapshot_iteration_learn"][state]
    return None


def n_allowed(parameters, n_stretches):
    """Return in how many stretches the last bit of an exponential may decide otherwise."""
    return n_stretches // 5 if parameters.get("boostStrength", 0) else 0


@pytest.mark.parametrize("layout", ["rows", "words", "lists"])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_stretch_of_a_recorded_run_is_the_same(file, layout):
    run = load(file)
    parameters = json.loads(str(run["params"]))
    found = {}
    for state in range(len(run["snapshot_cycle"]) - 1):
        sp = SpatialPooler(**parameters)
        sp._engine.set_parameters(overlap_index=layout)
        restore(sp, run, state)
        found[state] = difference(sp, run, parameters, state)
    different = {state: what for state, what in found.items() if what}
    print(f"{file.stem}: {len(found) - len(different)} of {len(found)} stretches, {different}")
    assert len(different) <= n_allowed(parameters, len(found)), different


@pytest.mark.parametrize("layout", ["rows", "words", "lists"])
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_recorded_run_is_the_same_by_threads_and_many_inputs_at_once(
    file, n_jobs, layout, monkeypatch
):
    def n_learning(pooler, n_threads, n):  # even where it does not pay
        return n_threads if pooler.can_be_shared else 1

    monkeypatch.setattr("fastsp.engine.htm_rule.n_learning", n_learning)
    run = load(file)
    parameters = json.loads(str(run["params"]))
    X = inputs_of(run, parameters)
    different = {}
    states = range(len(run["snapshot_cycle"]) - 1)
    for state in states:
        sp = SpatialPooler(**parameters, n_jobs=n_jobs)
        sp._engine.set_parameters(overlap_index=layout)
        restore(sp, run, state)
        start, last = run["snapshot_cycle"][state : state + 2]
        while start < last:
            learns = run["learn"][start]
            end = start + 1
            while end < last and run["learn"][end] == learns:
                end += 1
            codes = sp.compute_many(X[start:end], bool(learns))
            for cycle, code in zip(range(start, end), codes, strict=True):
                if code.indices.tolist() != winners_of(run, cycle):
                    different.setdefault(state, f"winners of cycle {cycle}")
            start = end
        if state not in different and (what := state_difference(sp, run, state + 1)):
            different[state] = what
    assert len(different) <= n_allowed(parameters, len(states)), different


def test_the_runs_are_there():
    assert len(FILES) >= 8
