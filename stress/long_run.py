"""Millions of learning cycles beside a reference in double precision: `python -m stress.long_run`.

A small pooler learns a random stream, one input a call, and a plain loop in double precision
applies the same rules to the columns that it chose. The two may part by rounding only, and not ever
further; nor may memory grow. Where they do, the run fails.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np

from fastsp import SpatialPooler

N_INPUTS, N_COLUMNS, STRETCH = 64, 64, 10_000
BOUNDS = {"permanences": 1e-4, "duty cycles": 1e-9, "logarithms": 1e-9, "boost factors": 1e-6}
"""How far each may be from the reference: rounding of single, or double, precision, with room."""
MEMORY = 1 << 20
"""Bytes by which the process may grow after two tenths of a run."""


@numba.njit
def follow(inputs, active, indptr, indices, rates, permanences, duty_cycles):
    """Apply the rules to the columns `active` (n, k) for `inputs` (n, N), in double precision."""
    increment, decrement, share = rates
    for t in range(active.shape[0]):
        for c in range(duty_cycles.size):
            duty_cycles[c] *= 1.0 - share
        for c in active[t]:
            duty_cycles[c] += share
            for i in range(indptr[c], indptr[c + 1]):
                change = increment if inputs[t, indices[i]] else -decrement
                permanences[i] = min(max(permanences[i] + change, 0.0), 1.0)


@dataclass(frozen=True)
class Mark:
    """How far the pooler was from the reference after some cycles, and its process in bytes."""

    n_cycles: int
    distances: dict[str, float]
    memory: int


def run(boosting: str, n_cycles: int, seed: int = 0) -> list[Mark]:
    """Let a pooler learn for `n_cycles` and return ten marks on the way, or one a stretch."""
    if n_cycles < STRETCH:
        raise ValueError(f"cycles must be at least {STRETCH:,}; got {n_cycles:,}")
    random = np.random.default_rng(seed)
    period, strength, density = 1000.0, 10.0, 4 / N_COLUMNS
    pooler = SpatialPooler(
        (N_COLUMNS,),
        density=density,
        boosting=boosting,
        boost_strength=strength,
        duty_cycle_period=period,
        permanence_increment=0.03,
        permanence_decrement=0.011,
        random_state=seed,
    ).initialize(N_INPUTS)
    permanences = pooler.permanences_.astype(np.float64)
    duty_cycles = pooler.active_duty_cycles_.copy()
    rates = pooler.permanence_increment, pooler.permanence_decrement, 1.0 / period
    # Some bits are on more often than others, so that there is something to learn.
    chances = random.beta(0.5, 2.0, N_INPUTS)
    marks: list[Mark] = []
    for done in range(STRETCH, n_cycles + 1, STRETCH):
        inputs = (random.random((STRETCH, N_INPUTS)) < chances).view(np.uint8)
        active = np.array([pooler.compute(x) for x in inputs])
        follow(inputs, active, pooler.indptr_, pooler.indices_, rates, permanences, duty_cycles)
        if done * 10 // n_cycles > (done - STRETCH) * 10 // n_cycles:
            if boosting == "log":
                factors = np.log(duty_cycles) / np.log(density)
                logarithms = np.abs(
                    pooler.__getstate__()["log_duty_cycles_"] - np.log(duty_cycles)
                ).max()
            else:
                factors = np.exp(strength * (density - duty_cycles))
                logarithms = 0.0
            distances = {
                "permanences": np.abs(pooler.permanences_ - permanences).max(),
                "duty cycles": np.abs(pooler.active_duty_cycles_ / duty_cycles - 1).max(),
                "logarithms": logarithms,
                "boost factors": np.abs(pooler.boost_factors_ / factors - 1).max(),
            }
            marks.append(Mark(done, {k: float(v) for k, v in distances.items()}, _memory()))
    assert pooler.n_cycles_ == n_cycles // STRETCH * STRETCH
    return marks


def check(marks: list[Mark]) -> None:
    """Assert that nothing drifts: distances stay within their bounds, and memory is flat."""
    for mark in marks:
        for name, bound in BOUNDS.items():
            far = mark.distances[name]
            assert far <= bound, f"{name} are {far:.1e} away after {mark.n_cycles:,} cycles"
    grown = marks[-1].memory - marks[min(1, len(marks) - 1)].memory
    assert grown <= MEMORY, f"the process grew by {grown:,} bytes"


def _memory() -> int:
    """Return the bytes this process has in memory; 0 where the system does not tell."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 if status.exists() else 0


def main() -> None:
    """Read the command line, run with both kinds of boosting, and tell."""
    parser = argparse.ArgumentParser(prog="python -m stress.long_run", description=__doc__)
    parser.add_argument("--cycles", type=int, default=10_000_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for boosting in ("log", "exp"):
        print(f"boosting {boosting!r}, farthest from the reference:")
        marks = run(boosting, arguments.cycles, arguments.seed)
        for mark in marks:
            distances = ", ".join(f"{name} {far:.1e}" for name, far in mark.distances.items())
            print(f"{mark.n_cycles:12,} cycles: {distances}; {mark.memory / 2**20:.1f} MiB")
        check(marks)
    print("no drift")


if __name__ == "__main__":
    main()
