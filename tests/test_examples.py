"""The examples run, in a small size."""

import runpy
from pathlib import Path

import numpy as np
import pytest
import tiny_mnist

ROOT = Path(__file__).parents[1]


def run(name, **sizes):
    return runpy.run_path(str(ROOT / "examples" / name))["main"](**sizes)


@pytest.mark.slow
def test_tabular_example_tells_classes_with_all_models():
    results = run("tabular.py", n_splits=2, n_repeats=1, n_columns=256, epochs=2)
    assert len(results) == 3
    for models in results.values():
        assert set(models) == {"pooler", "untrained pooler", "encoded bits", "plain numbers"}
        assert all(scores.mean() > 0.55 for scores in models.values())
    assert results["wine"]["pooler"].mean() > 0.85


def test_stream_example_recovers_from_the_change():
    results = run("stream.py", n_batches=60, n_columns=512)
    for accuracy in results.values():
        assert np.mean(accuracy[-10:]) > 0.5  # by chance it would be 0.25


def test_program_of_htm_core_tells_digits():
    accuracy = run(
        "htm_mnist.py", column_shape=(24, 24), data=tiny_mnist.make_digits(400), alpha=0.02
    )
    assert accuracy > 0.9  # by chance it would be 0.25
    text = (ROOT / "examples" / "htm_mnist.py").read_text("utf-8")
    page = (ROOT / "docs" / "htm.md").read_text("utf-8")
    for parameter in ("potentialPct=0.1", "minPctOverlapDutyCycle=0.2"):
        assert parameter in text
        assert f"`{parameter}`" in page
