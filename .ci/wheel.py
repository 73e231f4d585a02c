"""Build the distributions and run the tests on the installed wheel: `python3.14 .ci/wheel.py`.

The Python that runs this builds an sdist of the checkout and from that a wheel, looks at what is in
them, installs the wheel with its extra `test` into an empty virtual environment, and runs pytest
there in a folder that holds the tests and what they read, but not the checkout's `fastsp`.
Arguments go to pytest; without any, all tests run. CI runs a few of them on its own Python.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
READ_BY_TESTS = (
    *("tests", "bench", "stress", "data", "docs", "examples"),
    *("README.md", "pyproject.toml", "setup.cfg"),
)
NO_SOURCE = (".*", "__pycache__", "*.egg-info", "build", "dist", "site")
SHOWN_IF_IT_FAILS = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
IS_THE_WHEEL = (
    "import fastsp, pathlib, sysconfig; folder = pathlib.Path(fastsp.__file__).parent;"
    "assert folder == pathlib.Path(sysconfig.get_path('purelib')) / 'fastsp', folder"
)


def main() -> None:
    """Build, look, install, test; leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="fastsp-wheel-") as name:
        folder = Path(name)
        run(sys.executable, "-m", "venv", folder / "venv")
        python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
        run(python, *["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "build"])
        # Of a copy: setuptools leaves folders behind, and takes what an earlier build left.
        source = folder / "source"
        ignored = shutil.ignore_patterns(*NO_SOURCE)
        shutil.copytree(ROOT, source, ignore=ignored)
        built = folder / "built"
        run(python, *["-m", "build", "--outdir"], built, source, **SHOWN_IF_IT_FAILS)
        (wheel,) = built.glob("*.whl")
        check_content(wheel, source)
        pip = (python, "-m", "pip", "--disable-pip-version-check")
        run(*pip, "install", "--quiet", "--no-compile", f"fastsp[test] @ {wheel.as_uri()}")
        run(*pip, "check")

        away = folder / "away"
        away.mkdir()
        for item in READ_BY_TESTS:
            if (ROOT / item).is_dir():
                shutil.copytree(ROOT / item, away / item, ignore=ignored)
            else:
                shutil.copy(ROOT / item, away / item)
        run(python, "-c", IS_THE_WHEEL, cwd=away)
        cache = os.environ | {"NUMBA_CACHE_DIR": str(folder / "cache")}
        run(python, "-m", "pytest", "-q", *sys.argv[1:], cwd=away, env=cache)


def check_content(wheel: Path, source: Path) -> None:
    """Stop where the wheel lacks a file of the package, or has one from elsewhere."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    information = "-".join(wheel.name.split("-")[:2]) + ".dist-info/"
    wanted = {f"{information}licenses/LICENSE", f"{information}entry_points.txt"}
    for path in (source / "fastsp").rglob("*"):
        if path.is_file():
            wanted.add(path.relative_to(source).as_posix())
    missing = wanted - names
    foreign = {name for name in names - wanted if not name.startswith(information)}
    if missing or foreign:
        sys.exit(f"{wheel.name}: missing {sorted(missing)}, foreign {sorted(foreign)}")
    print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size / 1000:.0f} kB", flush=True)


def run(*command: object, **options: object) -> None:
    """Run a command; where it fails, show what was captured of it and end with its status."""
    done = subprocess.run(list(map(str, command)), **options)
    if done.returncode:
        sys.exit(done.stdout or done.returncode)


if __name__ == "__main__":
    main()
