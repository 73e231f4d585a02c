"""How the packages are installed that only parts of fastsp need."""

INSTALL = "pip install -e '.[{}]'"
"""As pip takes it in a checkout; a release that can be had by its name changes this line."""


def needs(what: str, extra: str) -> str:
    """Return a message: `what` needs packages, and how they are installed."""
    return f"{what}: in a checkout of fastsp, {INSTALL.format(extra)}"
