"""Learning goes on without end: neither the state nor memory drifts."""

from dataclasses import replace

import pytest

from stress import long_run


@pytest.mark.parametrize("boosting", ["log", "exp"])
def test_a_hundred_thousand_cycles_stay_with_the_reference(boosting):
    marks = long_run.run(boosting, 100_000)
    assert [mark.n_cycles for mark in marks] == list(range(10_000, 100_001, 10_000))
    long_run.check(marks)


def test_drift_is_told():
    (mark,) = long_run.run("log", 10_000)
    drifted = replace(mark, distances=mark.distances | {"permanences": 2e-3})
    with pytest.raises(AssertionError, match=r"permanences are 2\.0e-03 away after 10,000 cycles"):
        long_run.check([drifted])
    with pytest.raises(AssertionError, match="the process grew by 5,000,000 bytes"):
        long_run.check([mark, mark, replace(mark, memory=mark.memory + 5_000_000)])
