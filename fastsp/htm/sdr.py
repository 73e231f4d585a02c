"""SDRs and what measures them, under the name of the module that programs import them from."""

from fastsp.htm.metrics import ActivationFrequency, Metrics, Overlap, Sparsity
from fastsp.htm.representation import SDR

__all__ = ["SDR", "ActivationFrequency", "Metrics", "Overlap", "Sparsity"]
