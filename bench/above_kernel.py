"""What a call of `compute` costs beyond the kernel in it, which also runs in a compiled loop."""

from statistics import median

import numba
import numpy as np

from bench.contest import Bits, Effort, Pair, Player
from fastsp.kernels.cycle import INFER, LEARN
from fastsp.kernels.session import run

N_CYCLES, FIRST = 500, np.int64(0)


@numba.njit(nogil=True)
def _run_cycles(session, rows, bound, task, active):
    for i in range(rows.shape[0]):
        run(session, rows[i], bound, task, active, FIRST)


def measure(pair: Pair, learn: bool, effort: Effort) -> dict[str, float]:
    """Return microseconds for one input: called from Python, from compiled code, and in between.

    The two take turns on the same rows; the difference is the median of those of neighbours.
    """
    pooler = pair.pooler
    pooler.compute(pair.rows[0], learn=False)
    binding = pooler._engine._binding
    session, task = binding._alone[0], LEARN if learn else INFER
    active = np.empty(binding.max_active, np.int32)

    def call_each(rows: Bits) -> None:
        for x in rows:
            pooler.compute(x, learn=learn)

    def loop_over(rows: Bits) -> None:
        _run_cycles(session, rows, 0, task, active)

    called, looped = (Player(act, pair.rows, N_CYCLES) for act in (call_each, loop_over))
    for _ in range(1 + 4 * effort.n_rounds):
        called.turn()
        looped.turn()
    of_call, of_kernel = (np.divide(1e6, player.rates[1:]) for player in (called, looped))
    return {
        "microseconds_per_call": median(of_call),
        "microseconds_of_kernel": median(of_kernel),
        "microseconds_above_kernel": median(of_call - of_kernel),
    }
