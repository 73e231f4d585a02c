"""What vectors the processor has that kernels are compiled for."""

import re
from functools import cache

import llvmlite.binding
from numba.core.registry import cpu_target

_COUNT_ONES = """
declare <8 x i64> @llvm.ctpop.v8i64(<8 x i64>)
define <8 x i64> @count(<8 x i64> %words) {
  %ones = call <8 x i64> @llvm.ctpop.v8i64(<8 x i64> %words)
  ret <8 x i64> %ones
}
"""
KINDS = {
    "vpopcntdq": r"vpopcntq.*%zmm",
    "avx512": r"%zmm",
    "avx2": r"%ymm",
    "ssse3": r"pshufb",
    "neon": r"\bcnt\b",
    "sse2": r"",
}
"""Kinds of vector instructions, and what is seen in a function that counts ones with them."""


@cache
def vector_kind() -> str:
    """Return the first of the `KINDS` that LLVM uses for the processor that Numba compiles for.

    That may be another one than the processor at hand, as the variables NUMBA_CPU_NAME and
    NUMBA_CPU_FEATURES say. Numba's cache keeps kernels apart by them.
    """
    triple, cpu, features = cpu_target.target_context.codegen().magic_tuple()
    target = llvmlite.binding.Target.from_triple(triple)
    machine = target.create_target_machine(cpu=cpu, features=features, opt=2)
    code = machine.emit_assembly(llvmlite.binding.parse_assembly(_COUNT_ONES))
    return next(kind for kind, sign in KINDS.items() if re.search(sign, code))
