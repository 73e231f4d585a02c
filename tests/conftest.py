"""What all tests share."""

import signal

import pytest


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_handled():
    # A job in the background of a shell ignores SIGINT, and so does each process that it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
