"""Counters that threads share, and the sharing out of work by them.

The counters are changed by the processor's atomic instructions, with neither locks nor a runtime of
threads: any threads that run a kernel on the same array can meet there. Each function of them is
written twice, as in `vectors.py`.
"""

import platform
import sys
import threading
import time
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numpy.typing import NDArray

from fastsp.kernels.jit import kernel
from fastsp.kernels.vectors import compiled_by

_LINE = 16
"""Counters that threads share are this many int64 apart: on cache lines, and pairs of lines, of
their own."""
_SPINS = 100
"""Tries, of some ten nanoseconds each, before a waiting thread offers its processor to others."""

_I1, _I32, _I64 = (ir.IntType(n) for n in (1, 32, 64))
_LOCK = threading.Lock()


def _generate_load(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.load_atomic(builder.gep(arguments[0], arguments[1:]), "seq_cst", 8)


@compiled_by(_generate_load, types.int64)
def load_counter(counters: NDArray[np.int64], position: int) -> int:
    """Return `counters[position]`, and see all that was written before it became that."""
    return int(counters[position])


def _generate_increment(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    place = builder.gep(arguments[0], arguments[1:])
    builder.atomic_rmw("add", place, ir.Constant(_I64, 1), "seq_cst")


@compiled_by(_generate_increment, types.none)
def increment_counter(counters: NDArray[np.int64], position: int) -> None:
    """Add 1 to `counters[position]`, atomically; who sees it sees all that was written before."""
    with _LOCK:
        counters[position] += 1


def _generate_claim(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    counters, position, expected = arguments
    place = builder.gep(counters, [position])
    following = builder.add(expected, ir.Constant(_I64, 1))
    outcome = builder.cmpxchg(place, expected, following, "seq_cst", "seq_cst")
    return builder.zext(builder.extract_value(outcome, 1), _I64)


@compiled_by(_generate_claim, types.int64)
def increment_from(counters: NDArray[np.int64], position: int, expected: int) -> int:
    """Add 1 to `counters[position]` if it is `expected`, atomically; return 1 if so, else 0."""
    with _LOCK:
        same = int(counters[position] == expected)
        counters[position] += same
    return same


def _generate_relax(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    if platform.machine().lower() in ("x86_64", "amd64"):
        kind = ir.FunctionType(ir.VoidType(), [])
        pause = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse2.pause")
        builder.call(pause, [])


@compiled_by(_generate_relax, types.none)
def relax() -> None:
    """Tell the processor that this is a waiting loop."""


def _generate_give_way(context: Any, builder: Any, signature: Any, arguments: Any) -> None:
    name = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
    kind = ir.FunctionType(_I32, [])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])


@compiled_by(_generate_give_way, types.none)
def give_way() -> None:
    """Let the operating system run another thread on this processor, if one is waiting."""
    time.sleep(0)


@kernel
def new_counters(n_parts: int) -> NDArray[np.int64]:
    """Return counters for work in phases of `n_parts` parts, for `take_part`.

    The first counts the parts done; on a line of its own each, how often every part was taken.
    """
    return np.zeros((n_parts + 1) * _LINE, np.int64)


@kernel
def take_part(
    counters: NDArray[np.int64], thread: int, n_parts: int, n_phases: int
) -> tuple[int, int]:
    """Wait for a part that nobody has taken, and take it. Returns its phase and its number.

    `counters` are those of `new_counters`. The phase is `n_phases` where all is done. Whoever has
    done the part increments `counters[0]`.
    """
    tries = 0
    while True:
        phase = load_counter(counters, 0) // n_parts
        if phase >= n_phases:
            return n_phases, 0
        for i in range(n_parts):
            part = (thread + i) % n_parts
            position = _LINE * (part + 1)
            if load_counter(counters, position) == phase and increment_from(
                counters, position, phase
            ):
                return phase, part
        tries += 1
        if tries < _SPINS:
            relax()
        else:
            give_way()
