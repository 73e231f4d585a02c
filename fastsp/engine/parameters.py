"""The parameters of a pooler: their names and defaults, and whether each is in its range."""

import math
from collections.abc import Collection, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from fastsp.engine.boosting import BOOSTINGS
from fastsp.engine.index import LAYOUTS
from fastsp.engine.inhibition import INHIBITIONS
from fastsp.kernels.state import OFF

DEFAULTS: dict[str, Any] = {
    "column_shape": (2048,),
    "input_shape": None,
    "receptive_field": "global",
    "potential_radius": None,
    "potential_fraction": 0.5,
    "n_potential": None,
    "segments": 1,
    "wrap": False,
    "density": 0.02,
    "inhibition": "global",
    "inhibition_radius": None,
    "boosting": "log",
    "boost_strength": 100.0,
    "boost_target": "density",
    "duty_cycle_period": 1000.0,
    "overlap": "count",
    "stimulus_threshold": 0,
    "permanence_increment": 0.1,
    "permanence_decrement": 0.02,
    "connected_threshold": 0.5,
    "initial_connected": None,
    "weak_column_share": 0.0,
    "weak_column_increment": 0.05,
    "batch_size": 1,
    "threshold": 0.5,
    "overlap_index": "auto",
}
DRAWN = frozenset(
    (
        *("column_shape", "input_shape", "receptive_field", "potential_radius"),
        *("potential_fraction", "n_potential", "segments", "wrap", "initial_connected"),
    )
)
"""Parameters that shape the draw; those of a pooler stay what they were then."""
OF_INHIBITION = (
    *("inhibition", "inhibition_radius", "potential_radius", "wrap", "density"),
    *("boost_target", "weak_column_share"),
)
"""Parameters on which the arrays depend that columns compete in."""
OF_BOOSTING = frozenset(
    ("boosting", "boost_strength", "boost_target", "density", "inhibition", "inhibition_radius")
)
"""Parameters on which boost factors depend, besides the duty cycles."""
MOST_SYNAPSES = OFF - 1
"""In a pool: an overlap is counted in 16 bits, and one number means a column that is off."""
CHOICES: dict[str, Collection[str | None]] = {
    "receptive_field": ("global", "box", "gaussian"),
    "inhibition": INHIBITIONS,
    "boosting": BOOSTINGS,
    "boost_target": ("density", "neighbourhood"),
    "overlap": ("count", "share"),
    "overlap_index": ("auto", *LAYOUTS),
}
# name: kind, smallest, largest, whether the smallest itself is excluded, whether None is allowed
_NUMBERS: dict[str, tuple[type, float, float, bool, bool]] = {
    "potential_radius": (Real, 0, math.inf, False, True),
    "potential_fraction": (Real, 0, 1, True, False),
    "n_potential": (Integral, 1, 2**31 - 1, False, True),
    "segments": (Integral, 1, 2**15 - 1, False, False),
    "density": (Real, 0, 1, True, False),
    "inhibition_radius": (Real, 0, math.inf, True, True),
    "boost_strength": (Real, 0, math.inf, False, False),
    "duty_cycle_period": (Real, 1, math.inf, False, False),
    "stimulus_threshold": (Integral, 0, 2**31 - 1, False, False),
    "permanence_increment": (Real, 0, 1, False, False),
    "permanence_decrement": (Real, 0, 1, False, False),
    "connected_threshold": (Real, 0, 1, False, False),
    "initial_connected": (Real, 0, 1, False, True),
    "weak_column_share": (Real, 0, 1, False, False),
    "weak_column_increment": (Real, 0, 1, False, False),
    "batch_size": (Integral, 1, 2**31 - 1, False, False),
    "threshold": (Real, 0, math.inf, False, False),
}


def complete(
    parameters: Mapping[str, Any], defaults: Mapping[str, Any] = DEFAULTS
) -> dict[str, Any]:
    """Return all parameters, defaults for those not given; TypeError for unknown names."""
    unknown = parameters.keys() - defaults.keys()
    if unknown:
        raise TypeError(f"unknown parameter {', '.join(sorted(unknown))}")
    return dict(defaults) | dict(parameters)


def same(value: Any, before: Any) -> bool:
    """Return whether two values of a parameter are of one type, and equal as far as is known."""
    if value is before:
        return True
    return type(value) is type(before) and bool(np.isscalar(value)) and bool(value == before)


def check_numbers_and_choices(parameters: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError, naming the parameter, where one is out of its range."""
    for name, choices in CHOICES.items():
        value = parameters[name]
        if not (value is None or isinstance(value, str)) or value not in choices:
            wanted = ", ".join(repr(choice) for choice in choices)
            raise ValueError(f"{name} must be one of {wanted}; got {value!r}")
    for name, (kind, smallest, largest, open_below, optional) in _NUMBERS.items():
        value = parameters[name]
        if value is None and optional:
            continue
        noun = "an integer" if kind is Integral else "a number"
        low = f"above {smallest}" if open_below else f"at least {smallest}"
        wanted = f"{noun} {low}" + (f" and at most {largest}" if largest < 2**31 - 1 else "")
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, kind):
            raise TypeError(f"{name} must be {wanted}; got {value!r}")
        try:
            number = float(value)  # type: ignore[arg-type]
        except OverflowError:
            number = math.inf if value > 0 else -math.inf  # type: ignore[operator]
        too_small = number <= smallest if open_below else number < smallest
        if too_small or number > largest or not math.isfinite(number):
            raise ValueError(f"{name} must be {wanted}; got {value!r}")
    check_flag("wrap", parameters["wrap"])
    can_follow = BOOSTINGS[parameters["boosting"]].refresh_by_targets is not None
    if parameters["boost_target"] != "density" and not can_follow:
        raise ValueError(
            f"boost_target must be 'density' where boosting is {parameters['boosting']!r}; "
            f"got {parameters['boost_target']!r}"
        )


def check_flag(name: str, value: Any) -> None:
    """Raise TypeError where a parameter is not True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False; got {value!r}")


def check_count(name: str, value: Any) -> int:
    """Return `value` as an int; ValueError, naming it, where it is no integer of at least 0."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise ValueError(f"{name} must be an integer of at least 0; got {value!r}")
    if not 0 <= int(value) < 2**63:
        raise ValueError(f"{name} must be at least 0 and below 2^63; got {value!r}")
    return int(value)


def check_size(name: str, value: Any) -> int:
    """Return `value` as an int, or raise TypeError or ValueError naming the parameter."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer of at least 1; got {value!r}")
    if not 1 <= int(value) < 2**31:
        raise ValueError(f"{name} must be at least 1 and below 2^31; got {value!r}")
    return int(value)


def check_verbose(value: Any) -> None:
    """Raise where the parameter `verbose` is neither a flag nor an integer of at least 0."""
    if not isinstance(value, (bool, np.bool_, Integral)):
        raise TypeError(f"verbose must be an integer of at least 0; got {value!r}")
    if value < 0:
        raise ValueError(f"verbose must be an integer of at least 0; got {value!r}")


def check_shape(name: str, value: Any) -> tuple[int, ...]:
    """Return `value` as a tuple of positive ints, or raise naming the parameter.

    A single integer is the shape of one dimension.
    """
    if isinstance(value, Integral) and not isinstance(value, bool):
        value = (value,)
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"{name} must be a tuple of integers; got {value!r}")
    for n in value:
        if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
            raise ValueError(f"{name} must be a tuple of integers of at least 1; got {value!r}")
    if not value or math.prod(int(n) for n in value) >= 2**31:
        raise ValueError(f"{name} must have between 1 and 2^31 - 1 elements; got {value!r}")
    return tuple(int(n) for n in value)


def check_seed(name: str, value: Any) -> None:
    """Raise where a value is no integer that NumPy takes for a seed."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, a generator of NumPy or None; got {value!r}")
    if not 0 <= int(value) < 2**32:
        raise ValueError(f"{name} must be at least 0 and below 2^32; got {value!r}")
