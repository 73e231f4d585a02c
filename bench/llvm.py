"""What each function written by hand in LLVM's language gains over its plain version.

`python -m bench.llvm [A MNIST ...]` compiles the kernels once with all of them, and once more for
each with its plain version in its place (`FASTSP_PLAIN`), every time in a process of its own. These
processes take turns at the same cycles; what counts is the least time of many short turns.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from bench import machine
from bench.configurations import BY_NAME, Configuration
from bench.contest import WARM_UP
from fastsp import SoftmaxClassifier
from fastsp.datasets import load_mnist

FUNCTIONS = {
    "lowest_one": "A C D E F MNIST",
    "count_common": "A B C E",
    "count_chosen": "F MNIST",
    "add_rows": "C",
    "unpack_counters": "C",
    "pack_word": "A C MNIST",
    "prefetch": "A D F MNIST",
    "adapt_lanes": "A B C D F MNIST",
    "lanes_at_least": "A B C D F MNIST",
    "count_ones": "A B C D MNIST",
    "count_at_least": "A B C D MNIST",
    "take_maxima": "A B C D MNIST",
    "boost_lanes": "A B C D F MNIST",
    "boost_lanes_up": "A-exp",
    "boost_exponentially": "A-exp",
    "multiply_tile": "MNIST",
    "bound_of_group": "F",
    "seldom_beaten": "E",
    "count_above": "E",
    "copy_run": "E",
    "take_larger": "E",
    "sum_rows": "readout",
    "add_to_rows": "readout",
}
"""Each function, and the configurations whose cycles it may be noticed in; or the readout, softmax
regression on the codes of MNIST."""
READOUT = "readout"
CACHE = Path(__file__).parents[1] / ".benchmarks" / "plain"
"""Compiled kernels, a folder for each function."""
TASKS = "learning", "inference"
N_TURNS, SECONDS = 40, 0.04
"""Turns of each process at each task, and how long they last, about."""


def serve() -> None:
    """Take turns as the lines of the standard input say: a configuration, then tasks."""
    name, layout = input(), input()
    configuration: Configuration = BY_NAME["MNIST" if name == READOUT else name]
    rows = configuration.inputs()
    inputs: Any = scipy.sparse.csr_matrix(rows) if configuration.sparse else rows
    pooler = configuration.build_pooler().set_params(overlap_index=layout)
    pooler.partial_fit(inputs[:WARM_UP]).transform(inputs[:8])
    acts: dict[str, Callable[..., Any]]
    acts = {"learning": pooler.partial_fit, "inference": pooler.transform}
    learned = pooler.permanences_
    if name == READOUT:
        inputs, labels = pooler.transform(inputs[:2000]), load_mnist().train_labels[:2000]
        readout = SoftmaxClassifier().partial_fit(inputs, labels, np.unique(labels))
        acts = {
            "learning": lambda some: readout.partial_fit(some, labels[: some.shape[0]]),
            "inference": readout.predict,
        }
        learned = readout.weights_
    print(np.abs(learned).sum(dtype=float), flush=True)
    for line in sys.stdin:
        task, n = line.split()
        part = inputs[: int(n)]
        start = time.perf_counter()
        acts[task](part)
        print(time.perf_counter() - start, flush=True)


class Server:
    """A process in which the plain version of one function is compiled; of none where it is ""."""

    def __init__(self, plain: str, configuration: str, layout: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from bench.llvm import serve; serve()"],
            env=os.environ | {"FASTSP_PLAIN": plain, "NUMBA_CACHE_DIR": str(CACHE / plain)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._configuration = f"{configuration}\n{layout}"

    def begin(self) -> float:
        """Compile, learn, and return a sum over what was learned: all versions mean the same."""
        return self._ask(self._configuration)

    def _ask(self, line: str) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def turn(self, task: str, n: int) -> float:
        """Return the seconds of `n` cycles."""
        return self._ask(f"{task} {n}")

    def end(self) -> None:
        """End the process."""
        self.process.stdin.close()  # type: ignore[union-attr]
        self.process.wait()


@contextmanager
def _servers(names: list[str], configuration: str, layout: str) -> Iterator[dict[str, Server]]:
    with ExitStack() as ends:
        servers = {name: Server(name, configuration, layout) for name in names}
        for server in servers.values():
            ends.callback(server.end)
        yield servers


def measure(
    configuration: str, names: list[str], layout: str = "auto", n_turns: int = N_TURNS
) -> dict[str, dict[str, float]]:
    """Return what each function gains: the share of a cycle by which its plain version is longer.

    By task and name.
    """
    gains: dict[str, dict[str, float]] = {}
    with _servers(["", *names], configuration, layout) as servers:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            answers = list(threads.map(Server.begin, servers.values()))
        assert len(set(answers)) == 1, (
            f"{configuration}: {dict(zip(servers, answers, strict=True))}"
        )
        for task in TASKS:
            n = 8
            while servers[""].turn(task, n) < SECONDS and n < 2000:
                n *= 2
            least = dict.fromkeys(servers, np.inf)
            for _ in range(n_turns):
                for name, server in servers.items():
                    least[name] = min(least[name], server.turn(task, n))
            gains[task] = {name: least[name] / least[""] - 1 for name in names}
    return gains


def table(names: list[str], n_turns: int) -> list[str]:
    """Return the gains in the configurations `names` as a table in Markdown."""
    gains = {}
    for name in names:
        used = [function for function, places in FUNCTIONS.items() if name in places.split()]
        print(f"{name}: {', '.join(used)}", file=sys.stderr)
        gains[name] = measure(name, used, n_turns=n_turns)
        print(f"{name}: {gains[name]}", file=sys.stderr)
    lines = [f"| function | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
    for function in FUNCTIONS:
        cells = [
            " / ".join(f"{gains[name][task][function]:.0%}" for task in TASKS)
            if function in gains[name][TASKS[0]]
            else ""
            for name in names
        ]
        lines.append(f"| `{function}` | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Read the command line, measure, print a table: learning / inference."""
    parser = argparse.ArgumentParser(prog="python -m bench.llvm", description=__doc__)
    parser.add_argument(
        "names", nargs="*", default=["A", "B", "C", "D", "E", "F", "MNIST", READOUT]
    )
    parser.add_argument("--turns", type=int, default=N_TURNS)
    arguments = parser.parse_args()
    lines = table(arguments.names, arguments.turns)
    environment = machine.environment()
    print(f"{environment['cpu']}, load average {environment['load_average']:.1f}\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
