"""The documentation does what it says: its code runs, its examples print what they show.

All Python of a page runs from top to bottom in one namespace, in an empty folder. What a line
`print(...)  # text` prints is compared with the text.
"""

import contextlib
import doctest
import importlib
import io
import pkgutil
import re
from pathlib import Path
from textwrap import dedent

import pytest

import fastsp
from fastsp import dask, datasets, engine, export, htm, metrics
from fastsp.datasets import load_mnist

ROOT = Path(__file__).parents[1]
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
