"""The kinds of boosting: how boost factors follow from duty cycles. The table names all of them."""

from collections.abc import Callable
from dataclasses import dataclass

from fastsp.kernels import boosting

Step = Callable[..., int]


@dataclass(frozen=True)
class Boosting:
    """A kind of boosting: the steps it is made of."""

    refresh: Step | None = None
    """Sets boost factors; None where they stay as they are. See `Learning.refresh`."""
    refresh_by_targets: Step | None = None
    """Does so where duty cycles are compared with those around; None where they cannot be."""
    advance: Step = boosting.advance
    """See `Learning.advance`"""
    takes_logarithms: bool = False
    """Whether logarithms of the duty cycles are kept"""
    is_exponential: bool = False
    """Whether boost factors can be too large for float32"""
    boosts: bool = True
    """Whether a boosted overlap can differ from the overlap"""


BOOSTINGS: dict[str | None, Boosting] = {
    "log": Boosting(
        boosting.refresh_by_logarithm,
        advance=boosting.advance_with_logarithms,
        takes_logarithms=True,
    ),
    "exp": Boosting(
        boosting.refresh_by_exponential, boosting.refresh_by_targets, is_exponential=True
    ),
    "held": Boosting(),
    None: Boosting(boosting.refresh_with_ones, boosts=False),
}
