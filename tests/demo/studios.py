"""A small studio for tests, and ways to wait for it."""

import contextlib
import threading
import time
from dataclasses import replace

from fastsp.demo.guard import Names
from fastsp.demo.serve import build_server
from fastsp.demo.studio import Studio
from fastsp.experiments.digits import QUICK
from tests.tiny_mnist import make_digits

SMALL = replace(QUICK, inhibition="gaussian", checkpoints=0)
PATIENCE = 120
"""Seconds until a test that waits has failed: kernels may have to be compiled."""


@contextlib.contextmanager
def open_studio(config=SMALL, data=None, **options):
    studio = Studio(config, data or make_digits(), **{"seconds_between_readouts": 0.0, **options})
    studio.start()
    try:
        yield studio
    finally:
        studio.close(PATIENCE)


def ask(studio, action):
    return studio.ask(action).result(PATIENCE)


def wait_for(condition, what="what was waited for"):
    """Return the first true value that `condition` returns."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come")


def train(studio, cycles):
    """Train for at least so many cycles, pause, and wait for the readout."""
    ask(studio, lambda: studio.run(True))
    wait_for(lambda: ask(studio, lambda: studio.variants[-1].cycles) >= cycles)
    ask(studio, lambda: studio.run(False))
    settle(studio)


def settle(studio):
    """Wait until every readout is of the pooler that is shown."""
    wait_for(
        lambda: ask(studio, lambda: all(v.readout and not v.is_behind for v in studio.variants))
    )


@contextlib.contextmanager
def open_server(studio, listening, allowed=()):
    """Serve a studio from a thread."""
    server = build_server(studio, "published", Names.of("127.0.0.1", allowed))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield server
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listening.close()
