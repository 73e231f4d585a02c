"""`htm.SpatialPooler`: names, defaults, getters and setters, errors, and ways to keep a pooler."""

import copy
import inspect
import pickle
import threading

import numpy as np
import pytest
from sdrs import Log, run, small

import fastsp
from fastsp.engine.htm_rule import HtmEngine
from fastsp.htm import SDR, SpatialPooler, from_htm_core
from fastsp.htm.checks import RefusedValueError

F = np.float32


def trained(n=60, **parameters):
    sp = small(**({"boostStrength": 2.0, "localAreaDensity": 0.2} | parameters))
    run(sp, n)
    return sp


def test_signature_and_defaults_are_those_that_programs_expect():
    parameters = inspect.signature(SpatialPooler).parameters
    positional = {
        name: p.default for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD
    }
    assert positional == {
        "inputDimensions": (32, 32),
        "columnDimensions": (64, 64),
        "potentialRadius": 16,
        "potentialPct": 0.5,
        "globalInhibition": False,
        "localAreaDensity": 0.02,
        "numActiveColumnsPerInhArea": 0,
        "stimulusThreshold": 0,
        "synPermInactiveDec": 0.01,
        "synPermActiveInc": 0.1,
        "synPermConnected": 0.1,
        "minPctOverlapDutyCycle": 0.001,
        "dutyCyclePeriod": 1000,
        "boostStrength": 0.0,
        "seed": 1,
        "spVerbosity": 0,
        "wrapAround": True,
    }
    assert list(positional) == list(parameters)[:-1]
    assert list(inspect.signature(SpatialPooler.compute).parameters)[1:] == [
        "input",
        "learn",
        "output",
    ]
    sp = SpatialPooler()
    assert (sp.getInputDimensions(), sp.getColumnDimensions()) == ([32, 32], [64, 64])


def test_parameters_are_got_as_they_were_given():
    sp = SpatialPooler(30, 40, 7, 0.25, True, 0.1, 0, 2, 0.03, 0.07, 0.3, 0.2, 77, 1.5, 9, 1, False)
    assert sp.getInputDimensions() == [30]
    assert sp.getColumnDimensions() == [40]
    assert (sp.getNumInputs(), sp.getNumColumns()) == (30, 40)
    assert sp.getPotentialRadius() == 7
    assert sp.getPotentialPct() == 0.25
    assert sp.getGlobalInhibition() is True
    assert sp.getLocalAreaDensity() == 0.1
    assert sp.getNumActiveColumnsPerInhArea() == 0
    assert sp.getStimulusThreshold() == 2
    assert sp.getSynPermInactiveDec() == 0.03
    assert sp.getSynPermActiveInc() == 0.07
    assert sp.getSynPermConnected() == 0.3
    assert sp.getSynPermBelowStimulusInc() == pytest.approx(0.03)
    assert sp.getSynPermMax() == 1
    assert sp.getMinPctOverlapDutyCycles() == 0.2
    assert sp.getDutyCyclePeriod() == 77
    assert sp.getBoostStrength() == 1.5
    assert sp.getSpVerbosity() == 1
    assert sp.getWrapAround() is False
    assert sp.getUpdatePeriod() == 50
    assert sp.getInhibitionRadius() == 40
    assert (sp.getIterationNum(), sp.getIterationLearnNum()) == (0, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PotentialRadius", 5),
        ("PotentialPct", 0.75),
        ("GlobalInhibition", True),
        ("NumActiveColumnsPerInhArea", 3),
        ("LocalAreaDensity", 0.3),
        ("StimulusThreshold", 4),
        ("InhibitionRadius", 2),
        ("DutyCyclePeriod", 10),
        ("BoostStrength", 3.5),
        ("IterationNum", 12),
        ("IterationLearnNum", 11),
        ("SpVerbosity", 2),
        ("WrapAround", False),
        ("UpdatePeriod", 7),
        ("SynPermActiveInc", 0.2),
        ("SynPermInactiveDec", 0.2),
        ("SynPermBelowStimulusInc", 0.2),
        ("MinPctOverlapDutyCycles", 0.5),
    ],
)
def test_what_is_set_is_got_and_what_is_wrong_is_refused(name, value):
    sp = small()
    get, set_it = getattr(sp, f"get{name}"), getattr(sp, f"set{name}")
    set_it(value)
    assert get() == value
    assert type(get()) is type(value)
    run(sp, 3)
    now = get()
    for wrong in ("many", None, [1]):
        with pytest.raises(TypeError, match="must be"):
            set_it(wrong)
    if not isinstance(value, bool):
        with pytest.raises(ValueError, match="must be"):
            set_it(-1)
    if type(value) is int:
        with pytest.raises(ValueError, match="must be at most"):
            set_it(2**31)
    assert get() == now


def test_setting_the_density_unsets_the_number_and_the_other_way_round():
    sp = small(globalInhibition=True, numActiveColumnsPerInhArea=3)
    assert (sp.getNumActiveColumnsPerInhArea(), sp.getLocalAreaDensity()) == (3, 0)
    assert {len(won) for won in run(sp, 5)} == {3}
    sp.setLocalAreaDensity(0.25)
    assert (sp.getNumActiveColumnsPerInhArea(), sp.getLocalAreaDensity()) == (0, 0.25)
    assert {len(won) for won in run(sp, 5)} == {8}
    sp.setNumActiveColumnsPerInhArea(31)  # at most half of them
    assert (sp.getNumActiveColumnsPerInhArea(), sp.getLocalAreaDensity()) == (31, 0)
    assert {len(won) for won in run(sp, 5)} == {16}


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"inputDimensions": 0}, ValueError, "inputDimensions"),
        ({"columnDimensions": [2, -1]}, ValueError, "columnDimensions"),
        ({"columnDimensions": "many"}, TypeError, "columnDimensions"),
        ({"columnDimensions": [32]}, ValueError, "columnDimensions must have as many axes"),
        ({"potentialRadius": -1}, ValueError, "potentialRadius"),
        ({"potentialRadius": 1.5}, TypeError, "potentialRadius"),
        ({"potentialPct": 0}, ValueError, "potentialPct"),
        ({"potentialPct": 1.1}, ValueError, "potentialPct"),
        ({"globalInhibition": 2}, TypeError, "globalInhibition"),
        ({"localAreaDensity": 0.0}, ValueError, "localAreaDensity"),
        ({"localAreaDensity": float("nan")}, ValueError, "localAreaDensity"),
        ({"numActiveColumnsPerInhArea": -1}, ValueError, "numActiveColumnsPerInhArea"),
        ({"stimulusThreshold": -1}, ValueError, "stimulusThreshold"),
        ({"synPermInactiveDec": -0.1}, ValueError, "synPermInactiveDec"),
        ({"synPermActiveInc": 2}, ValueError, "synPermActiveInc"),
        ({"synPermConnected": "a"}, TypeError, "synPermConnected"),
        ({"minPctOverlapDutyCycle": -1}, ValueError, "minPctOverlapDutyCycle"),
        ({"dutyCyclePeriod": 0}, ValueError, "dutyCyclePeriod"),
        ({"dutyCyclePeriod": 2**31}, ValueError, "dutyCyclePeriod"),
        ({"boostStrength": -1}, ValueError, "boostStrength"),
        ({"boostStrength": float("inf")}, ValueError, "boostStrength"),
        ({"seed": "a"}, TypeError, "seed"),
        ({"spVerbosity": -1}, ValueError, "spVerbosity"),
        ({"wrapAround": None}, TypeError, "wrapAround"),
        ({"n_jobs": 0}, ValueError, "n_jobs"),
        ({"n_jobs": 1.5}, TypeError, "n_jobs"),
    ],
)
def test_parameters_out_of_range_are_refused_by_name(parameters, error, message):
    with pytest.raises(error, match=message):
        small(**parameters)


def test_seeds_draw_the_same_and_seeds_of_0_or_below_draw_one():
    assert small(seed=3) == small(seed=3)
    assert small(seed=3) != small(seed=4)
    assert small(seed=0) != small(seed=0)
    assert small(seed=-1) != small(seed=-1)


def test_pools_are_boxes_and_half_of_the_synapses_are_connected():
    sp = SpatialPooler((40, 40), (20, 20), 4, 0.5, synPermConnected=0.3, wrapAround=False)
    pool, permanences = np.zeros(1600, np.int32), np.zeros(1600, F)
    sp.getPotential(210, pool)
    rows, columns = np.nonzero(pool.reshape(40, 40))
    assert pool.sum() == 41  # half of 81, rounded up
    assert abs(rows - 21).max() <= 4  # column (10, 10) has its centre at 21
    assert abs(columns - 21).max() <= 4
    sp.getPotential(0, pool)
    assert pool.sum() == 18  # half of 6 by 6
    of_all, counts = [], np.zeros(400, np.uint32)
    sp.getConnectedCounts(counts)
    for column in range(400):
        sp.getPotential(column, pool)
        sp.getPermanence(column, permanences)
        of_all.append(permanences[pool > 0])
        assert (of_all[-1] >= F(0.3) - F(1e-6)).sum() == counts[column]
    of_all = np.concatenate(of_all)
    connected = of_all >= 0.3
    assert abs(connected.mean() - 0.5) < 0.02
    assert abs(of_all[connected].mean() - 0.65) < 0.01
    assert abs(of_all[~connected].mean() - 0.15) < 0.005


def test_pools_and_permanences_are_set_and_read_by_columns():
    sp = small()
    pool, permanences = np.zeros((6, 5), np.uint32), np.zeros((6, 5), np.float64)
    pool[2, 1:4] = 1
    permanences[2] = [0.3, 0.05, 0.5, 1.5, 0.9]
    sp.setPotential(5, pool)
    got = np.ones((6, 5), F)
    sp.getPermanence(5, got)
    sp.setPermanence(5, permanences)
    sp.setPermanence(6, np.zeros(30, F))
    for _ in range(2):  # before the arrays are made anew, and after
        read = np.full((6, 5), 7, np.int64)
        sp.getPotential(5, read)
        np.testing.assert_array_equal(read, pool)
        sp.getPermanence(5, got)
        wanted = np.zeros((6, 5), F)
        wanted[2, 1:4] = 0.05, 0.5, 1
        np.testing.assert_array_equal(got, wanted)
        sp.getPermanence(5, got, 0.5)
        wanted[2, 1] = 0
        np.testing.assert_array_equal(got, wanted)
        counts = np.zeros(32, np.int32)
        sp.getConnectedCounts(counts)
        assert counts[5:7].tolist() == [2, 0]
    pattern, active = SDR(30), SDR(32)
    pattern.sparse = [12, 13]
    overlaps = sp.compute(pattern, False, active)
    assert overlaps.dtype == np.uint16
    assert overlaps[5:7].tolist() == [2, 0]


def test_bits_that_stay_in_a_pool_keep_their_permanences():
    sp = small()
    pool, before, after = np.zeros(30, int), np.zeros(30, F), np.zeros(30, F)
    sp.getPotential(3, pool)
    sp.getPermanence(3, before)
    leaves, enters = np.flatnonzero(pool)[0], np.flatnonzero(pool == 0)[0]
    pool[leaves], pool[enters] = 0, 1
    sp.setPotential(3, pool)
    sp.getPermanence(3, after)
    before[leaves] = 0
    np.testing.assert_array_equal(before, after)
    sp.setPotential(3, np.zeros(30, int))
    assert run(sp, 3)


@pytest.mark.parametrize(
    "name", ["BoostFactors", "OverlapDutyCycles", "ActiveDutyCycles", "MinOverlapDutyCycles"]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_of_columns_are_set_and_read_in_float32(name, dtype):
    sp = small(globalInhibition=True)
    values = np.random.default_rng(0).random((8, 4)).astype(dtype)
    getattr(sp, f"set{name}")(values)
    got = np.zeros(32, dtype)
    getattr(sp, f"get{name}")(got)
    np.testing.assert_array_equal(got, values.astype(F).ravel())
    sp.compute(SDR(30), False, SDR(32))  # nothing changes
    getattr(sp, f"get{name}")(got)
    np.testing.assert_array_equal(got, values.astype(F).ravel())
    wrong = [
        (np.zeros(31, F), ValueError),
        (np.zeros(32, int), TypeError),
        (np.zeros(32, np.float16), TypeError),
        ([0.0] * 32, TypeError),
    ]
    for array, error in wrong:
        for method in (f"set{name}", f"get{name}"):
            with pytest.raises(error, match="must"):
                getattr(sp, method)(array)
    for value in (np.nan, np.inf, 1e300):
        with pytest.raises(ValueError, match="finite"):
            getattr(sp, f"set{name}")(np.full(32, value))
    got.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        getattr(sp, f"get{name}")(got)


def test_arrays_of_inputs_and_columns_out_of_range_are_refused():
    sp = small()
    for column, error in ((32, ValueError), (-1, ValueError), ("a", TypeError), (1.0, TypeError)):
        with pytest.raises(error, match="column"):
            sp.getPermanence(column, np.zeros(30, F))
    with pytest.raises(ValueError, match="permanences must hold 30"):
        sp.setPermanence(0, np.zeros(32, F))
    with pytest.raises(ValueError, match="finite"):
        sp.setPermanence(0, np.full(30, np.nan, F))
    with pytest.raises(TypeError, match="threshold"):
        sp.getPermanence(0, np.zeros(30, F), "low")
    with pytest.raises(TypeError, match="potential"):
        sp.setPotential(0, np.zeros(30, "U1"))
    assert sp == small()
    wide = SpatialPooler(70000, 3, 2, globalInhibition=True)
    with pytest.raises(ValueError, match="potential must hold at most"):
        wide.setPotential(0, np.ones(70000, bool))


def test_compute_takes_sdrs_of_the_right_size_and_gives_them_dimensions():
    sp = small()
    pattern, active = SDR(30).randomize(0.3, 1), SDR(32)
    log = Log()
    active._watch(log)
    sp.compute(input=pattern, learn=False, output=active)
    assert (pattern.dimensions, active.dimensions) == ([6, 5], [8, 4])
    assert log.seen == [active.sparse.tolist()]
    again = sp.compute(pattern)
    assert again.shape == (32,)
    assert sp.getIterationNum() == 2
    before = copy.deepcopy(sp)
    for arguments, error in (
        ((SDR(31), True, active), ValueError),
        ((pattern, True, SDR(31)), ValueError),
        ((np.zeros(30), True, active), TypeError),
        ((pattern, True, np.zeros(32)), TypeError),
        ((pattern, active), TypeError),
        ((pattern, None, active), TypeError),
        ((pattern, "no", active), TypeError),
    ):
        with pytest.raises(error, match="must be"):
            sp.compute(*arguments)
    for wrong in (active, [], 0.0, "False", 0, 1):
        with pytest.raises(TypeError, match="learn must be True or False, got"):
            sp.compute_many([pattern], wrong)
    assert sp == before
    sp.compute(pattern, np.bool_(False), active)
    assert (sp.getIterationNum(), sp.getIterationLearnNum()) == (3, 1)
    assert issubclass(RefusedValueError, RuntimeError)


def test_codes_stay_as_they_are_when_the_pooler_goes_on():
    sp = trained(0)
    active = SDR(32)
    overlaps = sp.compute(SDR(30).randomize(0.3, 1), True, active)
    kept, seen = active.sparse, overlaps.copy()
    copied = kept.copy()
    run(sp, 5)
    np.testing.assert_array_equal(kept, copied)
    np.testing.assert_array_equal(overlaps, seen)


def test_boosted_overlaps_are_those_of_the_last_cycle():
    sp = trained(50)
    factors = np.zeros(32, F)
    sp.getBoostFactors(factors)
    overlaps = sp.compute(SDR(30).randomize(0.5, 3), True, SDR(32))
    np.testing.assert_array_equal(sp.getBoostedOverlaps(), overlaps * factors)
    plain = small()
    assert plain.getBoostedOverlaps().tolist() == [0] * 32
    overlaps = plain.compute(SDR(30).randomize(0.5, 3))
    np.testing.assert_array_equal(plain.getBoostedOverlaps(), overlaps)


def test_no_column_is_active_where_the_share_of_one_is_less_than_one():
    sp = small(globalInhibition=True, localAreaDensity=0.01)
    assert run(sp, 3) == [[], [], []]
    assert sp.compute_many(np.ones((4, 30)), learn=True).nnz == 0
    assert sp.compute_many(np.ones((4, 30)), learn=False).nnz == 0
    local = small(localAreaDensity=0.001)
    local.setInhibitionRadius(1)
    assert run(local, 3) == [[], [], []]


def test_many_inputs_come_as_arrays_matrices_or_sdrs():
    import scipy.sparse

    X = np.random.default_rng(0).random((9, 30)) < 0.2
    found = [trained().compute_many(form) for form in (X, scipy.sparse.csr_matrix(X), X * 7.5)]
    for codes in found:
        assert codes.dtype == np.uint8
        assert codes.shape == (9, 32)
        assert (codes != found[0]).nnz == 0
    assert trained().compute_many([]) == []
    assert trained().compute_many(X[:0]).shape == (0, 32)
    sdrs = trained().compute_many([SDR((6, 5)).randomize(0.2, 1)] * 2)
    assert [sdr.dimensions for sdr in sdrs] == [[8, 4]] * 2
    sp = trained()
    for wrong in ([SDR(30), SDR(31)], np.zeros((3, 31)), np.zeros(30), [SDR(30), 3]):
        with pytest.raises((ValueError, TypeError)):
            sp.compute_many(wrong)
    assert sp == trained()


def ways_to_keep(sp, folder):
    sp.saveToFile(folder / "saved", "PORTABLE")
    from_file = SpatialPooler([2], [3])
    from_file.loadFromFile(file=str(folder / "saved"), fmt="JSON")
    from_string, from_bytes = SpatialPooler([2], [3]), SpatialPooler([2], [3])
    from_string.loadFromString(sp.writeToString())
    from_bytes.loadFromString((folder / "saved").read_bytes())
    fastsp.save(sp, folder / "kept")
    return [
        from_file,
        from_string,
        from_bytes,
        fastsp.load(folder / "kept"),
        fastsp.load(folder / "saved"),
        pickle.loads(pickle.dumps(sp)),
        copy.copy(sp),
        copy.deepcopy(sp),
    ]


@pytest.mark.parametrize("is_global", [True, False])
def test_kept_poolers_go_on_as_the_one_that_was_kept(tmp_path, is_global):
    sp = trained(73, globalInhibition=is_global, minPctOverlapDutyCycle=0.4)
    sp.setUpdatePeriod(9)
    sp.setSpVerbosity(1)
    sp.setPermanence(1, np.full(30, 0.4, F))
    kept = ways_to_keep(sp, tmp_path)
    for other in kept:
        assert other == sp
        assert str(other) == str(sp)
    wanted = run(sp, 30, seed=2)
    for other in kept:
        assert other != sp
        assert run(other, 30, seed=2) == wanted
        assert other == sp


def test_what_is_no_pooler_is_not_loaded(tmp_path):
    sp = trained()
    before = copy.deepcopy(sp)
    fastsp.save(fastsp.SpatialPooler((5,)).initialize(7), tmp_path / "other")
    (tmp_path / "binary").write_bytes(b"SpatialPooler\x00\x01" * 99)
    for name in ("other", "binary"):
        with pytest.raises(fastsp.ModelFileError, match=r"Files of htm\.core .*from_htm_core"):
            sp.loadFromFile(tmp_path / name)
        with pytest.raises(fastsp.ModelFileError, match=r"string: no htm\.SpatialPooler"):
            sp.loadFromString((tmp_path / name).read_bytes())
    whole = sp.writeToString()
    assert isinstance(whole, str)
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        with pytest.raises(fastsp.ModelFileError):
            sp.loadFromString(whole[:cut])
    with pytest.raises(OSError, match="missing"):
        sp.loadFromFile(tmp_path / "missing")
    for text in ("text", "\N{SNOWMAN}", ""):
        with pytest.raises(fastsp.ModelFileError, match="string: no"):
            sp.loadFromString(text)
    with pytest.raises(TypeError, match="string must be text or bytes"):
        sp.loadFromString(None)
    for method in (sp.saveToFile, sp.loadFromFile):
        with pytest.raises(ValueError, match="fmt must be one of BINARY, PORTABLE, JSON, XML, got"):
            method(tmp_path / "other", "YAML")
    assert sp == before


@pytest.mark.parametrize(
    "change",
    [
        {"n_iterations": -1},
        {"min_overlap_duty_cycles": np.zeros(3)},
        {"min_overlap_duty_cycles": np.full(32, np.nan)},
        {"indptr": np.zeros(3, np.int64)},
    ],
)
def test_states_that_do_not_fit_are_refused(change):
    state = trained().__getstate__()
    state["engine"] |= change
    with pytest.raises(ValueError, match=next(iter(change))):
        SpatialPooler.__new__(SpatialPooler).__setstate__(state)


def test_equality_and_text():
    sp = trained()
    assert sp == trained()
    assert sp != trained(59)
    assert sp != small()
    assert sp != 3
    changed = trained()
    changed.setPotentialPct(0.9)
    assert sp != changed
    assert "columnDimensions           = [8, 4]" in str(sp)
    assert repr(sp) == str(sp)
    with pytest.raises(TypeError):
        hash(sp)


class Foreign:
    """What `from_htm_core` asks of a pooler: its getters, which round to single precision."""

    def __init__(self, sp):
        self._sp = sp

    def __getattr__(self, name):
        if not name.startswith("get"):
            raise AttributeError(name)
        method = getattr(self._sp, name)

        def get(*arguments):
            value = method(*arguments)
            return float(F(value)) if isinstance(value, float) else value

        return get


@pytest.mark.parametrize(
    "parameters",
    [
        {"globalInhibition": True},
        {"minPctOverlapDutyCycle": 0.3, "synPermConnected": 0.2},
        {"numActiveColumnsPerInhArea": 3, "stimulusThreshold": 2, "wrapAround": False},
    ],
)
def test_a_pooler_of_htm_core_is_taken_over_by_its_getters(parameters):
    theirs = trained(77, **parameters)
    theirs.setUpdatePeriod(13)
    ours = from_htm_core(Foreign(theirs))
    assert str(ours) == str(theirs)
    assert run(ours, 40, seed=2) == run(theirs, 40, seed=2)
    for name in ("ActiveDutyCycles", "OverlapDutyCycles", "MinOverlapDutyCycles", "BoostFactors"):
        mine, others = np.zeros(32, F), np.zeros(32, F)
        getattr(ours, f"get{name}")(mine)
        getattr(theirs, f"get{name}")(others)
        np.testing.assert_array_equal(mine, others)


def test_an_estimator_goes_on_in_the_same_way_where_it_can():
    sp = trained(80, globalInhibition=True, boostStrength=0.0, minPctOverlapDutyCycle=0.0, seed=5)
    estimator = sp.to_estimator()
    assert estimator.n_cycles_ == 80
    X = np.random.default_rng(1).random((200, 30)) < 0.2
    codes = [estimator.compute(x).tolist() for x in X]
    assert [code.indices.tolist() for code in sp.compute_many(X)] == codes
    np.testing.assert_array_equal(sp._engine.permanences, estimator.permanences_)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({}, "inhibition is local"),
        ({"globalInhibition": True}, "columns are boosted"),
        ({"minPctOverlapDutyCycle": 0.1}, "weak columns are raised"),
        ({"stimulusThreshold": 1}, "stimulusThreshold raises"),
        ({"globalInhibition": True, "localAreaDensity": 0.001}, "no column can be active"),
    ],
)
def test_an_estimator_that_would_learn_otherwise_says_why(parameters, reason):
    with pytest.raises(ValueError, match=reason):
        trained(**parameters).to_estimator()


def test_threads_take_turns():
    sp, n = trained(0), 200
    patterns = [SDR((6, 5)).randomize(0.2, i + 1) for i in range(n)]
    threads = [
        threading.Thread(target=lambda: [sp.compute(p, True, SDR(32)) for p in patterns])
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sp.getIterationNum() == sp.getIterationLearnNum() == 3 * n
    duty_cycles = np.zeros(32)
    sp.getActiveDutyCycles(duty_cycles)
    assert np.isfinite(duty_cycles).all()


def test_the_engine_refuses_what_the_classic_rule_does_not_know():
    for name, value, error in (
        ("inhibition", "gaussian", ValueError),
        ("boosting", "log", ValueError),
        ("segments", 2, ValueError),
        ("batch_size", 3, ValueError),
        ("overlap", "share", ValueError),
        ("initial_connected", 1.5, ValueError),
        ("initial_connected", "half", TypeError),
        ("update_period", 0, ValueError),
        ("n_per_area", 0, ValueError),
        ("column", 1, TypeError),
    ):
        with pytest.raises(error, match=name):
            HtmEngine(9, **{"column_shape": (5,), "input_shape": (9,), name: value})


def test_the_engine_draws_any_share_of_connected_synapses():
    for share in (0.0, 0.3, 1.0):
        engine = HtmEngine(
            400, column_shape=(50,), initial_connected=share, connected_threshold=0.2
        )
        assert abs((engine.permanences >= 0.2).mean() - share) < 0.02
        assert engine.compute(np.ones(400, np.uint8)).size == 1
        engine.learn(np.ones((60, 400), np.uint8))
        assert (engine.n_cycles, engine.n_iterations) == (61, 61)


def test_modules_have_no_other_names():
    import fastsp.htm.algorithms

    for module in (fastsp.htm, fastsp.htm.algorithms):
        with pytest.raises(AttributeError, match="has no attribute 'TemporalMemory'"):
            module.TemporalMemory  # noqa: B018
    assert "SpatialPooler" in dir(fastsp.htm)
