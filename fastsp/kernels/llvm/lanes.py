"""Vectors of synapses, and products of matrices."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numpy.typing import NDArray

from fastsp.kernels.llvm.lowering import (
    F32,
    I8,
    I32,
    I64,
    compiled_by,
    load,
    mask,
    splat,
    vector_at,
)
from fastsp.kernels.llvm.target import vector_kind

LANES = 16
"""Synapses, keys or floats in one vector."""
LEAST_ROWS = 8
"""Rows that a matrix must have to be multiplied in tiles: none has more."""
_TILE_ROWS = {"vpopcntdq": 8, "avx512": 8, "avx2": 4, "neon": 4, "ssse3": 2, "sse2": 2}
"""Sums take half of the vector registers at most; else LLVM keeps some of them in memory."""


def _generate_prefetch(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    array, position = arguments
    kind = ir.FunctionType(ir.VoidType(), [I8.as_pointer(), I32, I32, I32])
    prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    place = builder.bitcast(builder.gep(array, [position]), I8.as_pointer())
    # For writing, to be kept close, data rather than instructions.
    builder.call(prefetch, [place, *(ir.Constant(I32, n) for n in (1, 3, 1))])


@compiled_by(_generate_prefetch, types.none)
def prefetch(array: NDArray[Any], position: int) -> None:
    """Ask for the memory around `array[position]` ahead of its use."""


def _generate_adapt(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    permanences, indices, changes, first, skip, threshold = arguments
    floats = ir.VectorType(F32, LANES)
    place = vector_at(builder, permanences, first, F32, LANES)
    old = builder.load(place, align=4)
    own = ir.Constant(floats, ir.Undefined)
    for lane in range(LANES):
        position = builder.add(first, ir.Constant(I64, lane))
        bit = builder.zext(builder.load(builder.gep(indices, [position])), I64)
        change = builder.load(builder.gep(changes, [bit]))
        own = builder.insert_element(own, change, ir.Constant(I32, lane))
    zeros, ones = (ir.Constant(floats, [x] * LANES) for x in (0.0, 1.0))
    new = builder.fadd(old, own)
    new = builder.select(builder.fcmp_ordered(">", new, zeros), new, zeros)
    new = builder.select(builder.fcmp_ordered("<", new, ones), new, ones)
    numbers = ir.Constant(ir.VectorType(I64, LANES), list(range(LANES)))
    new = builder.select(
        builder.icmp_unsigned(">=", numbers, splat(builder, skip, LANES)), new, old
    )
    builder.store(new, place, align=4)
    bound = splat(builder, threshold, LANES)
    before, after = (builder.fcmp_ordered(">=", p, bound) for p in (old, new))
    return mask(builder, builder.xor(before, after))


@compiled_by(_generate_adapt, types.uint64)
def adapt_lanes(
    permanences: NDArray[np.float32],
    indices: NDArray[np.uint32],
    changes: NDArray[np.float32],
    first: int,
    skip: int,
    threshold: np.float32,
) -> np.uint64:
    """Add its input bit's change to each of 16 permanences, from `first` on, clipped to [0, 1].

    The first `skip` of them stay as they are. Returns a word with a one for each that went from
    under `threshold` to it or above, or back.
    """
    flipped = np.uint64(0)
    for lane in range(skip, LANES):
        old = permanences[first + lane]
        new = old + changes[indices[first + lane]]
        new = min(max(new, np.float32(0)), np.float32(1))
        permanences[first + lane] = new
        flipped |= np.uint64((old >= threshold) != (new >= threshold)) << np.uint64(lane)
    return flipped


def _generate_tile_rows(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return ir.Constant(I64, tile_rows())


@compiled_by(_generate_tile_rows, types.int64)
def tile_rows() -> int:
    """Return how many rows of a matrix are multiplied at once; of LANES columns each.

    A constant in compiled kernels.
    """
    return _TILE_ROWS[vector_kind()]


def _generate_multiply(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    rows, width, source, inner, low, high, out = arguments
    floats = ir.VectorType(F32, LANES)
    starts = [builder.mul(ir.Constant(I64, r), width) for r in range(tile_rows())]
    before = builder.block
    loop, done = builder.append_basic_block("products"), builder.append_basic_block("sums")
    builder.branch(loop)
    builder.position_at_end(loop)
    j = builder.phi(I64)
    j.add_incoming(low, before)
    sums = [builder.phi(floats) for _ in range(tile_rows())]
    values = load(builder, source, builder.mul(j, inner), F32, LANES)
    following = builder.add(j, ir.Constant(I64, 1))
    j.add_incoming(following, loop)
    added = []
    for start, total in zip(starts, sums, strict=True):
        weight = builder.load(builder.gep(rows, [builder.add(start, j)]))
        added.append(builder.fadd(total, builder.fmul(splat(builder, weight, LANES), values)))
        total.add_incoming(ir.Constant(floats, [0.0] * LANES), before)
        total.add_incoming(added[-1], loop)
    builder.cbranch(builder.icmp_signed("<", following, high), loop, done)
    builder.position_at_end(done)
    for r, total in enumerate(added):
        start = builder.mul(ir.Constant(I64, r), inner)
        place = vector_at(builder, out, start, F32, LANES)
        builder.store(total, place, align=4)


@compiled_by(_generate_multiply, types.none)
def multiply_tile(
    rows: NDArray[np.float32],
    width: int,
    source: NDArray[np.float32],
    inner: int,
    low: int,
    high: int,
    out: NDArray[np.float32],
) -> None:
    """Write a tile of `out`, `tile_rows` rows by 16 columns: of `rows` times columns of `source`.

    Rows of the three matrices begin `width`, `inner` and `inner` values after each other. Only the
    columns of `rows` from `low` to `high`, at least one, are taken; sums run in ascending order, in
    float32.
    """
    for r in range(tile_rows()):
        own = out[r, :LANES]
        for i in range(LANES):
            own[i] = 0.0
        for j in range(low, high):
            weight, values = rows[r, j], source[j, :LANES]
            for i in range(LANES):
                own[i] += weight * values[i]
