"""The studio without any web: what it trains, what it shows, and that nobody holds it up."""

import copy
import logging
from concurrent.futures import CancelledError
from dataclasses import replace

import numpy as np
import pytest

from fastsp.demo.curve import MOST, Curve
from fastsp.demo.exam import Exam
from fastsp.demo.session import Session
from fastsp.demo.settings import Settings, choices
from fastsp.demo.stream import DigitStream
from fastsp.demo.studio import Studio
from fastsp.demo.variant import Variant
from fastsp.experiments.mnist.presets import PRESETS
from fastsp.experiments.mnist.training import Training
from tests.demo.studios import SMALL, ask, open_studio, settle, train, wait_for
from tests.tiny_mnist import make_digits

DIGITS = make_digits()


@pytest.fixture
def studio():
    with open_studio() as studio:
        ask(studio, lambda: None)
        yield studio


def view(studio, session=None, of=0):
    session = session or Session(studio)
    return ask(studio, session.picture).views[of]


def test_the_pooler_is_that_of_the_experiment_bit_for_bit(studio):
    train(studio, 450)  # more than two epochs
    cycles, learner = ask(
        studio, lambda: (studio.variants[0].cycles, copy.deepcopy(studio.variants[0].shown))
    )
    training = Training(replace(SMALL, cycles=cycles), DIGITS)
    training.run()
    assert (learner.permanences_ == training.pooler.permanences_).all()
    assert (learner.active_duty_cycles_ == training.pooler.active_duty_cycles_).all()


@pytest.mark.parametrize("labels", [4, 2])
def test_scores_of_ridge_regression_are_shown_from_0_to_1(labels):
    train, test = DIGITS.train_labels < labels, DIGITS.test_labels < labels
    digits = replace(
        DIGITS,
        train_images=DIGITS.train_images[train],
        train_labels=DIGITS.train_labels[train],
        test_images=DIGITS.test_images[test],
        test_labels=DIGITS.test_labels[test],
    )
    config = replace(SMALL, readout="ridge")
    read = Exam(config, digits)(config.build_pooler(digits.image_shape))
    bits = config.build_encoder(digits.test_images).transform(digits.test_images)
    shown = np.array([read.probabilities(one) for one in bits])
    assert shown.shape == (len(bits), labels)
    assert shown.min() >= 0
    assert shown.max() <= 1
    found = read.classifier.classes_[shown.argmax(axis=1)]
    assert (found == digits.test_labels).mean() > 0.8


def test_a_stream_is_cut_anywhere_and_copied():
    some, others = DigitStream(SMALL, DIGITS), DigitStream(SMALL, DIGITS)
    whole = some.take(330)
    parts = [others.take(7), others.take(190)]
    again = others.copy()
    assert (np.concatenate([*parts, others.take(133)]) == whole).all()
    assert (again.take(133) == whole[-133:]).all()


def test_a_picture_is_what_trace_says(studio):
    train(studio, 100)
    session = Session(studio)
    session.select(17)
    seen = view(studio, session)

    def compare():
        pooler = studio.variants[0].shown
        trace = pooler.trace(seen.bits)
        for name in ("overlaps", "boosted", "inhibited", "active"):
            assert (getattr(seen, name) == getattr(trace, name)).all()
        assert seen.field.permanences.tolist() == (
            pooler.permanences_[slice(*pooler.indptr_[17:19])].tolist()
        )
        assert seen.field.boost_factor == pooler.boost_factors_[17]
        readout = studio.variants[0].readout
        code = pooler.transform(seen.bits.reshape(1, -1))
        scores = readout.classifier.predict_log_proba(code)[0] / readout.temperature
        expected = np.exp(scores) / np.exp(scores).sum()
        assert seen.probabilities == pytest.approx(expected)

    ask(studio, compare)
    assert seen.cycles == seen.readout_cycles
    assert seen.probabilities.sum() == pytest.approx(1)
    assert seen.stands_for.shape == seen.bits.shape


def test_a_picture_is_of_one_moment_while_the_pooler_learns(studio):
    ask(studio, lambda: studio.run(True))
    session = Session(studio)

    def compare():
        seen = session.picture().views[0]
        assert (studio.variants[0].shown.trace(seen.bits).boosted == seen.boosted).all()
        return seen.cycles

    cycles = [ask(studio, compare) for _ in range(20)]
    assert cycles == sorted(cycles)
    assert cycles[-1] > cycles[0]


def test_inhibition_and_boosting_act_at_once_side_by_side(studio):
    train(studio, 200)
    before = view(studio)
    ask(studio, lambda: studio.compare(True))
    ask(studio, lambda: studio.change(1, "inhibition", "global"))
    ask(studio, lambda: studio.change(1, "boosting", "none"))
    first, second = (view(studio, of=of) for of in (0, 1))
    assert (first.active == before.active).all()
    assert (second.overlaps == before.overlaps).all()
    assert (second.inhibited == second.boosted).all()
    assert set(second.active) != set(first.active)
    assert second.boosted.max() < second.overlaps.max() + 0.01  # a tie-breaker more
    assert second.settings == first.settings | {"inhibition": "global", "boosting": "none"}
    settle(studio)
    ask(studio, lambda: studio.run(True))
    train(studio, 300)
    assert view(studio, of=1).cycles >= 300
    ask(studio, lambda: studio.compare(False))
    ask(studio, lambda: studio.change(1, "inhibition", "local"))  # another page was late
    assert len(studio.variants) == 1


def test_variants_that_differ_in_nothing_learn_the_same(studio):
    train(studio, 100)
    ask(studio, lambda: studio.compare(True))
    train(studio, 400)

    def compare():
        first, second = (variant.shown for variant in studio.variants)
        n = second.n_cycles_ - first.n_cycles_
        behind, ahead = studio.variants[:: 1 if n >= 0 else -1]
        behind.shown.partial_fit(behind._stream.take(abs(n))) if n else None
        return (behind.shown.permanences_ == ahead.shown.permanences_).all()

    assert ask(studio, compare)


def test_the_untrained_pooler_stays_what_it_was(studio):
    drawn = view(studio)
    train(studio, 300)
    trained = view(studio)
    ask(studio, lambda: studio.change(0, "pooler", "untrained"))
    assert (view(studio).overlaps == drawn.overlaps).all()
    assert (trained.overlaps != drawn.overlaps).any()
    ask(studio, lambda: studio.change(0, "pooler", "trained"))
    assert (view(studio).overlaps == trained.overlaps).all()
    ask(studio, studio.reset)
    assert (view(studio).overlaps == drawn.overlaps).all()
    assert view(studio).cycles == 0


def test_other_input_bits_ask_for_a_new_pooler(studio):
    train(studio, 100)
    ask(studio, lambda: studio.change(0, "channels", "on"))
    seen = view(studio)
    assert seen.bits.shape == (144,)
    assert seen.cycles == 0
    train(studio, 50)
    assert view(studio).accuracy > 0.5


def test_columns_that_are_rubbed_out_are_replaced(studio):
    train(studio, 200)
    before = view(studio)
    ask(studio, lambda: studio.switch(0, before.active, on=False))
    after = view(studio)
    assert after.off.tolist() == before.active.tolist()
    assert not np.isin(after.active, before.active).any()
    assert len(after.active) == len(before.active)
    assert after.is_stale
    settle(studio)
    assert not view(studio).is_stale
    ask(studio, lambda: studio.switch(0, before.active, on=True))
    assert (view(studio).active == before.active).all()


def test_the_curve_begins_untrained_and_goes_on(studio):
    settle(studio)
    train(studio, 200)
    curve = view(studio).curve
    assert curve[0, 0] == 0
    assert curve[-1, 0] == view(studio).cycles
    assert (np.diff(curve[:, 0]) > 0).all()
    assert ((curve[:, 1:] >= 0) & (curve[:, 1:] <= 1)).all()


def test_a_pooler_learns_by_itself_at_first():
    with open_studio(first_cycles=400) as studio:
        wait_for(lambda: ask(studio, lambda: studio.variants[0].cycles) >= 400)
        settle(studio)
        seen = ask(studio, Session(studio).picture)
        assert not seen.is_running
        curve = seen.views[0].curve
        assert {0, 100, 300} <= set(curve[:, 0])  # where accuracy rises most
        ask(studio, studio.reset)
        settle(studio)
        assert view(studio).cycles == 0


def test_who_pauses_or_trains_decides_from_there_on():
    with open_studio(first_cycles=1_000_000) as studio:
        ask(studio, lambda: studio.run(False))
        cycles = ask(studio, lambda: studio.variants[0].cycles)
        settle(studio)
        assert ask(studio, lambda: studio.variants[0].cycles) == cycles
        train(studio, cycles + 500)


def test_a_curve_is_bounded_and_keeps_its_ends():
    curve = Curve()
    for cycles in range(10 * MOST):
        curve.add(cycles, 0.5, 0.5)
    points = curve.points()
    assert len(points) <= MOST
    assert points[0, 0] == 0
    assert points[-1, 0] == 10 * MOST - 1
    assert (np.diff(points[:, 0]) > 0).all()


def test_what_fails_is_told_and_can_be_begun_anew(studio, monkeypatch, caplog):
    def fail(self):
        raise MemoryError("no room")

    with monkeypatch.context() as patch, caplog.at_level(logging.CRITICAL, "fastsp"):
        patch.setattr(Variant, "learn", fail)
        ask(studio, lambda: studio.run(True))
        assert wait_for(lambda: ask(studio, lambda: studio.failure)) == "no room"
    shown = ask(studio, Session(studio).picture)
    assert shown.failure == "no room"
    assert not shown.is_running
    ask(studio, studio.reset)
    train(studio, 50)
    assert ask(studio, Session(studio).picture).failure == ""


def test_what_is_asked_of_a_closed_studio_is_cancelled():
    with open_studio() as studio:
        ask(studio, lambda: studio.run(True))
    assert not studio._thread.is_alive()
    with pytest.raises(CancelledError):
        studio.ask(lambda: None).result(1)


def test_an_error_of_who_asks_is_theirs(studio):
    with pytest.raises(ZeroDivisionError):
        ask(studio, lambda: 1 / 0)
    for name, value in (("inhibition", "grouped"), ("colour", "red")):
        with pytest.raises(ValueError, match="must be one of"):
            ask(studio, lambda name=name, value=value: studio.change(0, name, value))
    train(studio, 50)


def test_labels_that_no_readout_can_learn_are_refused():
    digits = make_digits()
    digits.test_labels[0] = 9
    with pytest.raises(ValueError, match="labels of training images"):
        Studio(SMALL, digits)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_begin_with_a_choice_that_is_offered(preset):
    settings = Settings.of(PRESETS[preset])
    offered = choices(PRESETS[preset])
    assert all(value in offered[name] for name, value in settings.as_dict().items())
    assert settings.configure(PRESETS[preset]) == PRESETS[preset]


def test_noise_adds_up_and_shifts_are_whole_pixels(studio):
    session = Session(studio)
    image = DIGITS.test_images[3]
    session.draw(image)
    session.disturb(0.0, 2, -3)
    shifted = session.image().reshape(12, 12)
    assert (shifted[:9, 2:] == image.reshape(12, 12)[3:, :10]).all()
    assert not shifted[9:].any()
    assert not shifted[:, :2].any()
    session.disturb(0.1, 0, 0)
    few = session.image() != image
    session.disturb(0.3, 0, 0)
    many = session.image() != image
    assert few.sum() == 14
    assert many.sum() == 43
    assert many[few].all()


def test_an_image_without_ink_has_no_on_bits(studio):
    session = Session(studio)
    session.draw(np.zeros(144, np.uint8))
    assert view(studio, session).bits.tolist() == [0, 1] * 144


@pytest.mark.parametrize(
    "act",
    [
        lambda session: session.draw(np.zeros(143, np.uint8)),
        lambda session: session.disturb(0.6, 0, 0),
        lambda session: session.disturb(-0.1, 0, 0),
        lambda session: session.disturb(0.1, 13, 0),
        lambda session: session.disturb(0.1, 0, -13),
        lambda session: session.select(256),
        lambda session: session.select(-1),
    ],
)
def test_what_cannot_be_shown_is_refused_and_changes_nothing(studio, act):
    session = Session(studio)
    session.disturb(0.2, 1, 1)
    before = session.image()
    with pytest.raises(ValueError, match=r"^(image|noise|right|down|column) must"):
        act(session)
    assert (session.image() == before).all()
