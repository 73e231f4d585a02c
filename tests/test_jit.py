"""Compiling: at first use, once, and never an old kernel after an upgrade."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastsp

PACKAGE = Path(fastsp.__file__).parent
ROOT = Path(__file__).parents[1]


def run(code, folder, cache, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache), **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_an_upgraded_callee_is_never_run_from_the_cache_of_its_caller(tmp_path):
    package = tmp_path / "upgraded"
    package.mkdir()
    source = (PACKAGE / "kernels/jit.py").read_text()
    (package / "jit.py").write_text(source)
    (package / "__init__.py").touch()
    callee = (
        "from typing import NamedTuple\nfrom upgraded.jit import kernel\n"
        "class {0}(NamedTuple):\n    value: int\nState = {0}\n"
        "@kernel\ndef inner(state):\n    return state.value + {1}\n"
    )
    (package / "callee.py").write_text(callee.format("Old", 1))
    (package / "caller.py").write_text(
        "from upgraded.jit import kernel\nfrom upgraded.callee import inner\n"
        "@kernel\ndef outer(state):\n    return 10 * inner(state)\n"
    )
    code = (
        "from upgraded.caller import outer; from upgraded.callee import State; "
        "print(outer(State(1)), sum(outer.stats.cache_hits.values()))"
    )
    cache = tmp_path / "cache"
    assert run(code, tmp_path, cache) == "20 0"
    assert run(code, tmp_path, cache) == "20 1"
    # A type that the cache knows is gone, too.
    (package / "callee.py").write_text(callee.format("New", 2))
    assert run(code, tmp_path, cache) == "30 0"
    assert run(code, tmp_path, cache) == "30 1"


def test_importing_compiles_nothing_and_changes_nothing_global(tmp_path):
    code = """
import numba, os
before = {name: getattr(numba.config, name) for name in dir(numba.config) if name.isupper()}
environment = dict(os.environ)
import fastsp, fastsp.kernels.cycle, fastsp.kernels.pools, fastsp.kernels.images
from numba.core.dispatcher import Dispatcher
import sys
kernels = [value for name, module in list(sys.modules.items()) if name.startswith("fastsp.kernels")
           for value in vars(module).values() if isinstance(value, Dispatcher)]
print(len(kernels) > 10, sum(len(kernel.signatures) for kernel in kernels))
print(before == {name: getattr(numba.config, name) for name in dir(numba.config) if name.isupper()})
print(environment == dict(os.environ))
"""
    assert run(code, ROOT, tmp_path / "cache").split() == ["True", "0", "True", "True"]
    assert not list((tmp_path / "cache").rglob("*.nb?"))


TINY = """
import numpy as np, fastsp
X = np.random.default_rng(0).random((40, 64)) < 0.3
pooler = fastsp.SpatialPooler((8, 8), input_shape=(8, 8), receptive_field="gaussian",
    potential_radius=1.5, inhibition="gaussian", random_state=0).fit(X)
print(pooler.transform(X).indices.sum(), pooler.permanences_.sum())
"""


def test_kernels_mean_the_same_without_the_compiler(tmp_path):
    compiled = run(TINY, ROOT, tmp_path / "cache")
    assert run(TINY, ROOT, tmp_path / "cache", NUMBA_DISABLE_JIT="1") == compiled


def test_kernels_stay_within_their_arrays(tmp_path):
    compiled = run(TINY, ROOT, tmp_path / "cache")
    assert run(TINY, ROOT, tmp_path / "checked", NUMBA_BOUNDSCHECK="1") == compiled


@pytest.mark.skipif(sys.platform == "win32", reason="permissions work differently there")
def test_kernels_work_where_no_cache_can_be_written(tmp_path):
    package = tmp_path / "fastsp"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "file").touch()
    code = "import fastsp.kernels.jit as j; print(j.kernel(lambda x: x + 1)(1))"
    # A file stands where the folder of the cache would have to be.
    out = run(code, tmp_path, "", NUMBA_CACHE_DIR="", HOME=str(tmp_path / "file"))
    assert out == "2"


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of resources there")
def test_kernels_work_where_the_disk_of_the_cache_is_full(tmp_path):
    code = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
import numpy as np
from fastsp.kernels.selection import order_keys
keys = np.empty(3, np.uint32)
order_keys(np.ones(3, np.float32), keys)
print(keys[0])
"""
    assert run(code, ROOT, tmp_path / "cache") == str(0xBF800000)
    assert not list((tmp_path / "cache").rglob("*.nbc"))
