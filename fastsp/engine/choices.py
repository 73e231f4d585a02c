"""The choices of parameters, as types: what is not among them fails in an editor and in mypy.

The tables of kinds hold what each of them does; a test compares the two.
"""

from typing import Literal

ReceptiveField = Literal["global", "box", "gaussian"]
Inhibition = Literal["global", "gaussian", "local", "grouped"]
Boosting = Literal["log", "exp", "held"] | None
BoostTarget = Literal["density", "neighbourhood"]
Overlap = Literal["count", "share"]
OverlapIndex = Literal["auto", "rows", "words", "lists"]
