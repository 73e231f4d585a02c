"""Counters that threads share, changed by the processor's atomic instructions.

There are neither locks nor a runtime of threads in them: any threads that run a kernel on the same
array can meet there.
"""

import sys
import threading
import time
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numpy.typing import NDArray

from fastsp.kernels.llvm.lowering import I32, I64, compiled_by

_LOCK = threading.Lock()


def _generate_load(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.load_atomic(builder.gep(arguments[0], arguments[1:]), "seq_cst", 8)


@compiled_by(_generate_load, types.int64)
def load_counter(counters: NDArray[np.int64], position: int) -> int:
    """Return `counters[position]`, and see all that was written before it became that."""
    return int(counters[position])


def _generate_increment(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    place = builder.gep(arguments[0], arguments[1:])
    builder.atomic_rmw("add", place, ir.Constant(I64, 1), "seq_cst")


@compiled_by(_generate_increment, types.none)
def increment_counter(counters: NDArray[np.int64], position: int) -> None:
    """Add 1 to `counters[position]`, atomically; who sees it sees all that was written before."""
    with _LOCK:
        counters[position] += 1


def _generate_claim(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    counters, position, expected = arguments
    place = builder.gep(counters, [position])
    following = builder.add(expected, ir.Constant(I64, 1))
    outcome = builder.cmpxchg(place, expected, following, "seq_cst", "seq_cst")
    return builder.zext(builder.extract_value(outcome, 1), I64)


@compiled_by(_generate_claim, types.int64)
def increment_from(counters: NDArray[np.int64], position: int, expected: int) -> int:
    """Add 1 to `counters[position]` if it is `expected`, atomically; return 1 if so, else 0."""
    with _LOCK:
        same = int(counters[position] == expected)
        counters[position] += same
    return same


_PAUSES = {
    "x86_64": ("llvm.x86.sse2.pause", []),
    "aarch64": ("llvm.aarch64.isb", [15]),
    "arm64": ("llvm.aarch64.isb", [15]),
}
"""What takes a short while and spends little, by the architecture that code is generated for."""


def _generate_spin_pause(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    architecture = builder.module.triple.split("-")[0]
    if architecture in _PAUSES:
        name, numbers = _PAUSES[architecture]
        kind = ir.FunctionType(ir.VoidType(), [I32] * len(numbers))
        pause = cgutils.get_or_insert_function(builder.module, kind, name)
        builder.call(pause, [ir.Constant(I32, number) for number in numbers])


@compiled_by(_generate_spin_pause, types.none)
def spin_pause() -> None:
    """Tell the processor that this is a waiting loop."""


def _generate_yield_thread(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    name = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
    kind = ir.FunctionType(I32, [])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])


@compiled_by(_generate_yield_thread, types.none)
def yield_thread() -> None:
    """Let the operating system run another thread on this processor, if one is waiting."""
    time.sleep(0)
