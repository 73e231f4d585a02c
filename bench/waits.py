"""What a user waits for: seconds of the processor until a pooler's first results.

Each function is for a new process with an empty cache of compiled kernels. One compiles a fixed set
of kernels, as a unit for the others that holds on any machine and at any hour.
"""

import time
from collections.abc import Callable

import numba
import numpy as np

from fastsp import SpatialPooler
from fastsp.experiments.mnist.presets import PRESETS

_THREE_LOOPS = """
    for i in range(a.size):
        b[i] = np.float32({factor}) * a[i] + b[i]
    for i in range(a.size):
        if b[i] > {factor}:
            c[n] = i
            n += 1
    for i in range(n):
        x, y = a[c[i]], b[c[i]]
        total += x * y if c[i] % {number} else max(x, y)
"""


def _seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def _compile_kernel(number: int) -> None:
    loops = (_THREE_LOOPS.format(factor=f"1.{number}{i}", number=i + 3) for i in range(4))
    source = f"def kernel(a, b, c):\n    n, total = 0, 0.0{''.join(loops)}    return total"
    scope = {"np": np}
    exec(source, scope)
    kernel = numba.njit(nogil=True, error_model="numpy")(scope["kernel"])
    kernel(np.ones(64, np.float32), np.ones(64, np.float32), np.zeros(1024, np.int32))


def compile_unit() -> dict[str, float]:
    """Compile eight functions of a dozen loops each, once Numba itself is ready."""
    numba.njit(lambda x: x + 1)(1)
    return {"unit": _seconds(lambda: [_compile_kernel(number) for number in range(8)])}


def _inputs(n_inputs: int) -> np.ndarray:
    return np.random.default_rng(0).random((200, n_inputs)) < 0.2


def first_fits() -> dict[str, float]:
    """Let a pooler learn on one thread, then a larger one on two."""
    X = _inputs(784)
    one = SpatialPooler(random_state=0, n_jobs=1)
    two = SpatialPooler((16384,), random_state=0, n_jobs=2)
    return {
        "first fit": _seconds(lambda: one.fit(X).transform(X)),
        "then n_jobs=2": _seconds(lambda: two.fit(X).transform(X)),
    }


def published() -> dict[str, float]:
    """Let the pooler of the published experiment learn on one thread."""
    pooler = PRESETS["published"].build_pooler((28, 28)).set_params(n_jobs=1)
    X = _inputs(1568)
    return {"published": _seconds(lambda: pooler.fit(X).transform(X))}
