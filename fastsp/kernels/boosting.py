"""Duty cycles, boost factors and boosted overlaps."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastsp.kernels.blocks import Block, at
from fastsp.kernels.exponential import exponential, split_exponential
from fastsp.kernels.jit import helper, kernel, step
from fastsp.kernels.llvm.columns import boost_exponentially, boost_lanes, boost_lanes_up
from fastsp.kernels.llvm.lanes import LANES
from fastsp.kernels.order import order_key, order_values
from fastsp.kernels.state import Chunk, Columns, Rule, active_of

SMALLEST_DUTY_CYCLE = 1e-300
"""Decay stops here: far below any use, just above the slow subnormal numbers."""
MODERATE = np.float32(1e-20), np.float32(1e20)
"""Between these, boost factors times anything seen are normal numbers of float32."""


@helper
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


class Factors(NamedTuple):
    """What boost factors follow from."""

    columns: Columns
    rule: Rule


@step
def refresh_by_logarithm(block: Factors, first: int, last: int) -> int:
    """Fill `boost_factors[first:last]`: log(a) / log(s), duty cycles a, target density s < 1."""
    own = at(block)
    boost_factors = own.columns.boost_factors[first:last]
    log_duty_cycles = own.columns.log_duty_cycles[first:last]
    scale = 1.0 / math.log(own.rule.target_density)
    for c in range(boost_factors.size):
        boost_factors[c] = np.float32(log_duty_cycles[c] * scale)
    return 0


@step
def refresh_by_exponential(block: Factors, first: int, last: int) -> int:
    """Fill `boost_factors[first:last]` with exp(strength (s - a)), duty cycles a, target density s.

    See Cui, Ahmad and Hawkins 2017, doi:10.3389/fncom.2017.00111.
    """
    own = at(block)
    boost_factors = own.columns.boost_factors[first:last]
    active_duty_cycles = own.columns.active_duty_cycles[first:last]
    target, strength = own.rule.target_density, own.rule.boost_strength
    whole = boost_factors.size // LANES * LANES
    boost_exponentially(active_duty_cycles, target, strength, whole, boost_factors)
    for c in range(whole, boost_factors.size):
        boost_factors[c] = exponential(strength * (target - active_duty_cycles[c]))
    return 0


@step
def refresh_by_targets(block: Factors, first: int, last: int) -> int:
    """Fill `boost_factors[first:last]` with exp(strength (t - a)), t the targets of the columns."""
    own = at(block)
    boost_factors = own.columns.boost_factors[first:last]
    active_duty_cycles = own.columns.active_duty_cycles[first:last]
    targets, strength = own.columns.targets[first:last], own.rule.boost_strength
    for c in range(boost_factors.size):
        boost_factors[c] = exponential(strength * (targets[c] - active_duty_cycles[c]))
    return 0


@step
def refresh_with_ones(block: Factors, first: int, last: int) -> int:
    """Fill `boost_factors[first:last]` with 1."""
    own = at(block)
    own.columns.boost_factors[first:last] = 1.0
    return 0


class DutyCycles(NamedTuple):
    """What duty cycles are advanced with."""

    columns: Columns
    rule: Rule
    work: NDArray[np.float64]
    """As long as a row of active columns"""
    chunk: Block[Chunk]


@helper
def _decay(columns: Columns, decay: float, first: int, last: int) -> None:
    own = columns.active_duty_cycles[first:last]
    for c in range(own.size):
        decayed = own[c] * decay
        own[c] = decayed if decayed > SMALLEST_DUTY_CYCLE else SMALLEST_DUTY_CYCLE


@step
def advance(block: DutyCycles, i: int, start: int, end: int, first: int, last: int) -> int:
    """Advance the duty cycles by one cycle: a <- (1 - alpha) a + alpha [column is active].

    Of the columns from `first` to `last`; see `Learning.advance`.
    """
    own = at(block)
    active = active_of(at(own.chunk), i, start, end)
    duty_cycles, decay = own.columns.active_duty_cycles, own.rule.duty_cycle_decay
    _decay(own.columns, decay, first, last)
    for j in range(active.size):
        duty_cycles[active[j]] += 1.0 - decay
    return 0


@step
def advance_with_logarithms(
    block: DutyCycles, i: int, start: int, end: int, first: int, last: int
) -> int:
    """Do what `advance` does, and keep logarithms of the duty cycles in step.

    Between activations log(a) falls by the constant log(1 - alpha), so a logarithm is taken only
    for columns that are active now.
    """
    own = at(block)
    active, work = active_of(at(own.chunk), i, start, end), own.work
    columns, decay = own.columns, own.rule.duty_cycle_decay
    duty_cycles, log_duty_cycles = columns.active_duty_cycles, columns.log_duty_cycles
    _decay(columns, decay, first, last)
    # Both stop at the same floor; a period of one cycle forgets everything at once.
    floor = math.log(SMALLEST_DUTY_CYCLE)
    fall = math.log(decay) if decay > 0.0 else floor
    logarithms = log_duty_cycles[first:last]
    for c in range(logarithms.size):
        fallen = logarithms[c] + fall
        logarithms[c] = fallen if fallen > floor else floor
    for j in range(active.size):
        work[j] = duty_cycles[active[j]] + (1.0 - decay)
        duty_cycles[active[j]] = work[j]
    for j in range(active.size):
        work[j] = _logarithm(work[j])
    for j in range(active.size):
        log_duty_cycles[active[j]] = work[j]
    return 0


@kernel
def boosted_values(
    keys: NDArray[np.uint32],
    lowest_exponent: float,
    key_scale: float,
    values: NDArray[np.float32],
) -> None:
    """Fill `values` (C,) with the boosted overlaps that `keys` are of, 0 where excluded.

    Not for keys with `Columns.tie_keys`. Where boost factors can be too large for float32, all are
    multiplied by the power of 2 that leaves the largest below 2^50, if it is not: their squares can
    be added up then.
    """
    if key_scale == 0.0:
        order_values(keys, values)
        return
    largest = np.uint32(0)
    for c in range(keys.size):
        largest = max(largest, keys[c])
    one = 2.0**23
    lowest = lowest_exponent * one
    top = np.float64(largest) / key_scale + lowest
    lowest -= max(0.0, np.ceil(top / one) - (127 + 50)) * one
    for c in range(keys.size):
        place = (np.float64(keys[c]) - 1.0) / key_scale + lowest
        # What is under the normal numbers is 0.
        bits: Any = np.uint32(np.int64(place if place >= one else 0.0))
        values[c] = bits.view(np.float32)


class Boosting(NamedTuple):
    """What boosted overlaps are computed from, and their keys."""

    overlaps: NDArray[np.uint16]
    """(n, rows rounded up to a multiple of 64) of n inputs that are counted together"""
    keys: NDArray[np.uint32]
    """(rows,) in the order in which columns are chosen; 0 where they cannot be active"""
    columns: Columns
    rule: Rule


@step
def order_overlaps(block: Boosting, place: int, first: int, last: int) -> int:
    """Fill `keys[first:last]` with integers in the order of overlaps, then of tie-breakers.

    For columns without boosting: so are overlap + tie-breaker ordered, which float32 would round.
    """
    own = at(block)
    overlaps, keys = own.overlaps[place, first:last], own.keys[first:last]
    thresholds, tie_keys = own.columns.thresholds[first:last], own.columns.tie_keys[first:last]
    step = np.uint32(own.rule.overlap_step)
    for c in range(keys.size):
        key = np.uint32(np.uint32(overlaps[c]) * step + tie_keys[c])
        keys[c] = key if overlaps[c] >= thresholds[c] else np.uint32(0)
    return 0


@step
def boost(block: Boosting, place: int, first: int, last: int) -> int:
    """Fill `keys[first:last]` with the keys (see `order_key`) of the boosted overlaps, in float32.

    That is boost factor times (overlap + tie-breaker). The key is 0 where the overlap is under the
    column's threshold.
    """
    own = at(block)
    overlaps, keys = own.overlaps[place, first:last], own.keys[first:last]
    boost_factors = own.columns.boost_factors[first:last]
    tie_breakers = own.columns.tie_breakers[first:last]
    thresholds = own.columns.thresholds[first:last]
    whole = keys.size // LANES * LANES
    boost_lanes(overlaps, boost_factors, tie_breakers, thresholds, whole, keys)
    for c in range(whole, keys.size):
        boosted = boost_factors[c] * (np.float32(overlaps[c]) + tie_breakers[c])
        keys[c] = order_key(boosted) if overlaps[c] >= thresholds[c] else np.uint32(0)
    return 0


@step
def boost_shares(block: Boosting, place: int, first: int, last: int) -> int:
    """Do what `boost` does with (overlap / connected synapses + scaled tie-breaker).

    The share of a column without any connected synapse is 0.
    """
    own = at(block)
    overlaps, keys = own.overlaps[place, first:last], own.keys[first:last]
    boost_factors = own.columns.boost_factors[first:last]
    tie_breakers = own.columns.tie_breakers[first:last]
    thresholds = own.columns.thresholds[first:last]
    connected_counts = own.columns.connected_counts[first:last]
    scale = np.float32(own.rule.tie_scale)
    for c in range(keys.size):
        share = np.float32(overlaps[c]) / np.float32(max(connected_counts[c], np.int32(1)))
        boosted = boost_factors[c] * (share + scale * tie_breakers[c])
        keys[c] = order_key(boosted) if overlaps[c] >= thresholds[c] else np.uint32(0)
    return 0


@helper
def _boost_moderately(own: Boosting, overlaps: NDArray[np.uint16], first: int, last: int) -> None:
    """As `boost_widely`, where boost factors lie well within float32 and keys hold all bits."""
    columns = own.columns
    overlaps, keys = overlaps[first:last], own.keys[first:last]
    boost_factors, tie_breakers = (
        columns.boost_factors[first:last],
        columns.tie_breakers[first:last],
    )
    thresholds = columns.thresholds[first:last]
    shared, scale = columns.connected_counts.size > 0, np.float32(own.rule.tie_scale)
    connected_counts = columns.connected_counts[first : last if shared else first]
    base = int(np.int64(-own.rule.lowest_exponent * 2.0**23) + 1)
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
def boost_widely(block: Boosting, place: int, first: int, last: int) -> int:
    """Do what `boost` does with exp(strength (t - a)) as if float32 had exponents without end.

    Of overlaps or shares, whichever the columns are compared by. So 2^n y, with y a float32, has
    the bits of y raised by n times 2^23. Where not all of these fit into the 32 bits of a key, the
    last of them are dropped. Boost factors are those of the duty cycles, so the same keys come from
    them where they are moderate.
    """
    own = at(block)
    columns, rule, overlaps, keys = own.columns, own.rule, own.overlaps[place], own.keys
    n_others = np.int32(0)
    for factor in columns.boost_factors[first:last]:
        n_others += np.int32(not ((factor > MODERATE[0]) & (factor < MODERATE[1])))
    if rule.key_scale == 1.0 and n_others == 0:
        _boost_moderately(own, overlaps, first, last)
        return 0
    tie_breakers, thresholds = columns.tie_breakers, columns.thresholds
    shared, near = columns.connected_counts.size > 0, columns.targets.size > 0
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
        place_of_key = (n - rule.lowest_exponent) * 2.0**23 + np.float64(bits) if bits > 0 else 0.0
        key = np.uint32(np.int64(min(max(place_of_key, 0.0) * rule.key_scale, most)) + np.int64(1))
        keys[c] = key if overlaps[c] >= thresholds[c] else np.uint32(0)
    return 0
