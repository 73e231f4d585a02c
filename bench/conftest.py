"""What all suites share: the option `--quick`, and a contest run under pytest-benchmark."""

from collections.abc import Callable
from typing import Any

import pytest

from bench.configurations import Configuration
from bench.contest import FULL, QUICK, Contest, Effort, Task, prepare


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="fewer and shorter turns")


@pytest.fixture
def effort(request: pytest.FixtureRequest) -> Effort:
    return QUICK if request.config.getoption("--quick") else FULL


@pytest.fixture
def hold_contest(benchmark: Any, effort: Effort) -> Callable[[Configuration, Task], None]:
    """Time fastsp's turns at a task, the baseline's in between, and keep the record."""

    def hold(configuration: Configuration, task: Task) -> None:
        pair = prepare(configuration, effort.n_checked)
        contest = Contest(pair, task, effort.seconds)
        benchmark.group = task.name
        benchmark.pedantic(contest.fastsp.turn, setup=contest.let_baseline, rounds=effort.n_rounds)
        benchmark.extra_info.update(contest.record())

    return hold
