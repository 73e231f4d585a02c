"""Vectors of keys: integers in the order in which columns are chosen, 0 for those left out."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numpy.typing import NDArray

from fastsp.kernels.llvm.lanes import LANES
from fastsp.kernels.llvm.lowering import (
    I32,
    I64,
    compiled_by,
    load,
    mask,
    splat,
    vector_at,
)

AT_ONCE = 4 * LANES
"""Keys that are counted or compared at once; a multiple of them is."""
_KEYS = ir.VectorType(I32, LANES)
_ZEROS = ir.Constant(_KEYS, [0] * LANES)
_PARTS = range(0, AT_ONCE, LANES)


def _generate_at_least(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    keys, first, bound = arguments
    own = load(builder, keys, first, I32, LANES)
    bounds = splat(builder, builder.trunc(bound, I32), LANES)
    return mask(builder, builder.icmp_unsigned(">=", own, bounds))


@compiled_by(_generate_at_least, types.uint64)
def lanes_at_least(keys: NDArray[np.uint32], first: int, bound: int) -> np.uint64:
    """Return a word with a one for each of 16 keys, from `first` on, that is at least `bound`."""
    found = np.uint64(0)
    for lane in range(LANES):
        found |= np.uint64(keys[first + lane] >= np.uint32(bound)) << np.uint64(lane)
    return found


def _generate_count(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    keys, n, bound = arguments
    add_up = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(I32, [_KEYS]), f"llvm.vector.reduce.add.v{LANES}i32"
    )
    bounds = splat(builder, builder.trunc(bound, I32), LANES)
    before = builder.block
    loop, done = builder.append_basic_block("keys"), builder.append_basic_block("counted")
    builder.cbranch(builder.icmp_signed(">", n, ir.Constant(I64, 0)), loop, done)
    builder.position_at_end(loop)
    first = builder.phi(I64)
    counts = [builder.phi(_KEYS) for _ in _PARTS]
    first.add_incoming(ir.Constant(I64, 0), before)
    counted = []
    for part, count in zip(_PARTS, counts, strict=True):
        own = load(builder, keys, builder.add(first, ir.Constant(I64, part)), I32, LANES)
        # A truth value, extended with its sign, is -1.
        reached = builder.sext(builder.icmp_unsigned(">=", own, bounds), _KEYS)
        counted.append(builder.sub(count, reached))
        count.add_incoming(_ZEROS, before)
        count.add_incoming(counted[-1], loop)
    following = builder.add(first, ir.Constant(I64, AT_ONCE))
    first.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed("<", following, n), loop, done)
    builder.position_at_end(done)
    parts = [builder.phi(_KEYS) for _ in counted]
    for part, count in zip(parts, counted, strict=True):
        part.add_incoming(_ZEROS, before)
        part.add_incoming(count, loop)
    total = builder.add(builder.add(parts[0], parts[1]), builder.add(parts[2], parts[3]))
    return builder.zext(builder.call(add_up, [total]), I64)


@compiled_by(_generate_count, types.int64)
def count_at_least(keys: NDArray[np.uint32], n: int, bound: int) -> int:
    """Return how many of the first `n` keys, a multiple of 64, are at least `bound`."""
    count = 0
    for i in range(n):
        count += int(keys[i] >= np.uint32(bound))
    return count


def _generate_maxima(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    keys, n, n_lanes, maxima = arguments
    before = builder.block
    outer, inner, store, done = (
        builder.append_basic_block(name) for name in ("lanes", "keys", "store", "stored")
    )
    builder.branch(outer)
    builder.position_at_end(outer)
    lane = builder.phi(I64)
    lane.add_incoming(ir.Constant(I64, 0), before)
    builder.branch(inner)
    builder.position_at_end(inner)
    first = builder.phi(I64)
    first.add_incoming(lane, outer)
    largest = [builder.phi(_KEYS) for _ in _PARTS]
    larger = []
    for part, before_these in zip(_PARTS, largest, strict=True):
        own = load(builder, keys, builder.add(first, ir.Constant(I64, part)), I32, LANES)
        is_larger = builder.icmp_unsigned(">", own, before_these)
        larger.append(builder.select(is_larger, own, before_these))
        before_these.add_incoming(_ZEROS, outer)
        before_these.add_incoming(larger[-1], inner)
    following = builder.add(first, n_lanes)
    first.add_incoming(following, inner)
    builder.cbranch(builder.icmp_signed("<", following, n), inner, store)
    builder.position_at_end(store)
    for part, own in zip(_PARTS, larger, strict=True):
        place = builder.add(lane, ir.Constant(I64, part))
        builder.store(own, vector_at(builder, maxima, place, I32, LANES), align=4)
    next_lane = builder.add(lane, ir.Constant(I64, AT_ONCE))
    lane.add_incoming(next_lane, store)
    builder.cbranch(builder.icmp_signed("<", next_lane, n_lanes), outer, done)
    builder.position_at_end(done)


@compiled_by(_generate_maxima, types.none)
def take_maxima(keys: NDArray[np.uint32], n: int, n_lanes: int, maxima: NDArray[np.uint32]) -> None:
    """Write to the first `n_lanes` of `maxima` the largest of the keys that each lane is dealt.

    Key i, of the first `n`, goes to lane i % `n_lanes`. Both numbers are multiples of 64, and every
    lane has a key.
    """
    for lane in range(n_lanes):
        maxima[lane] = 0
    for i in range(n):
        lane = i % n_lanes
        maxima[lane] = max(maxima[lane], keys[i])


def _generate_bound(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    keys, first, size, n_wanted, _ = arguments
    zeros, one = ir.Constant(_KEYS, [0] * LANES), ir.Constant(I64, 1)
    kind = ir.FunctionType(I32, [_KEYS])
    largest_of = cgutils.get_or_insert_function(
        builder.module, kind, f"llvm.vector.reduce.umax.v{LANES}i32"
    )
    # The last vector overlaps the one before, of which it skips what is done.
    end = builder.add(first, size)
    last = builder.sub(end, ir.Constant(I64, LANES))
    rest = builder.and_(size, ir.Constant(I64, LANES - 1))
    numbers = ir.Constant(_KEYS, list(range(LANES)))
    skip = builder.trunc(builder.sub(ir.Constant(I64, LANES), rest), I32)
    is_new = builder.icmp_unsigned(">=", numbers, splat(builder, skip, LANES))
    begun = builder.select(is_new, load(builder, keys, last, I32, LANES), zeros)
    before = builder.block
    loop, rank, done = (builder.append_basic_block(name) for name in ("keys", "rank", "ranked"))
    builder.branch(loop)
    builder.position_at_end(loop)
    position, maxima = builder.phi(I64), builder.phi(_KEYS)
    position.add_incoming(first, before)
    maxima.add_incoming(begun, before)
    own = load(builder, keys, position, I32, LANES)
    larger = builder.select(builder.icmp_unsigned(">", own, maxima), own, maxima)
    following = builder.add(position, ir.Constant(I64, LANES))
    position.add_incoming(following, loop)
    maxima.add_incoming(larger, loop)
    builder.cbranch(builder.icmp_signed("<=", following, last), loop, rank)
    builder.position_at_end(rank)
    place, left = builder.phi(I64), builder.phi(_KEYS)
    place.add_incoming(one, loop)
    left.add_incoming(larger, loop)
    largest = builder.call(largest_of, [left])
    is_largest = builder.icmp_unsigned("==", left, splat(builder, largest, LANES))
    place.add_incoming(builder.add(place, one), rank)
    left.add_incoming(builder.select(is_largest, zeros, left), rank)
    builder.cbranch(builder.icmp_signed("<", place, n_wanted), rank, done)
    builder.position_at_end(done)
    return builder.zext(largest, I64)


@compiled_by(_generate_bound, types.int64)
def bound_of_group(
    keys: NDArray[np.uint32], first: int, size: int, n_wanted: int, maxima: NDArray[np.uint32]
) -> int:
    """Return a bound that at least `n_wanted` of `keys[first :][:size]` reach, or 0.

    `size` is at least 16, `n_wanted` between 1 and 16. Key i of the group is in lane i % 16, but
    those that do not fill a vector are in the last lanes; the bound is the `n_wanted`-th largest of
    the different maxima of lanes, 0 where there are not as many.
    """
    n_whole = size // LANES * LANES
    maxima[:] = 0
    for i in range(n_whole, size):
        maxima[LANES - (size - i)] = keys[first + i]
    for start in range(first, first + n_whole, LANES):
        for lane in range(LANES):
            maxima[lane] = max(maxima[lane], keys[start + lane])
    largest = np.uint32(0)
    for _ in range(n_wanted):
        largest = np.uint32(0)
        for lane in range(LANES):
            largest = max(largest, maxima[lane])
        for lane in range(LANES):
            maxima[lane] = np.uint32(0) if maxima[lane] == largest else maxima[lane]
    return int(largest)
