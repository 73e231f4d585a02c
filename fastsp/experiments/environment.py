"""The machine and the software versions that an experiment ran on."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from fastsp.version import __version__


@dataclass(frozen=True)
class Environment:
    """What timings depend on.

    Attributes
    ----------
    cpu, cores : str, int
        Name of the processor; cores this process may use.
    n_jobs : int or None
        Threads asked for, in scikit-learn's sense.
    platform, python, numpy, numba, scipy, scikit_learn, fastsp : str
        Operating system and versions.
    openblas_coretype : str or None
        The environment variable OPENBLAS_CORETYPE, which overrides the processor type that
        OpenBLAS detects; None where it is not set.
    """

    cpu: str
    cores: int
    n_jobs: int | None
    platform: str
    python: str
    numpy: str
    numba: str
    scipy: str
    scikit_learn: str
    fastsp: str
    openblas_coretype: str | None


def describe_environment(n_jobs: int | None = None) -> Environment:
    """Return the environment of this process; `n_jobs` is recorded as given."""
    return Environment(
        cpu=_cpu_name(),
        cores=_usable_cores(),
        n_jobs=n_jobs,
        platform=platform.platform(),
        python=platform.python_version(),
        numpy=version("numpy"),
        numba=version("numba"),
        scipy=version("scipy"),
        scikit_learn=version("scikit-learn"),
        fastsp=__version__,
        openblas_coretype=os.environ.get("OPENBLAS_CORETYPE"),
    )


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
