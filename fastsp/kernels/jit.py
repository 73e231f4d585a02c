"""The project's one door to Numba: its decorator, and with it every Numba flag.

Kernels compile at first use, release the GIL, and are cached on disk. Numba's cache looks at the
file of the function it compiles, not at the files of the functions called from there, so after an
upgrade a caller could run an old callee. The cache used here is stamped with the contents of all
kernel files instead: when any of them changes, every cached kernel is compiled anew.
"""

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher

Function = TypeVar("Function", bound=Callable[..., Any])


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 in hexadecimal of all Python files in `folder`, names and contents."""
    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


_FINGERPRINT = fingerprint(Path(__file__).parent)


class _KernelCache(FunctionCache):
    """Numba's on-disk cache, made stale by a change in any kernel file."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file._source_stamp = _FINGERPRINT

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """Return the cached kernel, or None; an index that cannot even be read is discarded.

        Numba unpickles the index before it looks at the stamp, and that fails where a type that an
        earlier version had is gone.
        """
        try:
            return super().load_overload(signature, target_context)
        except Exception:
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, signature: Any, data: Any) -> None:
        """Keep a compiled kernel; where the disk is full, say, it works all the same."""
        with contextlib.suppress(OSError):
            super().save_overload(signature, data)


def kernel(function: Function) -> Function:
    """Compile `function` in nopython mode: serial, GIL released, cached, no fast-math.

    Division follows NumPy (no ZeroDivisionError, so loops can be vectorised). Where no folder for
    the cache can be written, the kernel works all the same and is compiled in every process.
    """
    compiled = numba.njit(function, nogil=True, error_model="numpy")
    if isinstance(compiled, Dispatcher):  # a plain function where NUMBA_DISABLE_JIT is set
        with contextlib.suppress(RuntimeError):
            setattr(compiled, "_cache", _KernelCache(compiled.py_func))  # noqa: B010
    return compiled  # type: ignore[no-any-return]
