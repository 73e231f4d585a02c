"""Vector instructions for the innermost steps, where a plain loop would not become any.

Each function here is written twice: in plain Python, which says what it means, and as LLVM vector
code, which is what compiled kernels run. LLVM turns that into the vector instructions of the
machine at hand, whichever they are. All arrays are C-contiguous; nothing is checked.
"""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, type_callable
from numpy.typing import NDArray

LANES = 16
"""Synapses or keys in one vector."""
ROWS = 7
"""Bit rows added at once: as many as three binary digits can count."""
ROW_WORDS = 8
"""Words of a bit row in one vector."""
WORD = 64
"""Input bits in one word."""
TILE_ROWS = 8
"""Rows of a matrix multiplied at once; of LANES columns each."""

Function = TypeVar("Function", bound=Callable[..., Any])
_Generator = Callable[[Any, Any, Any, Any], Any]
_I1, _I8, _I16, _I32, _I64 = (ir.IntType(n) for n in (1, 8, 16, 32, 64))
_F32 = ir.FloatType()


def compiled_by(generate: _Generator, result: Any) -> Callable[[Function], Function]:
    """Let compiled callers of a plain function run the LLVM code that `generate` builds."""

    def register(plain: Function) -> Function:
        def typer(*arguments: Any) -> Any:
            return result

        typer.__signature__ = inspect.signature(plain)  # type: ignore[attr-defined]
        type_callable(plain)(lambda context: typer)

        def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            arrays = [
                context.make_array(kind)(context, builder, value=value).data
                if isinstance(kind, types.Array)
                else context.cast(builder, value, kind, types.int64)
                if isinstance(kind, types.Integer)
                else value
                for kind, value in zip(signature.args, arguments, strict=True)
            ]
            made = generate(context, builder, signature, arrays)
            return context.get_dummy_value() if made is None else made

        lower_builtin(plain, types.VarArg(types.Any))(lower)
        return plain

    return register


def _splat(builder: Any, scalar: Any, n: int) -> Any:
    undefined = ir.Constant(ir.VectorType(scalar.type, n), ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_I32, n), [0] * n))


def _vector_at(builder: Any, array: Any, position: Any, kind: Any, n: int) -> Any:
    pointer = builder.gep(array, [position])
    return builder.bitcast(pointer, ir.VectorType(kind, n).as_pointer())


def _load(builder: Any, array: Any, position: Any, kind: Any, n: int) -> Any:
    return builder.load(
        _vector_at(builder, array, position, kind, n), align=4 if kind == _F32 else kind.width // 8
    )


def _mask(builder: Any, lanes: Any) -> Any:
    if lanes.type.count == WORD:
        return builder.bitcast(lanes, _I64)
    return builder.zext(builder.bitcast(lanes, ir.IntType(lanes.type.count)), _I64)


def _generate_lowest_one(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.cttz(arguments[0], ir.Constant(_I1, 1))


@compiled_by(_generate_lowest_one, types.int64)
def lowest_one(word: np.uint64) -> int:
    """Return the position of the lowest one in `word` (uint64), which is not 0."""
    bits = int(word)
    return (bits & -bits).bit_length() - 1


def _generate_count_common(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    masks, first, last, words, start, counts, position = arguments
    vectors = ir.VectorType(_I64, ROW_WORDS)
    zeros = ir.Constant(vectors, [0] * ROW_WORDS)
    ones = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(vectors, [vectors]), f"llvm.ctpop.v{ROW_WORDS}i64"
    )
    before = builder.block
    loop, count = builder.append_basic_block("words"), builder.append_basic_block("count")
    done = builder.append_basic_block("counted")
    builder.cbranch(builder.icmp_signed("<", first, last), loop, done)
    builder.position_at_end(loop)
    w, at = builder.phi(_I64), builder.phi(_I64)
    sums = [builder.phi(vectors) for _ in range(WORD // ROW_WORDS)]
    mask = _splat(builder, builder.load(builder.gep(masks, [w])), ROW_WORDS)
    added = []
    for j, total in enumerate(sums):
        place = builder.add(at, ir.Constant(_I64, j * ROW_WORDS))
        own = builder.and_(_load(builder, words, place, _I64, ROW_WORDS), mask)
        added.append(builder.add(total, builder.call(ones, [own])))
        total.add_incoming(zeros, before)
        total.add_incoming(added[-1], loop)
    following = builder.add(w, ir.Constant(_I64, 1))
    w.add_incoming(first, before)
    w.add_incoming(following, loop)
    at.add_incoming(start, before)
    at.add_incoming(builder.add(at, ir.Constant(_I64, WORD)), loop)
    builder.cbranch(builder.icmp_signed("<", following, last), loop, count)
    builder.position_at_end(count)
    shorts = ir.VectorType(_I16, ROW_WORDS)
    for j, total in enumerate(added):
        place = builder.add(position, ir.Constant(_I64, j * ROW_WORDS))
        builder.store(
            builder.trunc(total, shorts),
            _vector_at(builder, counts, place, _I16, ROW_WORDS),
            align=2,
        )
    builder.branch(done)
    builder.position_at_end(done)


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
        for r in range(WORD):
            counts[position + r] = sum(
                (int(masks[w]) & int(words[start + WORD * (w - first) + r])).bit_count()
                for w in range(first, last)
            )


def _generate_prefetch(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    array, position = arguments
    kind = ir.FunctionType(ir.VoidType(), [_I8.as_pointer(), _I32, _I32, _I32])
    prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    place = builder.bitcast(builder.gep(array, [position]), _I8.as_pointer())
    # For writing, to be kept close, data rather than instructions.
    builder.call(prefetch, [place, *(ir.Constant(_I32, n) for n in (1, 3, 1))])


@compiled_by(_generate_prefetch, types.none)
def prefetch(array: NDArray[Any], position: int) -> None:
    """Ask for the memory around `array[position]` ahead of its use."""


def _generate_adapt(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    permanences, indices, changes, first, skip, threshold = arguments
    floats = ir.VectorType(_F32, LANES)
    place = _vector_at(builder, permanences, first, _F32, LANES)
    old = builder.load(place, align=4)
    own = ir.Constant(floats, ir.Undefined)
    for lane in range(LANES):
        position = builder.add(first, ir.Constant(_I64, lane))
        bit = builder.zext(builder.load(builder.gep(indices, [position])), _I64)
        change = builder.load(builder.gep(changes, [bit]))
        own = builder.insert_element(own, change, ir.Constant(_I32, lane))
    zeros, ones = (ir.Constant(floats, [x] * LANES) for x in (0.0, 1.0))
    new = builder.fadd(old, own)
    new = builder.select(builder.fcmp_ordered(">", new, zeros), new, zeros)
    new = builder.select(builder.fcmp_ordered("<", new, ones), new, ones)
    numbers = ir.Constant(ir.VectorType(_I64, LANES), list(range(LANES)))
    new = builder.select(
        builder.icmp_unsigned(">=", numbers, _splat(builder, skip, LANES)), new, old
    )
    builder.store(new, place, align=4)
    bound = _splat(builder, threshold, LANES)
    before, after = (builder.fcmp_ordered(">=", p, bound) for p in (old, new))
    return _mask(builder, builder.xor(before, after))


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
    flipped = 0
    for lane in range(skip, LANES):
        old = permanences[first + lane]
        new = old + changes[indices[first + lane]]
        new = min(max(new, np.float32(0)), np.float32(1))
        permanences[first + lane] = new
        flipped |= int((old >= threshold) != (new >= threshold)) << lane
    return np.uint64(flipped)


def _full_adder(builder: Any, a: Any, b: Any, c: Any) -> tuple[Any, Any]:
    """Add three bits in each bit position: return the sums' ones and twos."""
    either = builder.xor(a, b)
    return builder.xor(either, c), builder.or_(builder.and_(a, b), builder.and_(either, c))


def _generate_add_rows(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    words, offsets, offset, planes, stride, first = arguments[:6]
    n_planes = arguments[6]
    rows = []
    for j in range(ROWS):
        start = builder.load(builder.gep(offsets, [ir.Constant(_I64, j)]))
        rows.append(_load(builder, words, builder.add(start, offset), _I64, ROW_WORDS))
    ones_a, twos_a = _full_adder(builder, *rows[0:3])
    ones_b, twos_b = _full_adder(builder, *rows[3:6])
    ones, twos_c = _full_adder(builder, ones_a, ones_b, rows[6])
    twos, fours = _full_adder(builder, twos_a, twos_b, twos_c)
    carry = ir.Constant(ir.VectorType(_I64, ROW_WORDS), [0] * ROW_WORDS)
    position = first
    for digit in (ones, twos, fours):
        place = _vector_at(builder, planes, position, _I64, ROW_WORDS)
        total, carry = _full_adder(builder, digit, carry, builder.load(place, align=8))
        builder.store(total, place, align=8)
        position = builder.add(position, stride)
    # Carry on through the remaining planes.
    before = builder.block
    loop, done = builder.append_basic_block("carry"), builder.append_basic_block("carried")
    more = builder.icmp_signed(">", n_planes, ir.Constant(_I64, 3))
    builder.cbranch(more, loop, done)
    builder.position_at_end(loop)
    plane = builder.phi(_I64)
    plane.add_incoming(ir.Constant(_I64, 3), before)
    at = builder.phi(_I64)
    at.add_incoming(position, before)
    carried = builder.phi(carry.type)
    carried.add_incoming(carry, before)
    place = _vector_at(builder, planes, at, _I64, ROW_WORDS)
    held = builder.load(place, align=8)
    builder.store(builder.xor(held, carried), place, align=8)
    following = builder.add(plane, ir.Constant(_I64, 1))
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
    for w in range(ROW_WORDS):
        for bit in range(64):
            total = 0
            for j in range(ROWS):
                total += (int(words[offsets[j] + offset + w]) >> bit) & 1
            for d in range(n_planes):
                total += ((int(planes[first + d * stride + w]) >> bit) & 1) << d
            for d in range(n_planes):
                word = int(planes[first + d * stride + w]) & ~(1 << bit)
                planes[first + d * stride + w] = word | (((total >> d) & 1) << bit)


def _generate_unpack(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    planes, stride, first, n_planes, counts, position = arguments
    bytes_, shorts = ir.VectorType(_I8, 64), ir.VectorType(_I16, 64)
    undefined = ir.Constant(ir.VectorType(_I8, 8), ir.Undefined)
    spread = ir.Constant(ir.VectorType(_I32, 64), [i // 8 for i in range(64)])
    bits = ir.Constant(bytes_, [1 << (i % 8) for i in range(64)])
    before = builder.block
    loop, done = builder.append_basic_block("digit"), builder.append_basic_block("digits")
    builder.branch(loop)
    builder.position_at_end(loop)
    digit, at, value, total = (builder.phi(t) for t in (_I64, _I64, _I16, shorts))
    digit.add_incoming(ir.Constant(_I64, 0), before)
    at.add_incoming(first, before)
    value.add_incoming(ir.Constant(_I16, 1), before)
    total.add_incoming(ir.Constant(shorts, [0] * 64), before)
    word = builder.load(builder.gep(planes, [at]))
    eight = builder.bitcast(word, ir.VectorType(_I8, 8))
    own = builder.and_(builder.shuffle_vector(eight, undefined, spread), bits)
    is_one = builder.icmp_unsigned("!=", own, ir.Constant(bytes_, [0] * 64))
    zeros = ir.Constant(shorts, [0] * 64)
    added = builder.add(total, builder.select(is_one, _splat(builder, value, 64), zeros))
    following = builder.add(digit, ir.Constant(_I64, 1))
    digit.add_incoming(following, loop)
    at.add_incoming(builder.add(at, stride), loop)
    value.add_incoming(builder.shl(value, ir.Constant(_I16, 1)), loop)
    total.add_incoming(added, loop)
    builder.cbranch(builder.icmp_signed("<", following, n_planes), loop, done)
    builder.position_at_end(done)
    builder.store(added, _vector_at(builder, counts, position, _I16, 64), align=2)


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
    for bit in range(64):
        counts[position + bit] = sum(
            ((int(planes[first + d * stride]) >> bit) & 1) << d for d in range(n_planes)
        )


def _generate_at_least(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    keys, first, bound = arguments
    own = _load(builder, keys, first, _I32, LANES)
    bounds = _splat(builder, builder.trunc(bound, _I32), LANES)
    return _mask(builder, builder.icmp_unsigned(">=", own, bounds))


@compiled_by(_generate_at_least, types.uint64)
def lanes_at_least(keys: NDArray[np.uint32], first: int, bound: int) -> np.uint64:
    """Return a word with a one for each of 16 keys, from `first` on, that is at least `bound`."""
    return np.uint64(sum(int(keys[first + lane] >= bound) << lane for lane in range(LANES)))


def _generate_multiply(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    matrix, row, width, source, inner, lane, low, high, out = arguments
    floats = ir.VectorType(_F32, LANES)
    starts = [builder.mul(builder.add(row, ir.Constant(_I64, r)), width) for r in range(TILE_ROWS)]
    before = builder.block
    loop, done = builder.append_basic_block("products"), builder.append_basic_block("sums")
    builder.branch(loop)
    builder.position_at_end(loop)
    j = builder.phi(_I64)
    j.add_incoming(low, before)
    sums = [builder.phi(floats) for _ in range(TILE_ROWS)]
    values = _load(builder, source, builder.add(builder.mul(j, inner), lane), _F32, LANES)
    following = builder.add(j, ir.Constant(_I64, 1))
    j.add_incoming(following, loop)
    added = []
    for start, total in zip(starts, sums, strict=True):
        weight = builder.load(builder.gep(matrix, [builder.add(start, j)]))
        added.append(builder.fadd(total, builder.fmul(_splat(builder, weight, LANES), values)))
        total.add_incoming(ir.Constant(floats, [0.0] * LANES), before)
        total.add_incoming(added[-1], loop)
    builder.cbranch(builder.icmp_signed("<", following, high), loop, done)
    builder.position_at_end(done)
    for r, total in enumerate(added):
        start = builder.mul(builder.add(row, ir.Constant(_I64, r)), inner)
        place = _vector_at(builder, out, builder.add(start, lane), _F32, LANES)
        builder.store(total, place, align=4)


@compiled_by(_generate_multiply, types.none)
def multiply_tile(
    matrix: NDArray[np.float32],
    row: int,
    width: int,
    source: NDArray[np.float32],
    inner: int,
    lane: int,
    low: int,
    high: int,
    out: NDArray[np.float32],
) -> None:
    """Write a tile, 8 rows from `row` and 16 columns from `lane` on, of a product of matrices.

    `matrix` has rows of `width` values, `source` and `out` rows of `inner`. Only the columns of the
    matrix from `low` to `high`, at least one, are taken; sums run in ascending order, in float32.
    """
    for r in range(row, row + TILE_ROWS):
        for i in range(lane, lane + LANES):
            total = np.float32(0)
            for j in range(low, high):
                weight, value = matrix.flat[r * width + j], source.flat[j * inner + i]
                total = np.float32(total + np.float32(weight * value))
            out.flat[r * inner + i] = total


def _generate_pack(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    x, first, bound = arguments
    own = _load(builder, x, first, _I8, WORD)
    bounds = _splat(builder, builder.trunc(bound, _I8), WORD)
    return _mask(builder, builder.icmp_unsigned(">", own, bounds))


@compiled_by(_generate_pack, types.uint64)
def pack_word(x: NDArray[np.uint8], first: int, bound: int) -> np.uint64:
    """Return a word with a one for each of 64 values, from `first` on, above `bound`, uint8."""
    return np.uint64(sum(int(x[first + i] > bound) << i for i in range(WORD)))
