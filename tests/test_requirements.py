"""What is imported is declared: nothing that other packages happen to bring along."""

import ast
import configparser
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import fastsp

PACKAGE = Path(fastsp.__file__).parent
SETUP = configparser.ConfigParser()
SETUP.read(Path(__file__).parents[1] / "setup.cfg")
COMMAND_LINE = {"__main__", "arguments", "cli", "commands", "console", "report"}
OF_THE_DEMO = "demo"
NAMED = {"websockets"}
"""What is not imported but named: uvicorn imports it."""
OPTIONAL = {"green_tsetlin": "compare", "optuna": "tune", "pandas": "test", "polars": "test"}
"""What is imported where it is used and is there; the extra that brings it."""


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(text):
    return {normal(re.split(r"[><=!~\[]", line)[0]) for line in text.split()}


def imported(file):
    """Return the packages from elsewhere that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.split(".")[0])
    return names - sys.stdlib_module_names - {"fastsp"}


def test_what_is_imported_is_declared():
    extras = SETUP["options.extras_require"]
    always = declared(SETUP["options"]["install_requires"])
    brought_by = packages_distributions()
    seen = set()
    for file in PACKAGE.rglob("*.py"):
        floor = file.relative_to(PACKAGE).with_suffix("").parts[0]
        allowed = always | (declared(extras["cli"]) if floor in COMMAND_LINE else set())
        if floor == OF_THE_DEMO:
            allowed |= declared(extras["cli"]) | declared(extras["demo"])
        allowed |= declared(extras["dask"]) if floor == "dask" else set()
        for name in imported(file):
            if name in OPTIONAL:
                assert normal(name) in declared(extras[OPTIONAL[name]]), file
            else:
                assert {normal(one) for one in brought_by[name]} & allowed, f"{file}: {name}"
                seen.add(name)
    assert {"numpy", "llvmlite", "joblib", "threadpoolctl", "typer"} <= seen


def test_what_is_declared_is_imported():
    used = {name for file in PACKAGE.rglob("*.py") for name in imported(file)}
    brought = {normal(one) for name in used for one in packages_distributions().get(name, [name])}
    extras = SETUP["options.extras_require"]
    always = SETUP["options"]["install_requires"]
    for text in (always, *(extras[name] for name in ("cli", "demo", "tune", "dask"))):
        assert declared(text) - NAMED <= brought | {"fastsp"}
