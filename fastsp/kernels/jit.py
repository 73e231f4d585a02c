"""The project's one door to Numba: its decorator `njit`, and with it every Numba flag.

Kernels compile at first use, release the GIL, and are cached on disk. Numba's cache looks at the
file of the function it compiles, not at the files of the functions called from there, so after an
upgrade a caller could run an old callee. The cache used here is stamped with the contents of all
kernel files instead: when any of them changes, every cached kernel is compiled anew.

Nothing is looked for at import. Where machine code is kept, and its stamp, are found out when the
first kernel compiles, once for all.
"""

import contextlib
import hashlib
import importlib.resources
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache, NullCache
from numba.core.dispatcher import Dispatcher
from numba.misc.appdirs import AppDirs

Function = TypeVar("Function", bound=Callable[..., Any])

PLAIN = frozenset(os.environ.get("FASTSP_PLAIN", "").split())
"""Names of functions in `fastsp.kernels.llvm` of which the plain version is to be compiled."""
_PACKAGE = __name__.rpartition(".")[0]


def fingerprint(folder: Traversable) -> str | None:
    """Return the SHA-256 in hexadecimal of all Python files in `folder`, names and contents.

    Files may lie in folders within it, be compiled (.pyc) or be members of a zip file. Where there
    are none, as in a frozen program, the program's own file stands for them; None where there is
    none of that either.
    """
    digest = hashlib.sha256()
    n_files = 0
    for name, file in sorted(_python_files(folder)):
        digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
        n_files += 1
    if n_files:
        return digest.hexdigest()
    if not getattr(sys, "frozen", False):
        return None
    with open(sys.executable, "rb") as program:
        return hashlib.file_digest(program, "sha256").hexdigest()


def _python_files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    """Yield files and their names, those of folders within included; none where there is no folder.

    __pycache__ is left out: what lies there was made from the other files.
    """
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.name.endswith((".py", ".pyc")):
            yield prefix + entry.name, entry
        elif entry.name != "__pycache__":
            yield from _python_files(entry, f"{prefix}{entry.name}/")


@cache
def _stamp() -> str | None:
    """Return the fingerprint of the kernels, of which this file is one."""
    try:
        found = fingerprint(importlib.resources.files(_PACKAGE))
    except (ImportError, OSError):
        return None
    return " ".join([found, *sorted(PLAIN)]) if found else None


@cache
def _cache_folder(beside: Path) -> Path | None:
    """Return the first folder that can be written for kernels whose files lie in `beside`, or None.

    As with Numba it is one within NUMBA_CACHE_DIR where that is set, else beside the kernels where
    they are files, else one of the user's.
    """
    own = f"{beside.name}_{hashlib.sha256(os.fsencode(beside.absolute())).hexdigest()[:16]}"
    folders = [Path(AppDirs(appname="numba", appauthor=False).user_cache_dir) / own]
    if beside.is_dir():
        folders.insert(0, beside / "__pycache__")
    if numba.config.CACHE_DIR:
        folders.insert(0, Path(numba.config.CACHE_DIR) / own)
    return next(filter(_is_writable, folders), None)


def _is_writable(folder: Path) -> bool:
    """Whether a file can be made in `folder`, which is made if need be.

    Not asked of `tempfile`, which on Windows tries again for ever where permission is denied.
    """
    probe = folder / f".{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError:
        return False
    return True


class _Place:
    """Where one kernel is cached, as a Numba locator: in the folder found for all of them."""

    def __init__(self, function: Callable[..., Any], file: str, folder: Path) -> None:
        self._py_file = file
        self._line = function.__code__.co_firstlineno
        self._folder = folder

    def get_cache_path(self) -> str:
        return str(self._folder)

    def ensure_cache_path(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)

    def get_source_stamp(self) -> str | None:
        return _stamp()

    def get_disambiguator(self) -> str:
        return str(self._line)

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> "_Place | None":
        if getattr(sys, "frozen", False):  # a name within the program, wherever that was started
            file = os.path.join(sys.executable, file)
        folder = _cache_folder(Path(file).parent)
        return None if folder is None else cls(function, file, folder)


class _Places(CompileResultCacheImpl):
    _locator_classes = (_Place,)


class _StampedCache(FunctionCache):
    """Numba's on-disk cache, made stale by a change in any kernel file."""

    _impl_class = _Places

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        # Whatever NUMBA_CACHE_LOCATOR_CLASSES chose: its stamp would be that of one file.
        self._cache_file._source_stamp = _stamp()


class _KernelCache(NullCache):
    """The cache of one kernel, opened when that first compiles; where there is none, nothing."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    @cached_property
    def _opened(self) -> Any:
        # Only what the stamp covers is kept.
        if not self._function.__module__.startswith(f"{_PACKAGE}.") or _stamp() is None:
            return NullCache()
        try:
            return _StampedCache(self._function)
        except RuntimeError:  # no folder can be written
            return NullCache()

    @property
    def cache_path(self) -> str | None:
        path: str | None = self._opened.cache_path
        return path

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Return the cached kernel, or None; an index that cannot even be read is discarded.

        Numba unpickles the index before it looks at the stamp, and that fails where a type that an
        earlier version had is gone.
        """
        try:
            return self._opened.load_overload(signature, target_context)
        except Exception:
            self.flush()
            return None

    def save_overload(self, signature: Any, data: Any) -> None:
        """Keep a compiled kernel; where the disk is full, say, it works all the same."""
        with contextlib.suppress(OSError):
            self._opened.save_overload(signature, data)

    def flush(self) -> None:
        """Forget what is kept of this kernel."""
        with contextlib.suppress(OSError):
            self._opened.flush()


def njit(**options: Any) -> Callable[[Function], Function]:
    """Return Numba's decorator, with the flags and the cache that all kernels have, and options."""

    def decorate(function: Function) -> Function:
        compiled: Any = numba.njit(
            function, nogil=True, error_model="numpy", no_cfunc_wrapper=True, **options
        )
        if isinstance(compiled, Dispatcher):  # a plain function where NUMBA_DISABLE_JIT is set
            setattr(compiled, "_cache", _KernelCache(compiled.py_func))  # noqa: B010
        return cast(Function, compiled)

    return decorate


def kernel(function: Function) -> Function:
    """Compile `function` in nopython mode: serial, GIL released, cached, no fast-math.

    Division follows NumPy (no ZeroDivisionError, so loops can be vectorised). Where no folder for
    the cache can be written, or nothing tells whether the kernels have changed, the kernel works
    all the same and is compiled in every process.

    It counts no references, which costs time in each cycle and makes threads wait for each other;
    so it can neither allocate arrays nor return any.
    """
    return njit(_nrt=False)(function)


def step(function: Function) -> Function:
    """Compile `function` as `kernel` does, for callers that are kernels themselves.

    There is no way to it from Python, which takes a while to compile where arguments are many: a
    TypeError says so.
    """
    compiled = njit(_nrt=False, no_cpython_wrapper=True)(function)
    if not isinstance(compiled, Dispatcher):
        return compiled

    def keep(result: Any) -> None:
        compiled.overloads[tuple(result.signature.args)] = result

    def refuse(*args: Any, **kws: Any) -> None:
        raise TypeError(f"{function.__name__} can be called from kernels only")

    vars(compiled).update(add_overload=keep, _compile_for_args=refuse)
    return compiled


def inlined(function: Function) -> Function:
    """Compile `function` as a part of each kernel that calls it, and nowhere else."""
    return njit(_nrt=False, inline="always")(function)


def allocating_kernel(function: Function) -> Function:
    """Compile `function` as `kernel` does, but so that it may allocate and return arrays."""
    return njit()(function)
