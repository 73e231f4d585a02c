"""The documentation does what it says: its code runs, its examples print what they show.

All Python of a page runs from top to bottom in one namespace, in an empty folder. What a line
`print(...)  # text` prints is compared with the text.
"""

import configparser
import contextlib
import doctest
import importlib
import io
import json
import os
import pkgutil
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from textwrap import dedent

import pytest

import fastsp
from bench.llvm import FUNCTIONS
from fastsp import dask, datasets, engine, export, htm, metrics
from fastsp.datasets import load_mnist
from fastsp.extras import INSTALL

ROOT = Path(__file__).parents[1]
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")
PUBLIC = [fastsp, dask, engine, metrics, datasets, htm, export]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PICTURE = re.compile(r"!\[[^\]]+\]\(([^)\s]+)\)")
LARGEST_SVG = 60_000
"""Bytes; larger drawings are quicker to load and to show as PNG."""
CODE = re.compile(r"^( *)```python\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"^print\(.*\)  # (.+)$", re.MULTILINE)
REFERENCE = re.compile(r"^\.\. auto(?:class|function|exception):: (fastsp[\w.]*)$", re.MULTILINE)


def code_of(page):
    """Return the Python of a page, on the lines where it stands there."""
    text, code, line = page.read_text("utf-8"), "", 0
    for block in CODE.finditer(text):
        start = text.count("\n", 0, block.start()) + 1
        code += "\n" * (start - line) + dedent(block[2])
        line = start + block[2].count("\n")
    return code


def few_digits():
    """Return the first images of MNIST."""
    full, n = load_mnist(ROOT / "data"), 500
    return datasets.Mnist(
        full.train_images[:n],
        full.train_labels[:n],
        full.test_images[:n],
        full.test_labels[:n],
        full.image_shape,
        full.source,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", list(filter(code_of, PAGES)), ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_the_code_of_a_page_runs_and_prints_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets, "load_mnist", few_digits)
    code, printed = code_of(page), io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, page, "exec"), {"__name__": "__main__"})
    assert [line for line in printed.getvalue().splitlines() if line in SHOWN.findall(code)] == (
        SHOWN.findall(code)
    )


@pytest.mark.parametrize(
    "name", [module.name for module in pkgutil.walk_packages(fastsp.__path__, "fastsp.")]
)
def test_examples_in_docstrings(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


def test_each_picture_is_shown_by_a_page_and_quick_to_load():
    shown = {
        (page.parent / name).resolve()
        for page in PAGES
        for name in PICTURE.findall(page.read_text("utf-8"))
    }
    kept = {file for kind in ("png", "svg") for file in (ROOT / "docs").rglob(f"*.{kind}")}
    assert shown == kept
    assert [f for f in kept if f.suffix == ".svg" and f.stat().st_size > LARGEST_SVG] == []


def test_pages_and_messages_agree_on_how_extras_are_installed():
    extras = SETUP["options.extras_require"].keys()
    begin, end = INSTALL.split("{}")
    more = [ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "bench/README.md")]
    told = 0
    for page in [*PAGES, *filter(Path.exists, more), *(ROOT / "fastsp").rglob("*.py")]:
        text = page.read_text("utf-8")
        assert not re.search(r"fastsp\[\w", text), page
        for place in re.finditer("pip install", "" if page.name == "extras.py" else text):
            rest = text[place.start() :]
            assert rest.startswith(begin), (page, rest[:60])
            assert set(rest[len(begin) :].split(end)[0].split(",")) <= extras, (page, rest[:60])
            told += 1
    assert told > 8


def test_the_page_of_speed_says_which_functions_were_not_measured():
    page = (ROOT / "docs" / "speed.md").read_text("utf-8")
    text = page.split("## What is written by hand")[1].split("\n## ")[0]
    measured = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    missing = set(re.findall(r"`(\w+)`", text.rpartition("|")[2]))
    assert measured | missing == set(FUNCTIONS)
    assert not measured & missing
    assert f"These {len(measured)} were measured" in text


WITHOUT_EXTRAS = """
import importlib.abc, importlib.metadata, json, sys

allowed, references = json.loads(sys.argv[1])
brought_by = importlib.metadata.packages_distributions()

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        packages = brought_by.get(name, [])
        if packages and not set(packages) & set(allowed):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
for reference in references:
    module, _, name = reference.rpartition(".")
    getattr(importlib.import_module(module), name)
"""


def required_by(lines):
    """Return the packages that requirements bring in, themselves included."""
    found, waiting = set(), list(lines)
    while waiting:
        line = waiting.pop()
        name = re.split(r"[ ><=!~;\[(]", line.strip())[0]
        if name == "fastsp":
            for extra in re.search(r"\[(.*)\]", line)[1].split(","):
                waiting += SETUP["options.extras_require"][extra].split()
        elif normal(name) not in found and "extra ==" not in line:
            found.add(normal(name))
            with contextlib.suppress(metadata.PackageNotFoundError):
                waiting += metadata.requires(name) or []
    return found


def test_the_extra_that_builds_the_pages_brings_all_that_the_reference_imports():
    lines = SETUP["options"]["install_requires"] + SETUP["options.extras_require"]["docs"]
    allowed = required_by([*lines.split(), "fastsp[docs]"]) | {"fastsp"}
    names = {one for ones in metadata.packages_distributions().values() for one in ones}
    allowed = [name for name in names if normal(name) in allowed]
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "docs" / "api").glob("*.md"))
    given = json.dumps([allowed, REFERENCE.findall(pages)])
    path = os.pathsep.join([str(Path(fastsp.__file__).parents[1]), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, given],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_reference_names_what_is_public_and_nothing_else():
    public = {
        f"{module.__name__}.{name}"
        for module in PUBLIC
        for name in set(module.__all__) - {"__version__", "datasets", "metrics"}
    }
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "docs" / "api").glob("*.md"))
    assert sorted(REFERENCE.findall(pages)) == sorted(public)


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_what_is_public_exists_and_is_described(module):
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        thing = getattr(module, name)
        assert name == "__version__" or thing.__doc__
        # Public where it is said to be, and not by a copy elsewhere.
        if name not in ("__version__", "datasets", "metrics"):
            assert thing.__module__.startswith(module.__name__)
