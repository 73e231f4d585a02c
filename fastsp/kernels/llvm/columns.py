"""Vectors of what is computed for each column: boost factors, and keys of boosted overlaps."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numpy.typing import NDArray

from fastsp.kernels.exponential import (
    COEFFICIENTS,
    LARGEST_REST,
    LEAST,
    LN2,
    MOST,
    PER_LN2,
    exponential,
)
from fastsp.kernels.llvm.lanes import LANES
from fastsp.kernels.llvm.lowering import (
    F32,
    F64,
    I16,
    I32,
    I64,
    compiled_by,
    load,
    splat,
    vector_at,
)
from fastsp.kernels.order import order_key

_KEYS, _FLOATS, _DOUBLES = (ir.VectorType(kind, LANES) for kind in (I32, F32, F64))
_ZEROS, _NOTHING = ir.Constant(_KEYS, [0] * LANES), ir.Constant(_FLOATS, [0.0] * LANES)


def _boosted(builder: Any, arguments: Any, at: Any) -> tuple[Any, Any, Any]:
    """Return which of 16 columns may be active, their boost factors, and what they have seen."""
    overlaps, boost_factors, tie_breakers, thresholds = arguments[:4]
    overlap = load(builder, overlaps, at, I16, LANES)
    allowed = builder.icmp_unsigned(">=", overlap, load(builder, thresholds, at, I16, LANES))
    seen = builder.uitofp(builder.zext(overlap, _KEYS), _FLOATS)
    seen = builder.fadd(seen, load(builder, tie_breakers, at, F32, LANES))
    return allowed, load(builder, boost_factors, at, F32, LANES), seen


@contextmanager
def _columns(builder: Any, n: Any) -> Iterator[Any]:
    """Build a loop over the first `n` columns, 16 at a time: yields the number of the first."""
    before, zero = builder.block, ir.Constant(I64, 0)
    loop, done = builder.append_basic_block("columns"), builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed("<", zero, n), loop, done)
    builder.position_at_end(loop)
    at = builder.phi(I64)
    at.add_incoming(zero, before)
    yield at
    following = builder.add(at, ir.Constant(I64, LANES))
    at.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, n), loop, done)
    builder.position_at_end(done)


def _generate_boost(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    n, keys = arguments[4:]
    with _columns(builder, n) as at:
        allowed, factors, seen = _boosted(builder, arguments, at)
        boosted = builder.fadd(builder.fmul(factors, seen), _NOTHING)
        value = builder.bitcast(boosted, _KEYS)
        sign = builder.ashr(value, ir.Constant(_KEYS, [31] * LANES))
        flipped = builder.or_(sign, ir.Constant(_KEYS, [1 << 31] * LANES))
        key = builder.select(allowed, builder.xor(value, flipped), _ZEROS)
        builder.store(key, vector_at(builder, keys, at, I32, LANES), align=4)


@compiled_by(_generate_boost, types.none)
def boost_lanes(
    overlaps: NDArray[np.uint16],
    boost_factors: NDArray[np.float32],
    tie_breakers: NDArray[np.float32],
    thresholds: NDArray[np.uint16],
    n: int,
    keys: NDArray[np.uint32],
) -> None:
    """Fill the first `n` of `keys`, a multiple of 16, with those of boosted overlaps.

    That is the key of boost factor times (overlap + tie-breaker), in float32; 0 where the overlap
    is under the threshold.
    """
    for c in range(n):
        boosted = boost_factors[c] * (np.float32(overlaps[c]) + tie_breakers[c])
        keys[c] = order_key(boosted) if overlaps[c] >= thresholds[c] else np.uint32(0)


def _generate_boost_up(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    lowest, n, keys = arguments[4:]
    ones = ir.Constant(_KEYS, [1] * LANES)
    bases = splat(builder, builder.trunc(lowest, I32), LANES)
    with _columns(builder, n) as at:
        allowed, factors, seen = _boosted(builder, arguments, at)
        seen = builder.select(builder.fcmp_ordered(">", seen, _NOTHING), seen, _NOTHING)
        value = builder.bitcast(builder.fmul(factors, seen), _KEYS)
        some = builder.icmp_unsigned("!=", value, _ZEROS)
        key = builder.select(some, builder.add(value, bases), ones)
        key = builder.select(allowed, key, _ZEROS)
        builder.store(key, vector_at(builder, keys, at, I32, LANES), align=4)


@compiled_by(_generate_boost_up, types.none)
def boost_lanes_up(
    overlaps: NDArray[np.uint16],
    boost_factors: NDArray[np.float32],
    tie_breakers: NDArray[np.float32],
    thresholds: NDArray[np.uint16],
    lowest: int,
    n: int,
    keys: NDArray[np.uint32],
) -> None:
    """Do what `boost_lanes` does where no boosted overlap is negative, with keys of another kind.

    The key is the bits of the boosted overlap raised by `lowest`; 1 where it is 0.
    """
    for c in range(n):
        seen = max(np.float32(overlaps[c]) + tie_breakers[c], np.float32(0.0))
        bits: Any = np.float32(boost_factors[c] * seen).view(np.uint32)
        key = np.uint32(bits + np.uint32(lowest)) if bits > 0 else np.uint32(1)
        keys[c] = key if overlaps[c] >= thresholds[c] else np.uint32(0)


def _generate_exponential(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    active_duty_cycles, target, strength, n, boost_factors = arguments
    targets, strengths = (splat(builder, value, LANES) for value in (target, strength))
    floor = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(_DOUBLES, [_DOUBLES]), f"llvm.floor.v{LANES}f64"
    )

    def doubles(value: float) -> Any:
        return ir.Constant(_DOUBLES, [value] * LANES)

    def held(value: Any, least: float, most: float) -> Any:
        low, high = doubles(least), doubles(most)
        value = builder.select(builder.fcmp_ordered(">", value, low), value, low)
        return builder.select(builder.fcmp_ordered("<", value, high), value, high)

    with _columns(builder, n) as at:
        away = builder.fsub(targets, load(builder, active_duty_cycles, at, F64, LANES))
        x = held(builder.fmul(strengths, away), LEAST, MOST)
        scaled = builder.fadd(builder.fmul(x, doubles(PER_LN2)), doubles(0.5))
        whole = builder.call(floor, [scaled])
        rest = builder.fsub(x, builder.fmul(whole, doubles(LN2)))
        r = builder.fptrunc(held(rest, -LARGEST_REST, LARGEST_REST), _FLOATS)
        first, *others = (
            ir.Constant(_FLOATS, [float(np.float32(value))] * LANES) for value in COEFFICIENTS
        )
        y = first
        for coefficient in others:
            y = builder.fadd(builder.fmul(y, r), coefficient)
        exponent = builder.add(builder.fptosi(whole, _KEYS), ir.Constant(_KEYS, [127] * LANES))
        power = builder.bitcast(builder.shl(exponent, ir.Constant(_KEYS, [23] * LANES)), _FLOATS)
        place = vector_at(builder, boost_factors, at, F32, LANES)
        builder.store(builder.fmul(y, power), place, align=4)


@compiled_by(_generate_exponential, types.none)
def boost_exponentially(
    active_duty_cycles: NDArray[np.float64],
    target: float,
    strength: float,
    n: int,
    boost_factors: NDArray[np.float32],
) -> None:
    """Fill the first `n` of `boost_factors`, a multiple of 16, with exp(strength (target - a))."""
    for c in range(n):
        boost_factors[c] = exponential(strength * (target - active_duty_cycles[c]))
