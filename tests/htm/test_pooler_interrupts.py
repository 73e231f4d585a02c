"""What Ctrl-C leaves of a pooler: one that goes on as if nothing had happened."""

import copy

import numpy as np
import pytest
from sdrs import run, small

from fastsp.engine.binding import Binding
from fastsp.htm import SDR


def pooler():
    sp = small(boostStrength=2.0, localAreaDensity=0.2, minPctOverlapDutyCycle=0.5)
    sp.setUpdatePeriod(10)
    run(sp, 9)
    return sp


def interrupt(monkeypatch, name):
    """Have Ctrl-C handled when a kernel ends, once."""
    whole = getattr(Binding, name)

    def interrupted(*arguments):
        whole(*arguments)
        monkeypatch.setattr(Binding, name, whole)
        raise KeyboardInterrupt

    monkeypatch.setattr(Binding, name, interrupted)


@pytest.mark.parametrize("goes_on", ["one by one", "many", "inferring", "copied"])
def test_the_update_round_after_an_interrupted_cycle_is_made_up_for(goes_on, monkeypatch):
    sp, undisturbed, x = pooler(), pooler(), SDR(30).randomize(0.3, 7)
    undisturbed.compute(x, True)
    interrupt(monkeypatch, "compute_both")
    with pytest.raises(KeyboardInterrupt):
        sp.compute(x, True)
    assert sp.getIterationNum() == 10
    if goes_on == "copied":
        sp = copy.deepcopy(sp)
    X = np.random.default_rng(0).random((30, 30)) < 0.3
    if goes_on == "many":
        assert (sp.compute_many(X) != undisturbed.compute_many(X)).nnz == 0
    if goes_on == "inferring":
        assert (sp.compute_many(X, False) != undisturbed.compute_many(X, False)).nnz == 0
    assert run(sp, 15, seed=3) == run(undisturbed, 15, seed=3)
    assert sp == undisturbed


def test_an_interrupted_chunk_counts_what_it_has_learned(monkeypatch):
    sp, undisturbed = pooler(), pooler()
    X = np.random.default_rng(0).random((31, 30)) < 0.3
    interrupt(monkeypatch, "run")
    with pytest.raises(KeyboardInterrupt):
        sp.compute_many(X)
    assert sp.getIterationNum() == 10  # up to the update round
    undisturbed.compute_many(X[:1])
    assert run(sp, 15, seed=3) == run(undisturbed, 15, seed=3)
    assert sp == undisturbed


def test_learning_within_learning_is_refused():
    sp = pooler()
    with sp._engine.lock.learning(), pytest.raises(RuntimeError, match="learning"):
        sp.compute(SDR(30), True)
