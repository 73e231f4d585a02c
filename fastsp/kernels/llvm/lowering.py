"""How a function written by hand in LLVM's language is called from compiled kernels.

Each such function is written twice: in plain Python, which says what it means and runs where
nothing is compiled, and as LLVM code, which compiled kernels run. LLVM turns its vectors into the
vector instructions of the machine at hand, whichever they are. Arrays are C-contiguous where no
width of their rows is given; nothing is checked.

The plain versions can be compiled by Numba as well: those named in `PLAIN` are, which
`python -m bench.llvm` times beside the others.
"""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, register_jitable, type_callable

from fastsp.kernels.jit import PLAIN, kernel

Function = TypeVar("Function", bound=Callable[..., Any])
_Generator = Callable[[Any, Any, Any, Any], Any]
I1, I8, I16, I32, I64 = (ir.IntType(n) for n in (1, 8, 16, 32, 64))
F32, F64 = ir.FloatType(), ir.DoubleType()
_FLOAT_SIZES = {F32: 4, F64: 8}


def compiled_by(generate: _Generator, result: Any) -> Callable[[Function], Function]:
    """Let compiled callers of a plain function run the LLVM code that `generate` builds."""

    def register(plain: Function) -> Function:
        if plain.__name__ in PLAIN:
            return kernel(plain)

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


def call_at(context: Any, builder: Any, address: Any, signature: Any, arguments: Any) -> Any:
    """Call the compiled kernel of this signature at an address, and pass on what it raises.

    So a caller that knows nothing but the types compiles in no time, and once for many kernels.
    """
    convention, (result, kinds) = context.call_conv, (signature.return_type, signature.args)
    kind = convention.get_function_type(result, kinds).as_pointer()
    function = builder.inttoptr(address, kind)
    status, value = convention.call_function(builder, function, result, kinds, arguments)
    with cgutils.if_unlikely(builder, status.is_error):
        convention.return_status_propagate(builder, status)
    return value


def plain_helper(function: Function) -> Function:
    """Let plain versions call a plain function where they are compiled, too."""
    helper: Function = register_jitable(function)
    return helper


def splat(builder: Any, scalar: Any, n: int) -> Any:
    """Return a vector of `n` times `scalar`."""
    undefined = ir.Constant(ir.VectorType(scalar.type, n), ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(I32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(I32, n), [0] * n))


def vector_at(builder: Any, array: Any, position: Any, kind: Any, n: int) -> Any:
    """Return a pointer to `n` elements of type `kind` from `array[position]` on."""
    pointer = builder.gep(array, [position])
    return builder.bitcast(pointer, ir.VectorType(kind, n).as_pointer())


def load(builder: Any, array: Any, position: Any, kind: Any, n: int) -> Any:
    """Return `n` elements of type `kind` from `array[position]` on, as a vector."""
    return builder.load(
        vector_at(builder, array, position, kind, n),
        align=_FLOAT_SIZES.get(kind) or kind.width // 8,
    )


def mask(builder: Any, lanes: Any) -> Any:
    """Return a vector of truth values as the bits of a 64-bit integer."""
    if lanes.type.count == I64.width:
        return builder.bitcast(lanes, I64)
    return builder.zext(builder.bitcast(lanes, ir.IntType(lanes.type.count)), I64)
