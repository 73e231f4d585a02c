"""All names and signatures of htm.core are here, or in the table of what is refused.

`names.txt` has those of htm.core 2.2, each property, method and constructor of a class, with its
arguments: `_` has no name, and `=` follows those that may be left out.
"""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import fastsp.htm
import fastsp.htm.algorithms
import fastsp.htm.sdr
from fastsp.htm import SDR, Classifier, Metrics, SpatialPooler
from fastsp.htm.connections import Connections

HERE = Path(__file__)
NAMES = HERE.with_name("names.txt").read_text().splitlines()
PAGE = (HERE.parents[2] / "docs" / "htm.md").read_text()
METRICS = Metrics(3, 5)
MADE = {
    "Metrics": METRICS,
    "Sparsity": METRICS.sparsity,
    "ActivationFrequency": METRICS.activationFrequency,
    "Overlap": METRICS.overlap,
}
MODULES = {"htm.bindings.sdr": fastsp.htm.sdr, "htm.bindings.algorithms": fastsp.htm.algorithms}


def refused():
    """Read the first column of the table: each code span, `.name` of the class before it."""
    table = PAGE.partition("\n## What is refused\n")[2].partition("\n## ")[0]
    owner = ""
    for row in re.findall(r"^\| (`.*?) \|", table, re.M):
        for span in re.findall(r"`(.+?)`", row):
            name = f"{owner}{span}" if span.startswith(".") else span
            owner = name.partition(".")[0]
            yield name


CALLS = [each for each in refused() if "(" in each and "htm.bindings" not in each]
ABSENT = {each for each in refused() if "(" not in each and not each.startswith("htm.")}


def owned(name):
    """Return what stands here under a name such as `SDR.zero`, or None."""
    owner, _, member = name.partition(".")
    if member and owner in MADE:
        return getattr(MADE[owner], member, None)
    of = Connections if owner == "Connections" and member else None
    for module in MODULES.values():
        of = of or getattr(module, owner, None)
    return getattr(of, member, None) if member else of


@pytest.mark.parametrize("line", NAMES)
def test_each_name_is_here_with_its_arguments_or_refused(line):
    name, called, arguments = line.partition("(")
    if name in ABSENT:
        assert owned(name) is None
        return
    found = owned(name)
    assert found is not None, f"{name} is neither here nor in the table"
    if not called:
        return
    wanted = arguments.rstrip(")").split(", ") if arguments != ")" else []
    signature = inspect.signature(found)
    itself = [None] if inspect.isfunction(found) else []
    for given in (wanted, [each for each in wanted if not each.endswith("=")]):
        names = [each.rstrip("=") for each in given]
        positional = itself + [None for each in names if each == "_"]
        signature.bind(*positional, **{each: None for each in names if each != "_"})
        if given is wanted or given == wanted[: len(given)]:
            signature.bind(*itself, *([None] * len(given)))


def test_what_the_table_names_is_in_htm_core():
    assert {line.partition("(")[0] for line in NAMES} >= ABSENT


@pytest.mark.parametrize("call", CALLS)
def test_refused_calls_raise_and_say_why(call):
    names = {"SDR": SDR, "SpatialPooler": SpatialPooler, "Classifier": Classifier, "np": np}
    pooler = SpatialPooler([1000], [256], globalInhibition=True)
    with pytest.raises((TypeError, ValueError), match=r"must .*"):
        eval(call, names | {"pooler": pooler})
    assert pooler.getIterationNum() == 0


def test_there_are_calls_in_the_table():
    assert len(CALLS) > 10


@pytest.mark.parametrize("module", MODULES)
def test_the_list_is_that_of_the_htm_core_that_is_installed(module):
    theirs = pytest.importorskip(module)
    listed = {line.partition("(")[0] for line in NAMES}
    for name in dir(theirs):
        if name.startswith("_"):
            continue
        assert name in listed
        members = [each for each in dir(getattr(theirs, name)) if not each.startswith("_")]
        if owned(name) or name == "Connections":
            assert {f"{name}.{member}" for member in members} <= listed
