"""The kinds of inhibition: how columns compete. The table names all of them."""

from fastsp.engine.inhibition.base import Inhibition
from fastsp.engine.inhibition.gaussian import Gaussian
from fastsp.engine.inhibition.grouped import Grouped
from fastsp.engine.inhibition.local import Local
from fastsp.engine.inhibition.whole import Global

INHIBITIONS: dict[str, type[Inhibition]] = {
    kind.name: kind for kind in (Global, Gaussian, Local, Grouped)
}

__all__ = ["INHIBITIONS", "Gaussian", "Global", "Grouped", "Inhibition", "Local"]
