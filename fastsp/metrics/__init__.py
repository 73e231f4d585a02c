"""Measures of SDRs and duty cycles: density, entropy, overlap, robustness, spread of columns.

Batches of SDRs are CSR or dense arrays of 0 and 1, (n_samples, n_columns); a single SDR is a
sorted array of the indices of its active columns.
"""

from fastsp.metrics.activity import (
    binary_entropy,
    code_entropy,
    density,
    duty_cycle_entropy,
    sparseness,
)
from fastsp.metrics.clumping import clark_evans_index, dispersion_index
from fastsp.metrics.noise import move_on_bits, noise_robustness
from fastsp.metrics.overlaps import (
    class_overlaps,
    overlap,
    paired_overlap,
    pairwise_overlap,
    stability,
)

__all__ = [
    "binary_entropy",
    "clark_evans_index",
    "class_overlaps",
    "code_entropy",
    "density",
    "dispersion_index",
    "duty_cycle_entropy",
    "move_on_bits",
    "noise_robustness",
    "overlap",
    "paired_overlap",
    "pairwise_overlap",
    "sparseness",
    "stability",
]
