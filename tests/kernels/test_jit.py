"""Compiling: at first use, once, and never an old kernel after an upgrade."""

import compileall
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import fastsp

PACKAGE = Path(fastsp.__file__).parent
ROOT = Path(__file__).parents[2]


def run(code, folder, cache, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache), **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


CALLEE = (
    "from typing import NamedTuple\nfrom upgraded.jit import kernel\n"
    "class {0}(NamedTuple):\n    value: int\nState = {0}\n"
    "@kernel\ndef inner(state):\n    return state.value + {1}\n"
)
CALLER = (
    "from upgraded.jit import kernel\nfrom upgraded.{0} import inner\n"
    "@kernel\ndef outer(state):\n    return 10 * inner(state)\n"
)
CALL = (
    "from upgraded.caller import outer; from upgraded.{0} import State; "
    "print(outer(State(1)), sum(outer.stats.cache_hits.values()))"
)


def write_package(folder, callee="callee"):
    """Write a package of a kernel that calls another, in the file `callee`; return its folder."""
    package = folder / "upgraded"
    (package / callee).parent.mkdir(parents=True)
    shutil.copy(PACKAGE / "kernels/waiting.py", package)
    source = (PACKAGE / "kernels/jit.py").read_text()
    (package / "jit.py").write_text(source.replace("fastsp.kernels", "upgraded"))
    (package / "__init__.py").touch()
    (package / f"{callee}.py").write_text(CALLEE.format("Old", 1))
    (package / "caller.py").write_text(CALLER.format(callee.replace("/", ".")))
    return package


@pytest.mark.parametrize("callee", ["callee", "deep/callee"])
def test_an_upgraded_callee_is_never_run_from_the_cache_of_its_caller(tmp_path, callee):
    package, cache = write_package(tmp_path, callee), tmp_path / "cache"
    call = CALL.format(callee.replace("/", "."))
    assert run(call, tmp_path, cache) == "20 0"
    assert run(call, tmp_path, cache) == "20 1"
    # Then a type that the cache knows is gone, too.
    for name, value, answer in (("Old", 2, 30), ("New", 3, 40)):
        (package / f"{callee}.py").write_text(CALLEE.format(name, value))
        assert run(call, tmp_path, cache) == f"{answer} 0"
        assert run(call, tmp_path, cache) == f"{answer} 1"


def as_zip(package):
    archive = package.parent / "program.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for source in package.rglob("*.py"):
            file.write(source, source.relative_to(package.parent))
    return f"import sys; sys.path.insert(0, {str(archive)!r}); "


def as_bytecode(package):
    away = package.parent / "away"
    shutil.rmtree(away, ignore_errors=True)
    shutil.copytree(package, away / "upgraded", ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(away, quiet=1, legacy=True)
    for source in away.rglob("*.py"):
        source.unlink()
    return f"import sys; sys.path.insert(0, {str(away)!r}); "


def as_program(package):
    """Return what imports the package as a frozen program does: no file but that of the program."""
    program = package.parent / "program"
    sources = {file.stem: file.read_text() for file in package.glob("*.py")}
    program.write_text(repr(sources))
    return f"""
import ast, importlib.abc, importlib.machinery, importlib.util, os, sys
class Finder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    sources = ast.literal_eval(open({str(program)!r}).read())
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == "upgraded":
            spec = importlib.util.spec_from_loader(name, self)
            spec.origin, spec.has_location = os.path.join("/nowhere", *name.split(".")), True
            return spec
    def is_package(self, name):
        return name == "upgraded"
    def get_source(self, name):
        return self.sources["__init__" if self.is_package(name) else name.split(".")[1]]
    def get_code(self, name):
        return compile(self.get_source(name), name.replace(".", "/") + ".py", "exec")
sys.meta_path.insert(0, Finder())
sys.executable, sys.frozen = {str(program)!r}, FROZEN
"""


@pytest.mark.parametrize(
    ("packed", "frozen", "kept"),
    [(as_zip, False, 1), (as_bytecode, False, 1), (as_program, True, 1), (as_program, False, 0)],
)
def test_no_old_kernel_is_run_where_sources_are_no_files(tmp_path, packed, frozen, kept):
    package, cache = write_package(tmp_path / "source"), tmp_path / "cache"
    for value, answer in ((1, 20), (2, 30)):
        (package / "callee.py").write_text(CALLEE.format("State", value))
        begin = packed(package).replace("FROZEN", str(frozen))
        call = f"{begin}\n{CALL.format('callee')}"
        assert run(call, tmp_path, cache) == f"{answer} 0"
        assert run(call, tmp_path, cache) == f"{answer} {kept}"


def test_the_folder_of_the_cache_is_looked_for_once_and_not_at_import(tmp_path):
    write_package(tmp_path)
    code = """
import os, sys, tempfile
looked = []
def audit(event, arguments):
    if event == "open" and arguments[2] & os.O_CREAT and "cache" in str(arguments[0]):
        looked.append(arguments[0])
sys.addaudithook(audit)
import upgraded.caller, upgraded.callee
print(len(looked))
state = upgraded.callee.State(1)
upgraded.caller.outer(state), upgraded.callee.inner(state)
print(len([name for name in looked if ".nb" not in str(name)]))
"""
    assert run(code, tmp_path, tmp_path / "cache").split() == ["0", "1"]


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


def test_a_step_is_for_kernels_only(tmp_path):
    package = write_package(tmp_path)
    callee = package / "callee.py"
    callee.write_text(callee.read_text().replace("kernel", "step"))
    code = """
from upgraded.caller import outer
from upgraded.callee import State, inner
for _ in range(2):
    try:
        inner(State(1))
    except TypeError as error:
        print(error, outer(State(1)))
"""
    told = "inner can be called from kernels only 20"
    assert run(code, tmp_path, tmp_path / "cache").splitlines() == [told, told]


TINY = """
import numpy as np, fastsp
X = np.random.default_rng(0).random((40, 64)) < 0.3
pooler = fastsp.SpatialPooler((16, 16), input_shape=(8, 8), receptive_field="gaussian",
    potential_radius=1.5, inhibition="gaussian", random_state=0).fit(X)
print(pooler.transform(X).indices.sum(), pooler.permanences_.sum())
"""


COMMON_CACHE = os.environ.get("NUMBA_CACHE_DIR", "")
"""That of all tests, in which most kernels are by now."""


def test_kernels_mean_the_same_without_the_compiler():
    compiled = run(TINY, ROOT, COMMON_CACHE)
    assert run(TINY, ROOT, COMMON_CACHE, NUMBA_DISABLE_JIT="1") == compiled


OTHERS = [("haswell", "avx2", 4), ("nehalem", "ssse3", 2), ("x86-64", "sse2", 2)]


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="for x86 alone")
@pytest.mark.parametrize(("cpu", "kind", "rows"), OTHERS)
def test_the_vectors_are_those_of_the_processor_compiled_for(tmp_path, cpu, kind, rows):
    code = """
from fastsp.kernels.llvm.lanes import tile_rows
from fastsp.kernels.llvm.target import vector_kind
from fastsp.kernels.jit import kernel
print(vector_kind(), tile_rows(), kernel(lambda: tile_rows())())
"""
    found = run(code, ROOT, tmp_path, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES="")
    assert found == f"{kind} {rows} {rows}"


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="for x86 alone")
def test_kernels_for_another_processor_mean_the_same_and_have_a_cache_of_their_own():
    compiled = run(TINY, ROOT, COMMON_CACHE)
    other = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""}
    assert run(TINY, ROOT, COMMON_CACHE, **other) == compiled
    assert run(TINY, ROOT, COMMON_CACHE) == compiled


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
from fastsp.kernels.order import order_keys
keys = np.empty(3, np.uint32)
order_keys(np.ones(3, np.float32), keys)
print(keys[0])
"""
    assert run(code, ROOT, tmp_path / "cache") == str(0xBF800000)
    assert not list((tmp_path / "cache").rglob("*.nbc"))
