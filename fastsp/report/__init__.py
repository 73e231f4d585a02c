"""Reports: one HTML page for the result of an experiment, figures included.

The file of an experiment's name holds its page and its figures. A page loads nothing from
elsewhere: it can be opened from disk, sent by mail and kept. Figures are drawn with matplotlib's
objects only, without pyplot, in a style of their own: whatever matplotlib's settings are, they stay
as they are. Colours are those of Okabe and Ito and the map cividis, which colour-blind readers can
tell apart.
"""

from fastsp.report.experiment import experiment_report
from fastsp.report.mnist import mnist_report

__all__ = ["experiment_report", "mnist_report"]
