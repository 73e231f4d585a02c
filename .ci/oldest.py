"""Run tests with the oldest versions that setup.cfg allows: `python3.11 .ci/oldest.py`.

The Python that runs this makes an empty virtual environment, installs the lowest version of every
requirement and of the extra `test`, and runs pytest there, on the checkout. Arguments go to pytest.
The newest versions are what everything else in CI is run with.
"""

import configparser
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = [(3, 11), (3, 12)]
"""Those for which there are wheels of the oldest versions."""
EXTRAS = ("cli", "demo", "tune", "dask", "test")
# What is old itself warns of what is new around it: that is nobody's fault here.
QUIET = ("-W", "ignore::DeprecationWarning", "-p", "no:cacheprovider")


def oldest() -> list[str]:
    """Return the requirements with `==` where setup.cfg has `>=`."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = [setup["options"]["install_requires"]]
    listed += [setup["options.extras_require"][extra] for extra in EXTRAS]
    lines = [line for text in listed for line in text.split() if not line.startswith("fastsp[")]
    open_ended = [line for line in lines if line.count(">=") != 1 or "," in line]
    if open_ended:
        sys.exit(f"setup.cfg must name one oldest version of {', '.join(open_ended)}")
    return [line.replace(">=", "==") for line in lines]


def main() -> None:
    """Install and test; leave nothing behind."""
    if sys.version_info[:2] not in PYTHONS:
        print("oldest versions: not tried, they have no wheels for this Python")
        return
    with tempfile.TemporaryDirectory(prefix="fastsp-oldest-") as name:
        folder = Path(name)
        run(sys.executable, "-m", "venv", folder / "venv")
        python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
        pip = (python, "-m", "pip", "--disable-pip-version-check")
        run(*pip, "install", "--quiet", *oldest())
        run(*pip, "check")
        cache = os.environ | {"NUMBA_CACHE_DIR": str(folder / "cache")}
        run(python, "-m", "pytest", "-q", *QUIET, *sys.argv[1:], env=cache)


def run(*command: object, **options: object) -> None:
    """Run a command in the checkout; where it fails, end with its status."""
    status = subprocess.run(list(map(str, command)), cwd=ROOT, **options).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    main()
