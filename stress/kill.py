"""Kill training with SIGKILL at random moments, resume it, and compare with an undisturbed run.

`python -m stress.kill --n 50` runs the MNIST experiment at a small size in child processes, ends
them at random moments, writing of snapshots included, resumes until the run is complete, and starts
again until so many were killed. All state of the poolers and all metrics but times must be those of
a run that nobody disturbed. POSIX only.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from fastsp.experiments import MnistConfig, MnistResult, Snapshots, run_mnist
from tests.tiny_mnist import make_digits

CONFIG = MnistConfig(
    cycles=600, chunk=15, column_shape=(12, 12), potential_radius=2, n_potential=16, checkpoints=4
)
TIMED = (
    *("seconds", "seconds_to_model", "train_cycles_per_second", "test_inputs_per_second"),
    "environment",
)
"""Metrics that differ between runs of the same."""


def outcome(result: MnistResult) -> str:
    """Return all that a run gives, times excepted, as one text."""
    digest = hashlib.sha256()
    contrast = (result.with_local_inhibition, result.without_local_inhibition)
    for pooler in (result.pooler, *contrast):
        for name, value in sorted(vars(pooler).items()):
            if isinstance(value, np.ndarray):
                digest.update(name.encode() + value.tobytes())
        digest.update(str(pooler.n_cycles_).encode())
    metrics = {name: value for name, value in result.metrics().items() if name not in TIMED}
    return digest.hexdigest() + json.dumps(metrics, sort_keys=True)


def run_in_child(folder: Path, seconds: float) -> bool:
    """Take the run in `folder` up in a process of its own; return whether it was killed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            snapshots = Snapshots(folder / "checkpoint", every=15, resume=True)
            text = outcome(run_mnist(CONFIG, make_digits(), snapshots=snapshots))
            (folder / "outcome").write_text(text)
            status = 0
        finally:
            os._exit(status)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit("a run failed after it was resumed")
    return os.WIFSIGNALED(status)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=50, help="processes to kill, at least")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    run_mnist(CONFIG, make_digits())  # compiles
    started = time.perf_counter()
    undisturbed = outcome(run_mnist(CONFIG, make_digits()))
    duration = time.perf_counter() - started
    moments = random.Random(options.seed)
    n_killed = n_runs = n_wrong = 0
    while n_killed < options.n:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            while run_in_child(folder, moments.uniform(0.0, 2.0 * duration)):
                n_killed += 1
            n_wrong += (folder / "outcome").read_text() != undisturbed
            n_runs += 1
    print(f"{n_killed} processes killed in {n_runs} runs; {n_wrong} runs ended differently")
    return int(n_wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
