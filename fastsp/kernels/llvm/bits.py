"""Rows and words of bits: packed, counted, and added by the logic of carry-save adders."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numpy.typing import NDArray

from fastsp.kernels.llvm.lowering import (
    I1,
    I8,
    I16,
    I32,
    I64,
    compiled_by,
    load,
    mask,
    plain_helper,
    splat,
    vector_at,
)

ROWS = 7
"""Bit rows added at once: as many as three binary digits can count."""
ROW_WORDS = 8
"""Words of a bit row in one vector."""
WORD = 64
"""Input bits in one word."""


def _generate_lowest_one(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.cttz(arguments[0], ir.Constant(I1, 1))


@compiled_by(_generate_lowest_one, types.int64)
def lowest_one(word: np.uint64) -> int:
    """Return the position of the lowest one in `word` (uint64); anything where there is none."""
    below: int = _count_ones(~word & (word - np.uint64(1)))
    return below


def _generate_count_ones(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    ones = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(I64, [I64]), "llvm.ctpop.i64"
    )
    return builder.call(ones, arguments)


@compiled_by(_generate_count_ones, types.int64)
def count_ones(word: np.uint64) -> int:
    """Return the number of ones in `word`, uint64."""
    ones: int = _count_ones(word)
    return ones


@plain_helper
def _count_ones(word: np.uint64) -> Any:
    """Return the number of ones in `word`: in pairs of bits, in fours, in bytes, in all."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    pairs = np.uint64(0x3333333333333333)
    word = (word & pairs) + ((word >> np.uint64(2)) & pairs)
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    word = word + (word >> np.uint64(8))
    word = word + (word >> np.uint64(16))
    return np.int64((word + (word >> np.uint64(32))) & np.uint64(0x7F))


@plain_helper
def _add_bits(a: np.uint64, b: np.uint64, c: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Add three bits in each bit position: return the sums' ones and twos."""
    either = a ^ b
    return either ^ c, (a & b) | (either & c)


def _generate_counts(builder: Any, arguments: Any, n_together: int) -> None:
    """Build a loop over `n_together` words at a time: one, or those of a pair."""
    masks, first, last, words, start, counts, position = arguments
    vectors = ir.VectorType(I64, ROW_WORDS)
    zeros = ir.Constant(vectors, [0] * ROW_WORDS)
    ones = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(vectors, [vectors]), f"llvm.ctpop.v{ROW_WORDS}i64"
    )
    before = builder.block
    loop, count = builder.append_basic_block("words"), builder.append_basic_block("count")
    done = builder.append_basic_block("counted")
    builder.cbranch(builder.icmp_signed("<", first, last), loop, done)
    builder.position_at_end(loop)
    w, at = builder.phi(I64), builder.phi(I64)
    sums = [builder.phi(vectors) for _ in range(WORD // ROW_WORDS)]
    mask = splat(builder, builder.load(builder.gep(masks, [w])), ROW_WORDS)
    added = []
    for j, total in enumerate(sums):
        place = builder.add(at, ir.Constant(I64, j * ROW_WORDS))
        own = builder.and_(load(builder, words, place, I64, ROW_WORDS), mask)
        if n_together == 2:
            place = builder.add(place, ir.Constant(I64, WORD))
            other = builder.and_(load(builder, words, place, I64, ROW_WORDS), builder.not_(mask))
            own = builder.or_(own, other)
        added.append(builder.add(total, builder.call(ones, [own])))
        total.add_incoming(zeros, before)
        total.add_incoming(added[-1], loop)
    following = builder.add(w, ir.Constant(I64, n_together))
    w.add_incoming(first, before)
    w.add_incoming(following, loop)
    at.add_incoming(start, before)
    at.add_incoming(builder.add(at, ir.Constant(I64, n_together * WORD)), loop)
    builder.cbranch(builder.icmp_signed("<", following, last), loop, count)
    builder.position_at_end(count)
    shorts = ir.VectorType(I16, ROW_WORDS)
    for j, total in enumerate(added):
        place = builder.add(position, ir.Constant(I64, j * ROW_WORDS))
        builder.store(
            builder.trunc(total, shorts),
            vector_at(builder, counts, place, I16, ROW_WORDS),
            align=2,
        )
    builder.branch(done)
    builder.position_at_end(done)


def _generate_count_common(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    _generate_counts(builder, arguments, 1)


@compiled_by(_generate_count_common, types.none)
def count_common(
    masks: NDArray[np.uint64],
    first: int,
    last: int,
    words: NDArray[np.uint64],
    start: int,
    counts: NDArray[np.uint16],
    position: int,
) -> None:
    """Write to `counts[position :][:64]` how many ones 64 rows of words share with `masks`.

    Word w of row r, for w from `first` to `last`, is `words[start + 64 * (w - first) + r]`. Nothing
    is written where there are none.
    """
    if first < last:
        own = counts[position : position + WORD]
        for r in range(WORD):
            own[r] = 0
        for w in range(first, last):
            place, mask = start + WORD * (w - first), masks[w]
            rows = words[place : place + WORD]
            for r in range(WORD):
                own[r] += np.uint16(_count_ones(rows[r] & mask))


def _generate_count_chosen(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    _generate_counts(builder, arguments, 2)


@compiled_by(_generate_count_chosen, types.none)
def count_chosen(
    masks: NDArray[np.uint64],
    first: int,
    last: int,
    words: NDArray[np.uint64],
    start: int,
    counts: NDArray[np.uint16],
    position: int,
) -> None:
    """Do what `count_common` does where every other word of `masks` is the one before, negated.

    `first` and `last` are even. Both words of a pair are counted at once.
    """
    if first < last:
        own = counts[position : position + WORD]
        for r in range(WORD):
            own[r] = 0
        for w in range(first, last, 2):
            place, mask = start + WORD * (w - first), masks[w]
            rows, others = words[place : place + WORD], words[place + WORD : place + 2 * WORD]
            for r in range(WORD):
                own[r] += np.uint16(_count_ones((rows[r] & mask) | (others[r] & ~mask)))


def _full_adder(builder: Any, a: Any, b: Any, c: Any) -> tuple[Any, Any]:
    """Add three bits in each bit position: return the sums' ones and twos."""
    either = builder.xor(a, b)
    return builder.xor(either, c), builder.or_(builder.and_(a, b), builder.and_(either, c))


def _generate_add_rows(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    words, offsets, offset, planes, stride, first = arguments[:6]
    n_planes = arguments[6]
    rows = []
    for j in range(ROWS):
        start = builder.load(builder.gep(offsets, [ir.Constant(I64, j)]))
        rows.append(load(builder, words, builder.add(start, offset), I64, ROW_WORDS))
    ones_a, twos_a = _full_adder(builder, *rows[0:3])
    ones_b, twos_b = _full_adder(builder, *rows[3:6])
    ones, twos_c = _full_adder(builder, ones_a, ones_b, rows[6])
    twos, fours = _full_adder(builder, twos_a, twos_b, twos_c)
    carry = ir.Constant(ir.VectorType(I64, ROW_WORDS), [0] * ROW_WORDS)
    position = first
    for digit in (ones, twos, fours):
        place = vector_at(builder, planes, position, I64, ROW_WORDS)
        total, carry = _full_adder(builder, digit, carry, builder.load(place, align=8))
        builder.store(total, place, align=8)
        position = builder.add(position, stride)
    # Carry on through the remaining planes.
    before = builder.block
    loop, done = builder.append_basic_block("carry"), builder.append_basic_block("carried")
    more = builder.icmp_signed(">", n_planes, ir.Constant(I64, 3))
    builder.cbranch(more, loop, done)
    builder.position_at_end(loop)
    plane = builder.phi(I64)
    plane.add_incoming(ir.Constant(I64, 3), before)
    at = builder.phi(I64)
    at.add_incoming(position, before)
    carried = builder.phi(carry.type)
    carried.add_incoming(carry, before)
    place = vector_at(builder, planes, at, I64, ROW_WORDS)
    held = builder.load(place, align=8)
    builder.store(builder.xor(held, carried), place, align=8)
    following = builder.add(plane, ir.Constant(I64, 1))
    plane.add_incoming(following, loop)
    at.add_incoming(builder.add(at, stride), loop)
    carried.add_incoming(builder.and_(held, carried), loop)
    builder.cbranch(builder.icmp_signed("<", following, n_planes), loop, done)
    builder.position_at_end(done)


@compiled_by(_generate_add_rows, types.none)
def add_rows(
    words: NDArray[np.uint64],
    offsets: NDArray[np.int64],
    offset: int,
    planes: NDArray[np.uint64],
    stride: int,
    first: int,
    n_planes: int,
) -> None:
    """Add seven rows of bits to counters, 8 words (512 counters) of each.

    Row j is `words[offsets[j] + offset :][:8]`. The counters are bit planes: digit d of the counter
    at bit b of word w is bit b of `planes[first + d * stride + w]`, for d below `n_planes`, at
    least 3. Changes `planes`.
    """
    for w in range(offset, offset + ROW_WORDS):
        a, b, c = words[offsets[0] + w], words[offsets[1] + w], words[offsets[2] + w]
        d, e, f = words[offsets[3] + w], words[offsets[4] + w], words[offsets[5] + w]
        ones_a, twos_a = _add_bits(a, b, c)
        ones_b, twos_b = _add_bits(d, e, f)
        ones, twos_c = _add_bits(ones_a, ones_b, words[offsets[6] + w])
        twos, fours = _add_bits(twos_a, twos_b, twos_c)
        at = first + w - offset
        planes[at], carry = _add_bits(ones, np.uint64(0), planes[at])
        planes[at + stride], carry = _add_bits(twos, carry, planes[at + stride])
        planes[at + 2 * stride], carry = _add_bits(fours, carry, planes[at + 2 * stride])
        for digit in range(3, n_planes):
            held = planes[at + digit * stride]
            planes[at + digit * stride], carry = held ^ carry, held & carry


def _generate_unpack(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    planes, stride, first, n_planes, counts, position = arguments
    bytes_, shorts = ir.VectorType(I8, 64), ir.VectorType(I16, 64)
    undefined = ir.Constant(ir.VectorType(I8, 8), ir.Undefined)
    spread = ir.Constant(ir.VectorType(I32, 64), [i // 8 for i in range(64)])
    bits = ir.Constant(bytes_, [1 << (i % 8) for i in range(64)])
    before = builder.block
    loop, done = builder.append_basic_block("digit"), builder.append_basic_block("digits")
    builder.branch(loop)
    builder.position_at_end(loop)
    digit, at, value, total = (builder.phi(t) for t in (I64, I64, I16, shorts))
    digit.add_incoming(ir.Constant(I64, 0), before)
    at.add_incoming(first, before)
    value.add_incoming(ir.Constant(I16, 1), before)
    total.add_incoming(ir.Constant(shorts, [0] * 64), before)
    word = builder.load(builder.gep(planes, [at]))
    eight = builder.bitcast(word, ir.VectorType(I8, 8))
    own = builder.and_(builder.shuffle_vector(eight, undefined, spread), bits)
    is_one = builder.icmp_unsigned("!=", own, ir.Constant(bytes_, [0] * 64))
    zeros = ir.Constant(shorts, [0] * 64)
    added = builder.add(total, builder.select(is_one, splat(builder, value, 64), zeros))
    following = builder.add(digit, ir.Constant(I64, 1))
    digit.add_incoming(following, loop)
    at.add_incoming(builder.add(at, stride), loop)
    value.add_incoming(builder.shl(value, ir.Constant(I16, 1)), loop)
    total.add_incoming(added, loop)
    builder.cbranch(builder.icmp_signed("<", following, n_planes), loop, done)
    builder.position_at_end(done)
    builder.store(added, vector_at(builder, counts, position, I16, 64), align=2)


@compiled_by(_generate_unpack, types.none)
def unpack_counters(
    planes: NDArray[np.uint64],
    stride: int,
    first: int,
    n_planes: int,
    counts: NDArray[np.uint16],
    position: int,
) -> None:
    """Write to `counts[position :][:64]` the counters in one word of the planes of `add_rows`."""
    own = counts[position : position + WORD]
    for bit in range(WORD):
        own[bit] = 0
    for digit in range(n_planes):
        word, value = planes[first + digit * stride], np.uint16(1 << digit)
        for bit in range(WORD):
            own[bit] += value if (word >> np.uint64(bit)) & np.uint64(1) else np.uint16(0)


def _generate_pack(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    x, first, bound = arguments
    own = load(builder, x, first, I8, WORD)
    bounds = splat(builder, builder.trunc(bound, I8), WORD)
    return mask(builder, builder.icmp_unsigned(">", own, bounds))


@compiled_by(_generate_pack, types.uint64)
def pack_word(x: NDArray[np.uint8], first: int, bound: int) -> np.uint64:
    """Return a word with a one for each of 64 values, from `first` on, above `bound`, uint8."""
    word = np.uint64(0)
    for i in range(WORD):
        word |= np.uint64(x[first + i] > bound) << np.uint64(i)
    return word
