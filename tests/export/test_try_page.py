"""The page "Try it" of the documentation: its parts fit, and its model reads digits."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
STATIC = DOCS / "_static"


def test_the_page_has_what_its_script_looks_for():
    page, script = (DOCS / "try.md").read_text("utf-8"), (STATIC / "try.js").read_text("utf-8")
    ids = set(re.findall(r'id="([\w-]+)"', page))
    wanted = set(re.findall(r'(?:element|drawMap)\("([\w-]+)"', script))
    assert len(wanted) > 10
    assert wanted <= ids
    files = re.findall(r'(?:src|href)="_static/([\w.]+)"', page)
    assert len(files) == 5
    for name in files:
        assert (STATIC / name).stat().st_size < 2e6
    assert "http" not in page + script + (STATIC / "drawing.js").read_text("utf-8")


def test_its_model_reads_its_examples():
    if not shutil.which("node"):
        pytest.skip("no node on this machine")
    program = """
        const model = require(process.argv[1]);
        require(process.argv[2]);
        const pixels = (text) => Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));
        const read = digitExamples.map((text) => {
          const active = model.activeColumns(model.encode(pixels(text)));
          return [active.length, model.classify(active).label];
        });
        console.log(JSON.stringify(read));
    """
    files = [STATIC / "digits.js", STATIC / "digit_examples.js"]
    output = subprocess.run(
        ["node", "-e", program, *map(str, files)], stdout=subprocess.PIPE, check=True
    )
    n_active, labels = zip(*json.loads(output.stdout), strict=True)
    assert set(n_active) == {63}
    assert sum(label == digit for digit, label in enumerate(labels)) >= 9
