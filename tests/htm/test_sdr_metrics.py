"""Sparsity, activation frequency and overlap of SDRs, against sums over all values."""

import copy
import gc
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsp.htm import SDR, ActivationFrequency, Metrics, Overlap, Sparsity

KINDS = [Sparsity, ActivationFrequency, Overlap, Metrics]


def assign(sdr, *values):
    for on in values:
        sdr.sparse = on


def test_sparsity():
    sdr = SDR(1000)
    sparsity = Sparsity(sdr, 100)
    for share in (0.01, 0.15, 0.05):
        sdr.randomize(share)
    assert sparsity.sparsity == 0.05
    assert sparsity.min == sparsity.min() == 0.01
    assert sparsity.max == sparsity.max() == 0.15
    assert sparsity.mean == sparsity.mean() == pytest.approx(0.07, abs=1e-4)
    assert sparsity.std == sparsity.std() == pytest.approx(np.std([0.01, 0.15, 0.05]), abs=1e-4)
    assert sparsity.samples == 3


def test_activation_frequency():
    sdr = SDR((2, 2))
    frequency = ActivationFrequency(sdr, period=100)
    assign(sdr, [0, 3], [0, 1], [0], [0, 1])
    np.testing.assert_allclose(frequency.activationFrequency, [1, 0.5, 0, 0.25])
    assert frequency.min == frequency.min() == 0
    assert frequency.max == frequency.max() == 1
    assert frequency.mean == frequency.mean() == pytest.approx(7 / 16)
    assert frequency.std == frequency.std() == pytest.approx(np.std([1, 0.5, 0, 0.25]))
    quarter, mean = 0.25, 7 / 16
    bits = 1 - quarter * math.log2(quarter) - 0.75 * math.log2(0.75)
    most = -mean * math.log2(mean) - (1 - mean) * math.log2(1 - mean)
    assert frequency.entropy == frequency.entropy() == pytest.approx(bits / 4 / most)
    frequency.activationFrequency[:] = 7
    assert frequency.max == 1


def test_entropy_between_its_ends():
    sdr = SDR(4)
    frequency = ActivationFrequency(sdr, 1000)
    assert frequency.entropy == 0  # nothing counted
    assign(sdr, [0, 1, 2, 3])
    assert frequency.entropy == 0  # all always on
    frequency = ActivationFrequency(sdr, 1000)
    assign(sdr, [0, 1])
    assert frequency.entropy == 0  # each always or never
    assign(sdr, [2, 3])
    assert frequency.entropy == pytest.approx(1)  # all alike


def test_overlap():
    sdr = SDR(100)
    overlap = Overlap(sdr, 10)
    assign(sdr, range(10), range(5, 15), range(5, 25), [], [], [1])
    assert overlap.overlap == 0
    shares = [0.5, 0.5, 0, 1, 0]  # of the value that has more
    assert overlap.min == overlap.min() == 0
    assert overlap.max == overlap.max() == 1
    assert overlap.mean == overlap.mean() == pytest.approx(np.mean(shares))
    assert overlap.std == overlap.std() == pytest.approx(np.std(shares))


def test_overlap_with_moved_bits():
    sdr = SDR(10_000)
    overlap = Overlap(sdr, 1000)
    sdr.randomize(0.05)
    for fraction, common in ((0.95, 0.05), (0.55, 0.45), (0.72, 0.28)):
        sdr.addNoise(fraction)
        assert overlap.overlap == pytest.approx(common)
    assert overlap.mean() == pytest.approx(0.26, abs=1e-4)


def test_a_reset_begins_a_new_sequence():
    sdr = SDR(10)
    overlap, metrics = Overlap(sdr, 10), Metrics(sdr, 10)
    assign(sdr, [1], [1])
    overlap.reset()
    metrics.reset()
    assign(sdr, [2])
    assert overlap.overlap == metrics.overlap.overlap == 1
    assign(sdr, [3])
    assert overlap.min == metrics.overlap.min == 0
    assert overlap.mean == 0.5
    assert overlap.samples == 4


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(1, 10))
def test_averages_are_plain_and_then_exponential(shares, period):
    sdr = SDR(50)
    sparsity, frequency = Sparsity(sdr, period), ActivationFrequency(sdr, period)
    weights = np.zeros(0)
    seen = []
    for n, share in enumerate(shares, 1):
        sdr.randomize(share)
        seen.append(sdr.dense.copy())
        weight = 1 / min(n, period)
        weights = np.append(weights * (1 - weight), weight)
    values = np.array([bits.mean() for bits in seen])
    mean = weights @ values
    assert sparsity.mean == pytest.approx(mean, abs=1e-4)
    assert sparsity.std**2 == pytest.approx(weights @ (values - mean) ** 2, abs=1e-4)
    assert (sparsity.min, sparsity.max) == (min(values), max(values))
    np.testing.assert_allclose(frequency.activationFrequency, weights @ seen, atol=1e-12)
    assert frequency.mean == pytest.approx(mean, abs=1e-12)
    assert 0 <= frequency.entropy <= 1 + 1e-9
    assert frequency.max <= 1


def test_a_bit_that_is_always_on_is_on_in_all_values():
    sdr = SDR(3)
    frequency = ActivationFrequency(sdr, 7)
    for _ in range(1000):
        sdr.sparse = [1]
    assert frequency.max <= 1
    assert frequency.activationFrequency == pytest.approx([0, 1, 0])
    assert frequency.entropy == 0


def test_all_in_one():
    sdr = SDR((10, 10))
    parts = [kind(sdr, 5) for kind in KINDS[:3]]
    metrics = Metrics(sdr, period=5)
    for _ in range(20):
        sdr.randomize(0.1)
    for part, name in zip(parts, ("sparsity", "activationFrequency", "overlap"), strict=True):
        for figure in ("min", "max", "mean", "std"):
            assert getattr(getattr(metrics, name), figure) == getattr(part, figure)
    assert metrics.activationFrequency.entropy == parts[1].entropy
    assert metrics.samples == 20
    assert metrics.period == 5
    assert metrics.dimensions == [10, 10]


@pytest.mark.parametrize("kind", KINDS)
def test_given_values_count_as_assigned_ones(kind):
    sdr = SDR((4, 5))
    watching, fed = kind(sdr=sdr, period=3), kind([4, 5], period=3)
    for seed in range(1, 8):
        sdr.randomize(0.3, seed)
        fed.addData(SDR((4, 5)).randomize(0.3, seed))
    assert str(watching) == str(fed)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_refused(kind):
    sdr = SDR((4, 5)).randomize(0.5)
    for period in (0, -1):
        with pytest.raises(ValueError, match="period must be at least 1"):
            kind(sdr, period)
    for period in (None, 1.5, True):
        with pytest.raises(TypeError, match="period must be an integer"):
            kind(sdr, period)
    with pytest.raises(TypeError, match="give either dimensions or sdr"):
        kind(period=3)
    with pytest.raises(ValueError, match="dimensions must"):
        kind(0, 3)
    assert sdr._watchers == []

    fed = kind((4, 5), 3)
    with pytest.raises(ValueError, match=r"sdr must have dimensions \[4, 5\], got \[20\]"):
        fed.addData(SDR(20))
    with pytest.raises(TypeError, match=r"sdr must be an SDR, got numpy\.ndarray"):
        fed.addData(sdr.dense)
    watching = kind(sdr, 3)
    with pytest.raises(RuntimeError, match="sdr must be assigned to the SDR"):
        watching.addData(sdr)
    assert fed.samples == watching.samples == 0


@pytest.mark.parametrize("kind", KINDS)
def test_neither_keeps_the_other_alive(kind):
    sdr = SDR(10)
    metric, gone = kind(sdr, 5), kind(sdr, 5)
    sdr.randomize(0.5)
    del gone
    gc.collect()
    assert len(sdr._watchers) == 1
    before = str(metric)
    del sdr
    gc.collect()
    assert str(metric) == before


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_count_on_by_themselves(kind, copied):
    sdr = SDR(10)
    metric = kind(sdr, 5)
    for seed in (1, 2, 3):
        sdr.randomize(0.5, seed)
    other, before = copied(metric), str(metric)
    assert str(other) == before
    sdr.randomize(0.2, 4)
    assert str(other) == before
    other.addData(sdr)
    assert str(other) == str(metric)


def test_figures_are_read_or_called_and_pickled():
    figure = Sparsity(3, 1).min
    assert math.isnan(figure())
    assert type(figure()) is float
    sdr = SDR(4)
    figure = Sparsity(sdr, 1).max
    assert isinstance(figure, float)
    assert pickle.loads(pickle.dumps(figure))() == figure or math.isnan(figure)


@pytest.mark.parametrize("kind", [Sparsity, Overlap])
def test_nothing_counted(kind):
    metric = kind(3, 10)
    for name in ("min", "max", "mean", "std", kind.__name__.lower()):
        assert math.isnan(getattr(metric, name))


def test_the_table():
    sdr = SDR((2, 5))
    metrics = Metrics(sdr, 100)
    assert "nan" in str(metrics)
    assign(sdr, [1, 2], [2, 3])
    assert str(metrics).splitlines() == [
        "SDR( 2 5 )",
        "    Sparsity Min/Mean/Std/Max 0.2 / 0.199976 / 2.44156e-05 / 0.2",
        "    Activation Frequency Min/Mean/Std/Max 0 / 0.2 / 0.331662 / 1",
        "    Entropy 0.277036",
        "    Overlap Min/Mean/Std/Max 0.5 / 0.5 / 0 / 0.5",
    ]
    for part in (metrics.sparsity, metrics.activationFrequency, metrics.overlap):
        assert str(part).replace("\n", "\n    ") in str(metrics)


def test_figures_are_printed_with_the_roundings_that_programs_know():
    sdr = SDR(1000)
    sparsity = Sparsity(sdr, period=1000)
    for share in (0.01, 0.15, 0.05):
        sdr.randomize(share)
    assert str(sparsity) == "Sparsity Min/Mean/Std/Max 0.01 / 0.0700033 / 0.0588751 / 0.15"
    sdr = SDR(2000)
    overlap = Overlap(sdr, period=1000)
    sdr.randomize(0.2)
    for fraction in (0.95, 0.55, 0.72):
        sdr.addNoise(fraction)
    assert str(overlap) == "Overlap Min/Mean/Std/Max 0.05 / 0.260016 / 0.16389 / 0.45"
    sdr = SDR(2)
    frequency = ActivationFrequency(sdr, period=1000)
    for bits in ([0, 0], [1, 1], [0, 1]):
        sdr.dense = bits
    assert str(frequency).splitlines() == [
        "Activation Frequency Min/Mean/Std/Max 0.333333 / 0.5 / 0.166667 / 0.666667",
        "Entropy 0.918296",
    ]


def test_frequencies_begin_where_they_are_told_to():
    sdr = SDR(2)
    frequency = ActivationFrequency(sdr, 100, initialValue=0.02)
    assert frequency.activationFrequency.tolist() == [0.02, 0.02]
    sdr.sparse = [0]
    assert frequency.samples == 1
    np.testing.assert_allclose(frequency.activationFrequency, [0.02 * 0.99 + 0.01, 0.02 * 0.99])
    assert ActivationFrequency([2], 100, 0).max == 0
    assert ActivationFrequency([2], 100, 1).min == 1
    plain = ActivationFrequency(sdr, 100, -1)
    sdr.sparse = [1]
    assert plain.activationFrequency.tolist() == [0, 1]
    for wrong, kind in ((1.1, ValueError), (-0.5, ValueError), ("low", TypeError)):
        with pytest.raises(kind, match="initialValue must be"):
            ActivationFrequency(2, 100, wrong)


def test_a_reshaped_sdr_goes_on_being_counted():
    sdr = SDR((2, 5))
    metrics = Metrics(sdr, 100)
    sdr.reshape((5, 2)).randomize(0.5)
    sdr.flatten().randomize(0.5)
    assert metrics.samples == 2
