"""What a call of `compute` costs beyond the kernel in it, which also runs in a compiled loop."""

from statistics import median

import numba
import numpy as np

from bench.contest import Bits, Effort, Pair, Player
from fastsp.kernels.session import run_cycle

N_CYCLES = 500


@numba.njit(nogil=True)
def _run_cycles(session, rows, bound, learns, active):
    for i in range(rows.shape[0]):
        run_cycle(session, rows[i], bound, learns, active)


def measure(pair: Pair, learn: bool, effort: Effort) -> dict[str, float]:
    """Return microseconds for one input: called from Python, from compiled code, and in between.

    The two take turns on the same rows; the difference is the median of those of neighbours.
    """
    pooler = pair.pooler
    pooler.compute(pair.rows[0], learn=False)
    engine = pooler._engine
    active = np.empty(engine.most_active, np.int32)

    def call_each(rows: Bits) -> None:
        for x in rows:
            pooler.compute(x, learn=learn)

    def loop_over(rows: Bits) -> None:
        _run_cycles(engine.sessions[0], rows, 0, learn, active)

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
