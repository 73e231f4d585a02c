"""Entry point of the command `fastsp` and of `python -m fastsp`."""

import sys
from importlib.util import find_spec

from fastsp.extras import needs


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; tell where the extra `cli` is missing.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the process.
    """
    if not all(find_spec(name) for name in ("typer", "rich", "matplotlib", "jinja2")):
        message = needs("the command line needs more packages", "cli")
        print(f"fastsp: {message}", file=sys.stderr)
        return 2

    from fastsp.cli import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
