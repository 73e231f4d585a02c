"""Accuracy against seconds."""

import pytest

from fastsp.experiments import EXPERIMENTS, PRESETS, tsetlin
from fastsp.experiments.pareto import OTHERS, TSETLIN, front
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
