"""Reports: one HTML page for the result of an experiment, figures included.

A page loads nothing from elsewhere: it can be opened from disk, sent by mail and kept. Its figures
are drawn in a style of their own, whatever matplotlib's settings are, which stay as they are.
"""

from fastsp.report.experiment import experiment_report
from fastsp.report.mnist import mnist_report

__all__ = ["experiment_report", "mnist_report"]
