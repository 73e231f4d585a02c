"""No kernel is compiled twice for types that differ needlessly."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = """
import sys
from collections import Counter
from numba import types
from numba.core.dispatcher import Dispatcher
from fastsp.experiments import MnistConfig, run_mnist
from tests.tiny_mnist import make_digits

run_mnist(MnistConfig(cycles=40, column_shape=(8, 8), checkpoints=1), make_digits())

def plain(kind):
    # Whole numbers, literal or of whatever width, could all be int64.
    kind = types.unliteral(kind)
    return types.int64 if isinstance(kind, types.Integer) else kind

kernels = {
    f"{value.py_func.__module__}.{value.py_func.__name__}": value
    for name, module in list(sys.modules.items()) if name.startswith("fastsp.kernels")
    for value in vars(module).values() if isinstance(value, Dispatcher)
}
twice = {}
for name, kernel in kernels.items():
    counts = Counter(tuple(map(plain, signature)) for signature in kernel.signatures)
    if any(n > 1 for n in counts.values()):
        twice[name] = kernel.signatures
compiled = sum(len(kernel.signatures) > 0 for kernel in kernels.values())
print(compiled, twice or "none")
"""


def test_what_mnist_needs_is_compiled_for_one_type_of_each_number(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=ROOT,
        # Nothing is loaded: of what is, callees would not be seen.
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    compiled, twice = done.stdout.split(maxsplit=1)
    assert int(compiled) > 40
    assert twice.strip() == "none"
