"""Accuracy against seconds."""

import pytest

from fastsp.experiments import EXPERIMENTS, PRESETS, tsetlin
from fastsp.experiments.pareto import OTHERS, TSETLIN, front
from fastsp.experiments.spread import Spread
from fastsp.report.pareto import accuracy_against_seconds
from tests.tiny_experiments import run_quick


def test_the_front_is_what_nothing_beats_in_both():
    accuracy = {"a": 0.9, "b": 0.8, "c": 0.95, "d": 0.95, "e": 0.7}
    cost = {"a": 2.0, "b": 3.0, "c": 9.0, "d": 5.0, "e": 1.0}
    assert front(accuracy, cost) == ["e", "a", "d"]


def test_all_presets_take_part():
    assert set(PRESETS) <= set(EXPERIMENTS["pareto"].full.poolers)


def test_a_package_that_is_missing_is_skipped_with_a_word(monkeypatch):
    monkeypatch.setattr(tsetlin, "is_installed", lambda: False)
    result = run_quick("pareto", [0])
    assert set(result.summary()) == {"small", "small, softmax", *OTHERS} - {TSETLIN}
    assert "not installed" in result.metrics()["details"][TSETLIN]
    assert "No Tsetlin machine" in result.found()[1]
    for measures in result.summary().values():
        assert measures["seconds"].mean > 0
        assert 0 < measures["accuracy"].mean <= 1


def test_a_tsetlin_machine_tells_strokes_apart():
    pytest.importorskip("green_tsetlin")
    measures = run_quick("pareto", [0]).summary()[TSETLIN]
    assert measures["accuracy"].mean > 0.5


def test_models_that_lie_close_together_have_names_that_can_be_read():
    places = {"slow": (0.5, 300.0), "one model": (0.98, 10.0), "another model": (0.981, 11.0)}
    places |= {"a third model": (0.982, 12.5), "a model much like it": (0.9825, 13.0)}
    summary = {
        name: {"accuracy": Spread(a, a - 0.001, a + 0.001), "seconds": Spread(s, s, s)}
        for name, (a, s) in places.items()
    }
    axes = accuracy_against_seconds(summary, ["one model"], ["one model", "slow"]).axes[0]
    names = [text for text in axes.texts if text.get_text()]
    assert {text.get_text() for text in names} == set(places)
    boxes = [text.get_window_extent() for text in names]
    for i, box in enumerate(boxes):
        assert box.count_overlaps(boxes[:i]) == 0
        assert axes.bbox.x0 < box.x0
        assert box.x1 < axes.bbox.x1
