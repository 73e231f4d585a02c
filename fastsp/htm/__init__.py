"""The names that programs written against htm.core import, with their signatures and defaults.

`fastsp.htm.sdr` and `fastsp.htm.algorithms` hold the same names where such programs look for them.
"""

from fastsp.htm.algorithms import Classifier
from fastsp.htm.rows import from_rows, to_rows
from fastsp.htm.sdr import SDR, ActivationFrequency, Metrics, Overlap, Sparsity

__all__ = [
    "SDR",
    "ActivationFrequency",
    "Classifier",
    "Metrics",
    "Overlap",
    "Sparsity",
    "from_rows",
    "to_rows",
]
