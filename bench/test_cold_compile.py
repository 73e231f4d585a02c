"""What compilation and imports cost a new process: with an empty cache on disk, and a full one.

Whole processes, which take turns. How long a user waits for the first results is told in seconds of
the processor, and in units: the compilation of a fixed set of kernels in the same run, so that
machines and hours can be compared.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench import machine

IMAGES = """
import json, time
import numpy as np
images = np.random.default_rng(0).integers(0, 256, (4, 64), dtype=np.uint8)
parameters = dict(
    column_shape=(8, 8), input_shape=(8, 8, 2), receptive_field="gaussian", potential_radius=2,
    density=0.1, inhibition="gaussian", random_state=0,
)
"""
MNIST = """
from fastsp import BinaryImageEncoder, ImageAugmenter, SpatialPooler
imported = time.time()
encoder = BinaryImageEncoder().fit(images)
pooler = SpatialPooler(**parameters).partial_fit(encoder.transform(images)[:1])
first_cycle = time.time()
bits = encoder.transform(ImageAugmenter(random_state=0).augment(images))
pooler.transform(bits)
"""
ENGINE = """
from fastsp.engine import Engine
imported = time.time()
Engine(128, **parameters).learn(np.zeros((1, 128), np.uint8))
first_cycle = time.time()
"""
IMPORTS = "numba", "fastsp.engine", "sklearn.base", "fastsp"
REPORT = """
times = {"imported": imported, "first_cycle": first_cycle, "done": time.time()}
print(json.dumps(times))
"""


def run(program, cache_folder):
    """Run a program in a new process; return its times, in seconds since it was started."""
    start = time.time()
    times = json.loads(_run(IMAGES + program + REPORT, cache_folder))
    return {name: at - start for name, at in times.items()}


def _run(program, cache_folder):
    """Run a program in a new process, with this folder for kernels; return what it prints."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache_folder)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def fastest(programs, cache_folder, n):
    """Return the times of each program, the least of `n` processes each, which take turns."""
    turns = [
        {name: run(program, cache_folder) for name, program in programs.items()} for _ in range(n)
    ]
    return {
        name: {event: min(turn[name][event] for turn in turns) for event in turns[0][name]}
        for name in programs
    }


def test_compilation(benchmark, effort, tmp_path):
    benchmark.group = "compilation"
    cold = benchmark.pedantic(run, args=(MNIST, tmp_path))
    run(ENGINE, tmp_path)
    warm = fastest({"estimator": MNIST, "engine": ENGINE}, tmp_path, effort.n_rounds)
    record = {
        "compile_seconds": (cold["done"] - cold["imported"])
        - (warm["estimator"]["done"] - warm["estimator"]["imported"]),
        "import_seconds": warm["estimator"]["imported"],
        "first_cycle_seconds": warm["estimator"]["first_cycle"],
        "first_cycle_seconds_of_engine": warm["engine"]["first_cycle"],
    }
    print({name: round(seconds, 2) for name, seconds in record.items()})
    benchmark.extra_info.update(record | machine.environment())


def test_waiting(benchmark, effort, tmp_path_factory):
    """Seconds of the processor, and units, until results come, with nothing in any cache."""

    def measure():
        seconds: dict[str, float] = {}
        for function in ("compile_unit", "first_fits", "published"):
            program = f"import json, bench.waits; print(json.dumps(bench.waits.{function}()))"
            cache = tmp_path_factory.mktemp("cache")
            seconds |= json.loads(_run(program, cache))
        return seconds

    benchmark.group = "compilation"
    seconds = benchmark.pedantic(measure)
    units = {name: of_one / seconds["unit"] for name, of_one in seconds.items()}
    for name, of_one in seconds.items():
        print(f"{name}: {of_one:.1f} s of the processor, {units[name]:.2f} units")
    benchmark.extra_info.update({"seconds": seconds, "units": units} | machine.environment())


def test_imports(benchmark, effort):
    """Whole processes that import one thing each, in turns; seconds, and ratios to Numba."""
    seconds: dict[str, list[float]] = {name: [] for name in IMPORTS}

    def take_turns() -> None:
        for name, times in seconds.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {name}"], check=True)
            times.append(time.perf_counter() - start)

    benchmark.group = "imports"
    benchmark.pedantic(take_turns, rounds=effort.n_rounds, warmup_rounds=1)
    record = {
        name: {
            "seconds": min(times[1:]),
            "of_numba": median(a / b for a, b in zip(times, seconds["numba"], strict=True)),
        }
        for name, times in seconds.items()
    }
    print(record)
    benchmark.extra_info.update({"imports": record} | machine.environment())
