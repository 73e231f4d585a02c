"""Duty cycles, boost factors and excitement."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.state import EXP_BOOSTING, LOG_BOOSTING, Columns, Rule

SMALLEST_DUTY_CYCLE = 1e-300
"""Decay stops here: far below any use, just above the slow subnormal numbers."""


@kernel
def _exponential(x: float) -> np.float32:
    """Return exp(x) to within 3e-7 of itself, in arithmetic that a loop can vectorise.

    exp(x) = 2^n exp(r) with |r| <= log(2) / 2, and exp(r) by its Taylor polynomial. `x` is held
    within [-87, 88], where the result is a normal float32.
    """
    x = min(max(x, -87.0), 88.0)
    n = np.floor(x * (1 / math.log(2.0)) + 0.5)
    r = np.float32(x - n * math.log(2.0))
    y = np.float32(1 / 5040)
    y = y * r + np.float32(1 / 720)
    y = y * r + np.float32(1 / 120)
    y = y * r + np.float32(1 / 24)
    y = y * r + np.float32(1 / 6)
    y = y * r + np.float32(1 / 2)
    y = y * r + np.float32(1.0)
    y = y * r + np.float32(1.0)
    power: Any = np.int32((np.int32(n) + np.int32(127)) << np.int32(23))
    return np.float32(y * power.view(np.float32))


@kernel
def update_boost_factors(columns: Columns, rule: Rule) -> None:
    """Fill `columns.boost_factors` from the duty cycles a and the target density s.

    Logarithmic: log(a) / log(s). Exponential (Cui, Ahmad and Hawkins 2017,
    doi:10.3389/fncom.2017.00111): exp(strength (s - a)). Without boosting, and where all columns
    are to be active anyway (s = 1, log(s) = 0): 1.
    """
    boost_factors = columns.boost_factors
    if rule.boosting == LOG_BOOSTING and rule.target_density < 1.0:
        log_duty_cycles = columns.log_duty_cycles
        scale = 1.0 / math.log(rule.target_density)
        for c in range(boost_factors.size):
            boost_factors[c] = np.float32(log_duty_cycles[c] * scale)
    elif rule.boosting == EXP_BOOSTING:
        active_duty_cycles = columns.active_duty_cycles
        for c in range(boost_factors.size):
            away = rule.target_density - active_duty_cycles[c]
            boost_factors[c] = _exponential(rule.boost_strength * away)
    else:
        boost_factors[:] = 1.0


@kernel
def update_duty_cycles(active: NDArray[np.int32], columns: Columns, rule: Rule) -> None:
    """Advance the duty cycles by one cycle: a <- (1 - alpha) a + alpha [column is active].

    `active` holds the active columns. Between activations log(a) falls by the constant
    log(1 - alpha), so a logarithm is taken only for columns that are active now. Changes
    `columns.active_duty_cycles` and `columns.log_duty_cycles`.
    """
    active_duty_cycles, log_duty_cycles = columns.active_duty_cycles, columns.log_duty_cycles
    decay = rule.duty_cycle_decay
    for c in range(active_duty_cycles.size):
        decayed = active_duty_cycles[c] * decay
        active_duty_cycles[c] = decayed if decayed > SMALLEST_DUTY_CYCLE else SMALLEST_DUTY_CYCLE
    for i in range(active.size):
        active_duty_cycles[active[i]] += 1.0 - decay
    if rule.boosting == LOG_BOOSTING:
        # A period of one cycle forgets everything at once; its logarithm is kept finite.
        fall = math.log(decay) if decay > 0.0 else math.log(SMALLEST_DUTY_CYCLE)
        for c in range(log_duty_cycles.size):
            log_duty_cycles[c] += fall
        for i in range(active.size):
            log_duty_cycles[active[i]] = math.log(active_duty_cycles[active[i]])


@kernel
def excite(
    overlaps: NDArray[np.uint16], columns: Columns, rule: Rule, excitement: NDArray[np.float32]
) -> None:
    """Fill `excitement` (C,): boost factor times (overlap + tie-breaker), in float32.

    0 where the overlap is under the stimulus threshold.
    """
    boost_factors, tie_breakers = columns.boost_factors, columns.tie_breakers
    threshold = np.uint16(min(rule.stimulus_threshold, 0xFFFF))
    for c in range(excitement.size):
        boosted = boost_factors[c] * (np.float32(overlaps[c]) + tie_breakers[c])
        excitement[c] = boosted if overlaps[c] >= threshold else np.float32(0.0)
