"""Dask clusters of separate processes for tests, which leave nothing behind."""

import logging
import time
from contextlib import contextmanager

import psutil
from dask import config
from distributed import Client, LocalCluster


@contextmanager
def local_cluster(n_workers=2):
    """Give a client of a cluster on this machine; nothing may run, or have warned, afterwards."""
    before = _children()
    heard = _Heard(logging.WARNING)
    logger = logging.getLogger("distributed")
    logger.addHandler(heard)
    options = {"dashboard_address": ":0", "processes": True, "threads_per_worker": 1}
    try:
        with (
            # Workers that die again and again are started again for all that.
            config.set({"distributed.deploy.lost-worker-timeout": "1 hour"}),
            LocalCluster(n_workers, **options) as cluster,
            Client(cluster) as client,
        ):
            client.heard = heard.messages
            yield client
    finally:
        logger.removeHandler(heard)
    deadline = time.monotonic() + 10
    while left := _children() - before:
        assert time.monotonic() < deadline, f"{left} are still running"
        time.sleep(0.05)


class _Heard(logging.Handler):
    """Keeps the messages of loggers."""

    def __init__(self, level):
        super().__init__(level)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def _children():
    """Return the processes that this one started, but for the one that Python itself needs."""
    return {
        process
        for process in psutil.Process().children(recursive=True)
        if process.status() != psutil.STATUS_ZOMBIE
        and "resource_tracker" not in " ".join(process.cmdline())
    }
