"""How compiled code calls steps of which it knows neither the kind nor the arrays.

A step is a kernel for one kind of thing: of inhibition, say, or of overlap index. Its first
argument is a block: a named tuple of arrays, numbers and further named tuples, laid out in memory
as words of 64 bits. A closure is a step with its block. `call` calls a closure by its address, so
the caller is compiled once for all kinds, and a kind that nobody uses is never compiled.

    @step
    def compete(block: Global, first: int, last: int) -> int:
        own = at(block)
        ...

    closure = bind(compete, Global(keys, active))   # in Python
    n_active = call(closure, (first, last))         # in a kernel, or in Python
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, overload

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array
from numpy.typing import NDArray

from fastsp.kernels.jit import address_of, kernel

Kind = TypeVar("Kind")
_WORD = ir.IntType(64)


LINE = 64
"""Bytes in a cache line, and in the widest vectors."""


def aligned_zeros(shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """Return an array of zeros that begins with a cache line, so that no vector lies across two."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(n_bytes + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + n_bytes].view(dtype).reshape(shape)


class Closure(NamedTuple):
    """A compiled step and its block, as addresses; where nothing is compiled, the two themselves.

    What is at these addresses must be kept: see `Bound`.
    """

    function: Any
    block: Any


NOTHING = Closure(0, 0)
"""In the place of a step that a pooler does without; its function is 0."""


class Block(Generic[Kind]):
    """A named tuple laid out in memory, for kernels that get its address.

    Attributes
    ----------
    value : NamedTuple, keeps the arrays alive
    words : (n,) int64, where they are
    """

    def __init__(self, value: Kind) -> None:
        self.value = value
        self.words = np.array([] if numba.config.DISABLE_JIT else _words(value), np.int64)

    @property
    def address(self) -> Any:
        """Where the words are; where nothing is compiled, the block itself."""
        return self if numba.config.DISABLE_JIT else self.words.ctypes.data

    def set(self, value: Kind) -> None:
        """Put another named tuple of the same types into the place of this one."""
        self.value = value
        if not numba.config.DISABLE_JIT:
            self.words[:] = _words(value)


class Bound:
    """A closure, and what must be kept while it may be called: it can stand for it in a block.

    Attributes
    ----------
    function : the step, or its address
    block : Block
    """

    def __init__(self, step: Callable[..., int], value: Any) -> None:
        self.block: Block[Any] = Block(value)
        plain = numba.config.DISABLE_JIT
        self.function: Any = step if plain else address_of(step, _pointer_to(value))

    @property
    def closure(self) -> Closure:
        """What kernels call."""
        return Closure(self.function, self.block.address)

    def __call__(self, *numbers: int) -> int:
        """Call the step from Python."""
        given: Any = tuple(np.int64(number) for number in numbers)
        return int(invoke(*self.closure, given))


Step = Bound | Closure
"""What can be called, and stand in a block."""


def closures(bound: Sequence[Bound]) -> NDArray[Any]:
    """Return closures as an array (n, 2), functions and blocks."""
    rows = np.empty((len(bound), 2), object if numba.config.DISABLE_JIT else np.int64)
    for row, one in zip(rows, bound, strict=True):
        row[0], row[1] = one.closure
    return rows


def _words(value: Any) -> list[int]:
    """Return what `_load` reads: the words of a value, one after the other."""
    if value is None:
        return []
    if isinstance(value, np.ndarray):
        if not value.flags.c_contiguous:
            raise ValueError("arrays of a block must be C-contiguous")
        return [value.ctypes.data, *value.shape]
    if isinstance(value, Bound):
        return _words(value.closure)
    if isinstance(value, Block):
        return [value.words.ctypes.data]
    if isinstance(value, tuple):
        return [word for part in value for word in _words(part)]
    if isinstance(value, float | np.floating):
        return [int(np.float64(value).view(np.int64))]
    return [int(value)]


def _type_of(value: Any) -> Any:
    """Return the type that a value has in a kernel: integers are int64, floats are float64."""
    if value is None:
        return types.none
    if isinstance(value, np.ndarray):
        return types.Array(numba.from_dtype(value.dtype), value.ndim, "C")
    if isinstance(value, Bound):
        return _type_of(Closure(0, 0))
    if isinstance(value, Block):
        return _pointer_to(value.value)
    if isinstance(value, tuple):
        return types.NamedTuple([_type_of(part) for part in value], type(value))
    return types.float64 if isinstance(value, float | np.floating) else types.int64


def _pointer_to(value: Any) -> Any:
    return types.CPointer(_type_of(value))


def _make_array(context: Any, builder: Any, kind: Any, start: Any, shape: list[Any]) -> Any:
    """Return a C-contiguous array that begins at an address, and owns nothing."""
    array = context.make_array(kind)(context, builder)
    size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
    strides: list[Any] = []
    stride = ir.Constant(_WORD, size)
    for n in reversed(shape):
        strides.insert(0, stride)
        stride = builder.mul(stride, n)
    data = builder.inttoptr(start, array.data.type)
    populate_array(array, data, shape, strides, ir.Constant(_WORD, size), meminfo=None)
    return array._getvalue()


def _load(context: Any, builder: Any, kind: Any, words: Any, place: int) -> tuple[Any, int]:
    """Return the value that lies at a place among `words`, and the place behind it."""

    def next_word() -> Any:
        nonlocal place
        place += 1
        return builder.load(builder.gep(words, [ir.Constant(_WORD, place - 1)]))

    if isinstance(kind, types.BaseTuple):
        parts = []
        for one in kind.types:
            part, place = _load(context, builder, one, words, place)
            parts.append(part)
        return context.make_tuple(builder, kind, parts), place
    if isinstance(kind, types.Array):
        start = next_word()
        shape = [next_word() for _ in range(kind.ndim)]
        return _make_array(context, builder, kind, start, shape), place
    if isinstance(kind, types.NoneType):
        return context.get_dummy_value(), place
    word = next_word()
    if isinstance(kind, types.CPointer):
        return builder.inttoptr(word, context.get_value_type(kind)), place
    return (builder.bitcast(word, ir.DoubleType()) if kind == types.float64 else word), place


@intrinsic  # type: ignore[untyped-decorator]
def _at(typing_context: Any, block: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        words = builder.bitcast(arguments[0], _WORD.as_pointer())
        return _load(context, builder, block.dtype, words, 0)[0]

    return block.dtype(block), generate


@intrinsic  # type: ignore[untyped-decorator]
def _call(typing_context: Any, closure: Any, numbers: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        function, block = (builder.extract_value(arguments[0], i) for i in range(2))
        given = [
            context.cast(builder, builder.extract_value(arguments[1], i), kind, types.int64)
            for i, kind in enumerate(numbers.types)
        ]
        of_block = types.CPointer(types.int64)
        kinds = (of_block, *[types.int64] * len(given))
        pointer = context.call_conv.get_function_type(types.int64, kinds).as_pointer()
        status, result = context.call_conv.call_function(
            builder,
            builder.inttoptr(function, pointer),
            types.int64,
            kinds,
            [builder.inttoptr(block, context.get_value_type(of_block)), *given],
        )
        with cgutils.if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return result

    return types.int64(closure, numbers), generate


@intrinsic  # type: ignore[untyped-decorator]
def _address(typing_context: Any, array: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(array)(context, builder, value=arguments[0])
        return builder.ptrtoint(made.data, _WORD)

    return types.int64(array), generate


@intrinsic  # type: ignore[untyped-decorator]
def _array_at(typing_context: Any, place: Any, n: Any, kind: Any) -> Any:
    made = types.Array(kind.dtype, 1, "C")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _make_array(context, builder, made, arguments[0], [arguments[1]])

    return made(types.int64, types.int64, kind), generate


if TYPE_CHECKING or numba.config.DISABLE_JIT:

    @overload
    def at(block: Block[Kind]) -> Kind: ...
    @overload
    def at(block: Kind) -> Kind: ...
    def at(block: Any) -> Any:
        """Return the named tuple that lies in memory at `block`, the first argument of a step."""
        return block.value if isinstance(block, Block) else block

    def call(closure: Step, numbers: tuple[int, ...]) -> int:
        """Call a closure with numbers, and return the number that it returns."""
        return int(closure.function(closure.block, *numbers))

    def address(array: NDArray[Any]) -> Any:
        """Return where the first element of an array lies, for `array_at`."""
        return array

    def array_at(place: Any, n: int, kind: Any) -> NDArray[Any]:
        """Return the `n` elements of type `kind` that lie at an address."""
        array: NDArray[Any] = place
        return array

else:
    at, call, address, array_at = _at, _call, _address, _array_at


@kernel
def invoke(function: Any, block: Any, numbers: tuple[int, ...]) -> int:
    """Call a closure from Python; it is compiled once for each number of numbers."""
    return call(Closure(function, block), numbers)
