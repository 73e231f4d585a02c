"""Classifiers compared on the same codes."""

from fastsp.experiments.classifiers import CLASSIFIERS, CODES
from tests.tiny_experiments import run_quick


def test_classifiers_are_compared_on_equal_terms():
    summary = run_quick("classifiers", [0]).summary()
    assert list(summary) == [f"{name}, {code}" for code in CODES for name in CLASSIFIERS]
    for measures in summary.values():
        assert measures["accuracy"].mean > 0.4  # four classes
        assert measures["n_predicted"].mean == 60
    # Neighbours keep all codes, the likelihood only its counts.
    kept = {name: summary[f"{name}, {CODES[1]}"]["model_bytes"].mean for name in CLASSIFIERS}
    assert kept["nearest neighbours"] > kept["likelihood, product"]
