"""`fastsp.htm.SpatialPooler.compute`, one SDR a call, learning, beside the engine's cycle.

    python -m pytest bench/test_htm.py -s

The poolers are those of configurations A to D with the rule of htm.core: exponential boosting, ties
by position. `PEER` holds the cycles a second of htm.core itself, built with `-O3 -march=native`,
measured in autumn 2026 on one core of a machine of this kind.
"""

from statistics import median
from typing import Any

import numpy as np
import pytest

from bench import machine
from bench.configurations import BY_NAME
from bench.contest import Player
from fastsp.htm import SDR, SpatialPooler

PEER = {"A": 11_759, "B": 2_135, "C": 3_891, "D": 456}
WARM_UP = 1000
CYCLES = {"D": 100}
_DIGITS = {
    "inputDimensions": (28, 28),
    "globalInhibition": True,
    "localAreaDensity": 0.02,
    "potentialPct": 1.0,
    "stimulusThreshold": 0,
    "synPermActiveInc": 0.02,
    "synPermInactiveDec": 0.006,
    "synPermConnected": 0.5,
    "boostStrength": 0.0,
    "wrapAround": False,
    "seed": 1,
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "A": _DIGITS | {"columnDimensions": (56, 56), "potentialRadius": 3},
    "B": _DIGITS
    | {
        "columnDimensions": (79, 79),
        "potentialRadius": 7,
        "potentialPct": 0.1,
        "localAreaDensity": 0.1,
    },
    "C": _DIGITS
    | {
        "inputDimensions": (784,),
        "columnDimensions": (2048,),
        "potentialRadius": 784,
        "potentialPct": 0.5,
    },
    "D": _DIGITS
    | {
        "inputDimensions": (16384,),
        "columnDimensions": (16384,),
        "potentialRadius": 16384,
        "potentialPct": 256 / 16384,
    },
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_compute(benchmark, effort, name):
    pooler, rows = SpatialPooler(**PARAMETERS[name]), BY_NAME[name].inputs()
    patterns = np.empty(len(rows), object)
    for i, row in enumerate(rows[: 4 * WARM_UP]):
        patterns[i] = SDR(pooler.getInputDimensions())
        patterns[i].dense = row.reshape(pooler.getInputDimensions())
    patterns, active = patterns[: min(4 * WARM_UP, len(rows))], SDR(pooler.getColumnDimensions())
    bits = [pattern.dense.ravel() for pattern in patterns]
    for pattern in patterns[:WARM_UP]:
        pooler.compute(pattern, True, active)

    def compute_each(some: Any) -> None:
        for pattern in some:
            pooler.compute(pattern, True, active)

    def cycle_each(some: Any) -> None:
        for i in some:
            pooler._engine.cycle(bits[i], True)

    n = CYCLES.get(name, 500)
    called, cycled = Player(compute_each, patterns, n), Player(cycle_each, np.arange(len(bits)), n)
    benchmark.group = "fastsp.htm, learning, one SDR a call"
    benchmark.pedantic(called.turn, setup=cycled.turn, rounds=1 + 3 * effort.n_rounds)
    of_call, of_cycle = (np.divide(1e6, player.rates[1:]) for player in (called, cycled))
    n_both = min(len(of_call), len(of_cycle))
    record = {
        "microseconds_per_call": median(of_call),
        "microseconds_above_the_cycle": median(of_call[:n_both] - of_cycle[:n_both]),
        "times_htm_core": 1e6 / median(of_call) / PEER[name],
    }
    benchmark.extra_info.update(record | machine.environment())
    print(f"\n{name}: {', '.join(f'{key} {value:.1f}' for key, value in record.items())}")
