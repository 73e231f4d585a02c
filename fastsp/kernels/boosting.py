"""Duty cycles, boost factors and boosted overlaps."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.exponential import exponential, split_exponential
from fastsp.kernels.jit import kernel, step
from fastsp.kernels.llvm.columns import boost_exponentially, boost_lanes, boost_lanes_up
from fastsp.kernels.llvm.lanes import LANES
from fastsp.kernels.order import order_key, order_values
from fastsp.kernels.state import (
    EXP_BOOSTING,
    HELD_BOOSTING,
    LOG_BOOSTING,
    NEIGHBOURHOOD_TARGET,
    SHARED_OVERLAP,
    Columns,
    Rule,
)

SMALLEST_DUTY_CYCLE = 1e-300
"""Decay stops here: far below any use, just above the slow subnormal numbers."""
MODERATE = np.float32(1e-20), np.float32(1e20)
"""Between these, boost factors times anything seen are normal numbers of float32."""


@step
def _logarithm(x: float) -> float:
    """Return log(x) of a normal number to within 1e-13, in arithmetic that a loop can vectorise.

    x = 2^n m with m within [1 / sqrt(2), sqrt(2)), and log(m) = 2 artanh((m - 1) / (m + 1)) by its
    power series.
    """
    bits: Any = np.float64(x).view(np.int64)
    n = (bits - np.int64(0x3FE6A09E667F3BCD)) >> np.int64(52)
    m = np.int64(bits - (n << np.int64(52))).view(np.float64)
    z = (m - 1.0) / (m + 1.0)
    w = z * z
    y = 1 / 17
    y = y * w + 1 / 15
    y = y * w + 1 / 13
    y = y * w + 1 / 11
    y = y * w + 1 / 9
    y = y * w + 1 / 7
    y = y * w + 1 / 5
    y = y * w + 1 / 3
    y = y * w + 1.0
    return float(n * math.log(2.0) + 2.0 * z * y)


@kernel
def update_boost_factors(columns: Columns, rule: Rule, first: int, last: int) -> None:
    """Fill `columns.boost_factors[first:last]` from the duty cycles a and the target density s.

    Logarithmic: log(a) / log(s). Exponential (Cui, Ahmad and Hawkins 2017,
    doi:10.3389/fncom.2017.00111): exp(strength (s - a)), or with the targets of `columns` for s.
    Without boosting, and where all columns are to be active anyway (s = 1, log(s) = 0): 1. Held:
    as they are.
    """
    if rule.boosting == HELD_BOOSTING:
        return
    boost_factors = columns.boost_factors[first:last]
    if rule.boosting == LOG_BOOSTING and rule.target_density < 1.0:
        log_duty_cycles = columns.log_duty_cycles[first:last]
        scale = 1.0 / math.log(rule.target_density)
        for c in range(boost_factors.size):
            boost_factors[c] = np.float32(log_duty_cycles[c] * scale)
    elif rule.boosting == EXP_BOOSTING and rule.boost_target == NEIGHBOURHOOD_TARGET:
        targets = columns.targets[first:last]
        active_duty_cycles = columns.active_duty_cycles[first:last]
        for c in range(boost_factors.size):
            away = targets[c] - active_duty_cycles[c]
            boost_factors[c] = exponential(rule.boost_strength * away)
    elif rule.boosting == EXP_BOOSTING:
        active_duty_cycles = columns.active_duty_cycles[first:last]
        target, strength = rule.target_density, rule.boost_strength
        whole = boost_factors.size // LANES * LANES
        boost_exponentially(active_duty_cycles, target, strength, whole, boost_factors)
        for c in range(whole, boost_factors.size):
            boost_factors[c] = exponential(strength * (target - active_duty_cycles[c]))
    else:
        boost_factors[:] = 1.0


@kernel
def update_duty_cycles(
    active: NDArray[np.int32],
    columns: Columns,
    rule: Rule,
    first: int,
    last: int,
    work: NDArray[np.float64],
) -> None:
    """Advance the duty cycles by one cycle: a <- (1 - alpha) a + alpha [column is active].

    Of the columns from `first` to `last`, of which `active` holds the active ones. Between
    activations log(a) falls by the constant log(1 - alpha), so a logarithm is taken only for
    columns that are active now. Changes `columns.active_duty_cycles` and
    `columns.log_duty_cycles`. `work` is as long as `active` at least.
    """
    active_duty_cycles, log_duty_cycles = columns.active_duty_cycles, columns.log_duty_cycles
    decay, increase = rule.duty_cycle_decay, 1.0 - rule.duty_cycle_decay
    own = active_duty_cycles[first:last]
    for c in range(own.size):
        decayed = own[c] * decay
        own[c] = decayed if decayed > SMALLEST_DUTY_CYCLE else SMALLEST_DUTY_CYCLE
    if rule.boosting == LOG_BOOSTING:
        # Both stop at the same floor; a period of one cycle forgets everything at once.
        floor = math.log(SMALLEST_DUTY_CYCLE)
        fall = math.log(decay) if decay > 0.0 else floor
        own = log_duty_cycles[first:last]
        for c in range(own.size):
            fallen = own[c] + fall
            own[c] = fallen if fallen > floor else floor
        for i in range(active.size):
            work[i] = active_duty_cycles[active[i]] + increase
            active_duty_cycles[active[i]] = work[i]
        for i in range(active.size):
            work[i] = _logarithm(work[i])
        for i in range(active.size):
            log_duty_cycles[active[i]] = work[i]
    else:
        for i in range(active.size):
            active_duty_cycles[active[i]] += increase


@step
def _order_overlaps(
    overlaps: NDArray[np.uint16],
    columns: Columns,
    rule: Rule,
    first: int,
    last: int,
    keys: NDArray[np.uint32],
) -> None:
    """Fill `keys[first:last]` with integers in the order of overlaps, then of tie-breakers."""
    overlaps, keys, step = overlaps[first:last], keys[first:last], np.uint32(rule.overlap_step)
    thresholds, tie_keys = columns.thresholds[first:last], columns.tie_keys[first:last]
    for c in range(keys.size):
        key = np.uint32(np.uint32(overlaps[c]) * step + tie_keys[c])
        keys[c] = key if overlaps[c] >= thresholds[c] else np.uint32(0)


@step
def _boost_moderately(
    overlaps: NDArray[np.uint16],
    columns: Columns,
    rule: Rule,
    first: int,
    last: int,
    keys: NDArray[np.uint32],
) -> None:
    """As `_boost_widely`, where boost factors lie well within float32 and keys hold all bits."""
    overlaps, keys = overlaps[first:last], keys[first:last]
    boost_factors, tie_breakers = (
        columns.boost_factors[first:last],
        columns.tie_breakers[first:last],
    )
    thresholds = columns.thresholds[first:last]
    shared, scale = rule.overlap == SHARED_OVERLAP, np.float32(rule.tie_scale)
    connected_counts = columns.connected_counts[first : last if shared else first]
    base = int(np.int64(-rule.lowest_exponent * 2.0**23) + 1)
    lowest = np.uint32(base)
    done = 0 if shared else keys.size // LANES * LANES
    boost_lanes_up(overlaps, boost_factors, tie_breakers, thresholds, base, done, keys)
    for c in range(done, keys.size):
        if shared:
            share = np.float32(overlaps[c]) / np.float32(max(connected_counts[c], np.int32(1)))
            seen = share + scale * tie_breakers[c]
        else:
            seen = np.float32(overlaps[c]) + tie_breakers[c]
        bits: Any = np.float32(boost_factors[c] * max(seen, np.float32(0.0))).view(np.uint32)
        key = np.uint32(bits + lowest) if bits > 0 else np.uint32(1)
        keys[c] = key if overlaps[c] >= thresholds[c] else np.uint32(0)


@step
def _boost_widely(
    overlaps: NDArray[np.uint16],
    columns: Columns,
    rule: Rule,
    first: int,
    last: int,
    keys: NDArray[np.uint32],
) -> None:
    """As `boost_overlaps`, with exp(strength (t - a)) as if float32 had exponents without end.

    So 2^n y, with y a float32, has the bits of y raised by n times 2^23. Where not all of these fit
    into the 32 bits of a key, the last of them are dropped. Boost factors are those of the duty
    cycles, so the same keys come from them where they are moderate.
    """
    n_others = np.int32(0)
    for factor in columns.boost_factors[first:last]:
        n_others += np.int32(not ((factor > MODERATE[0]) & (factor < MODERATE[1])))
    if rule.key_scale == 1.0 and n_others == 0:
        _boost_moderately(overlaps, columns, rule, first, last, keys)
        return
    tie_breakers, thresholds = columns.tie_breakers, columns.thresholds
    shared, near = rule.overlap == SHARED_OVERLAP, rule.boost_target == NEIGHBOURHOOD_TARGET
    scale, most = np.float32(rule.tie_scale), 2.0**32 - 2
    for c in range(first, last):
        if shared:
            share = np.float32(overlaps[c]) / np.float32(max(columns.connected_counts[c], 1))
            seen = share + scale * tie_breakers[c]
        else:
            seen = np.float32(overlaps[c]) + tie_breakers[c]
        target = columns.targets[c] if near else rule.target_density
        n, y = split_exponential(rule.boost_strength * (target - columns.active_duty_cycles[c]))
        bits: Any = np.float32(y * max(seen, np.float32(0.0))).view(np.uint32)
        place = (n - rule.lowest_exponent) * 2.0**23 + np.float64(bits) if bits > 0 else 0.0
        key = np.uint32(np.int64(min(max(place, 0.0) * rule.key_scale, most)) + np.int64(1))
        keys[c] = key if overlaps[c] >= thresholds[c] else np.uint32(0)


@kernel
def boosted_values(keys: NDArray[np.uint32], rule: Rule, values: NDArray[np.float32]) -> None:
    """Fill `values` (C,) with the boosted overlaps that `keys` are of, 0 where excluded.

    Not for keys with `Columns.tie_keys`. Where boost factors can be too large for float32, all are
    multiplied by the power of 2 that leaves the largest below 2^50, if it is not: their squares can
    be added up then.
    """
    if rule.key_scale == 0.0:
        order_values(keys, values)
        return
    largest = np.uint32(0)
    for c in range(keys.size):
        largest = max(largest, keys[c])
    one = 2.0**23
    lowest = rule.lowest_exponent * one
    top = np.float64(largest) / rule.key_scale + lowest
    lowest -= max(0.0, np.ceil(top / one) - (127 + 50)) * one
    for c in range(keys.size):
        place = (np.float64(keys[c]) - 1.0) / rule.key_scale + lowest
        # What is under the normal numbers is 0.
        bits: Any = np.uint32(np.int64(place if place >= one else 0.0))
        values[c] = bits.view(np.float32)


@kernel
def boost_overlaps(
    overlaps: NDArray[np.uint16],
    columns: Columns,
    rule: Rule,
    first: int,
    last: int,
    keys: NDArray[np.uint32],
) -> None:
    """Fill `keys[first:last]` with the keys (see `order_key`) of the boosted overlaps, in float32.

    That is boost factor times (overlap + tie-breaker), or where the rule says so, boost factor
    times (overlap / connected synapses + scaled tie-breaker), the share of a column without any
    being 0. The key is 0 where the overlap is under the column's threshold.

    Without boosting and shares, keys are whole numbers in the order of overlap + tie-breaker, which
    float32 rounds; and where exponential boost factors can be too large for float32, those of
    numbers with larger exponents.
    """
    if columns.tie_keys.size > 0:
        _order_overlaps(overlaps, columns, rule, first, last, keys)
        return
    if rule.key_scale > 0.0:
        _boost_widely(overlaps, columns, rule, first, last, keys)
        return
    overlaps, keys = overlaps[first:last], keys[first:last]
    boost_factors = columns.boost_factors[first:last]
    tie_breakers = columns.tie_breakers[first:last]
    thresholds = columns.thresholds[first:last]
    if rule.overlap == SHARED_OVERLAP:
        connected_counts = columns.connected_counts[first:last]
        scale = np.float32(rule.tie_scale)
        for c in range(keys.size):
            share = np.float32(overlaps[c]) / np.float32(max(connected_counts[c], np.int32(1)))
            boosted = boost_factors[c] * (share + scale * tie_breakers[c])
            allowed = overlaps[c] >= thresholds[c]
            keys[c] = order_key(boosted) if allowed else np.uint32(0)
        return
    whole = keys.size // LANES * LANES
    boost_lanes(overlaps, boost_factors, tie_breakers, thresholds, whole, keys)
    for c in range(whole, keys.size):
        boosted = boost_factors[c] * (np.float32(overlaps[c]) + tie_breakers[c])
        allowed = overlaps[c] >= thresholds[c]
        keys[c] = order_key(boosted) if allowed else np.uint32(0)
