"""What the parameters of a pooler amount to: receptive fields, and the numbers kernels need."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.arrays import Arrays
from fastsp.engine.boosting import BOOSTINGS, Boosting
from fastsp.engine.inhibition import INHIBITIONS
from fastsp.engine.parameters import (
    MOST_SYNAPSES,
    check_numbers_and_choices,
    check_shape,
)
from fastsp.engine.switches import column_thresholds
from fastsp.engine.topology import ReceptiveFields, receptive_fields
from fastsp.kernels.boosting import SMALLEST_DUTY_CYCLE
from fastsp.kernels.state import Columns, Rule

TIE_BREAKER_SCALE = 0.01
"""Tie-breakers are below this, so they never reorder two different overlaps."""
LONGEST_TIED_POOL = 2000
"""Potential synapses of a column, up to which tie-breakers order equal shares of overlap."""

STRONGEST = 1e290
"""Strength of boosting, beyond which nothing changes any more."""
LARGEST_EXPONENT, LARGEST_SQUARED, WIDEST = 77.0, 29.0, 100.0
"""Up to these exponents, exponentials times overlaps, and the sums of their squares, are finite in
float32; up to this strength they are normal numbers, but for columns that are nearly always active.
"""


@dataclass(frozen=True)
class Plan:
    """What the parameters amount to for inputs of a given size."""

    column_shape: tuple[int, ...]
    input_shape: tuple[int, ...]
    fields: ReceptiveFields
    n_synapses: NDArray[np.int64]
    """(C,) potential synapses of each column"""

    def __str__(self) -> str:
        low, high = self.n_synapses.min(), self.n_synapses.max()
        synapses = f"{low}" if low == high else f"{low} to {high}"
        return (
            f"{self.n_synapses.size} columns {self.column_shape} over input bits "
            f"{self.input_shape}, {synapses} potential synapses each"
        )


def make_plan(parameters: Mapping[str, Any], n_features: int) -> Plan:
    """Check all parameters against each other and the input, and plan the receptive fields."""
    check_numbers_and_choices(parameters)
    column_shape = check_shape("column_shape", parameters["column_shape"])
    n_segments = parameters["segments"]
    if math.prod(column_shape) * n_segments >= 2**31:
        raise ValueError(
            "segments times the number of columns must be below 2^31; got "
            f"{n_segments} times {math.prod(column_shape)}"
        )
    given = parameters["input_shape"]
    kind_of_inhibition = INHIBITIONS[parameters["inhibition"]]
    places = kind_of_inhibition.places(column_shape)
    input_shape = (n_features,) if given is None else check_shape("input_shape", given)
    if math.prod(input_shape) != n_features:
        raise ValueError(
            f"input_shape must have as many elements as the input has features, {n_features}; "
            f"got {given!r} with {math.prod(input_shape)}"
        )
    kind, radius = parameters["receptive_field"], parameters["potential_radius"]
    if kind == "global" and radius is not None:
        raise ValueError(
            f"potential_radius must be None where receptive_field is 'global'; got {radius!r}"
        )
    if kind != "global":
        if radius is None or (kind == "gaussian" and radius == 0):
            raise ValueError(
                f"potential_radius must be given, and above 0 for a Gaussian, where "
                f"receptive_field is {kind!r}; got {radius!r}"
            )
        if len(places) > len(input_shape):
            raise ValueError(
                f"column_shape must not have more topological dimensions than the input's shape "
                f"{input_shape} where receptive_field is {kind!r}; got {column_shape}"
            )
    fields = receptive_fields(
        kind,
        places,
        input_shape,
        radius,
        parameters["wrap"],
        math.prod(column_shape[len(places) :]),
    )
    kind_of_inhibition.radii(parameters, column_shape, input_shape)
    n_synapses = _count_synapses(parameters, fields)
    if n_synapses.max() > MOST_SYNAPSES:
        raise ValueError(
            f"n_potential, or potential_fraction of the receptive field, must come to at most "
            f"{MOST_SYNAPSES} potential synapses for each pool; got {n_synapses.max()}"
        )
    return Plan(column_shape, input_shape, fields, n_synapses)


def _count_synapses(parameters: Mapping[str, Any], fields: ReceptiveFields) -> NDArray[np.int64]:
    available = fields.counts()
    wanted = parameters["n_potential"]
    if wanted is None:
        share = np.floor(parameters["potential_fraction"] * fields.weights() + 0.5)
        clipped: NDArray[np.int64] = np.clip(share.astype(np.int64), 1, available)
        return clipped
    if wanted > available.min():
        raise ValueError(
            f"n_potential must be at most the number of input bits in the smallest receptive "
            f"field, {available.min()}; got {wanted}"
        )
    return np.full(available.size, wanted, np.int64)


def _tie_scale(longest_pool: int) -> float:
    """Return what tie-breakers are multiplied by before they are added to shares.

    Different shares of up to n synapses are at least 1 / (n (n - 1)) apart; tie-breakers stay below
    half of that. In large pools shares as close fill the precision of float32 alone.
    """
    if longest_pool > LONGEST_TIED_POOL:
        return 0.0
    return 0.5 / (longest_pool * max(longest_pool - 1, 1)) / TIE_BREAKER_SCALE


def _overlap_step(parameters: Mapping[str, Any], n_rows: int, longest_pool: int) -> int:
    """Return how many keys lie between two overlaps; 0 where float32 orders columns.

    Whole numbers have room for the rank of each tie-breaker, up to 2^32 overlaps times rows. Not
    many more steps than float32 has between two overlaps, of which selection is used to.
    """
    compared = INHIBITIONS[parameters["inhibition"]].compares_overlaps
    boosted = BOOSTINGS[parameters["boosting"]].boosts or parameters["overlap"] != "count"
    if boosted or not compared:
        return 0
    return min((2**32 - 2) // (longest_pool + 1), max(2**19, n_rows + 1))


def tie_keys(
    tie_breakers: NDArray[np.float32], rule: Rule, different: NDArray[np.float32] | None = None
) -> NDArray[np.uint32]:
    """Return `Columns.tie_keys`, (C,) or (0,): see there.

    Tie-breakers that reach from one overlap to another are added to overlaps. The `different` ones,
    ascending, are given where there are more columns than these.
    """
    if rule.overlap_step == 0 or tie_breakers.min() < 0 or tie_breakers.max() >= 1:
        return np.empty(0, np.uint32)
    if different is None:
        different, ranks = np.unique(tie_breakers, return_inverse=True)
    else:
        ranks = np.searchsorted(different, tie_breakers)
    keys = 1 + ranks * (rule.overlap_step - 1) // different.size
    return keys.astype(np.uint32)


def _wide_keys(
    parameters: Mapping[str, Any], strength: float, target_density: float
) -> tuple[float, float]:
    """Return `Rule.lowest_exponent` and `Rule.key_scale`: see there."""
    largest = strength * (1.0 if parameters["boost_target"] == "neighbourhood" else target_density)
    compared = INHIBITIONS[parameters["inhibition"]].compares_overlaps
    harmless = LARGEST_EXPONENT if compared else LARGEST_SQUARED
    if not BOOSTINGS[parameters["boosting"]].is_exponential or (
        largest <= harmless and strength <= WIDEST
    ):
        return 0.0, 0.0
    lowest = math.floor(-strength / math.log(2)) - 1.0
    # A float32 up to the largest overlap has exponents up to 127 + 17.
    n_keys = (largest / math.log(2) - lowest + 127 + 20) * 2.0**23
    return lowest, min(1.0, 2.0 ** -math.ceil(math.log2(n_keys / (2.0**32 - 2))))


def make_rule(
    parameters: Mapping[str, Any],
    column_shape: tuple[int, ...],
    n_segments: int = 1,
    longest_pool: int = 1,
) -> Rule:
    """Return the numbers that kernels need, for a grid of columns with so many segments each.

    `longest_pool` is the largest number of potential synapses that a segment has.
    """
    n_columns = math.prod(column_shape)
    group_size = INHIBITIONS[parameters["inhibition"]].group_size(column_shape)
    n_groups = n_columns // group_size
    n_active = n_groups * max(1, math.floor(parameters["density"] * group_size + 0.5))
    target_density = n_active / n_columns / n_segments
    strength = min(float(parameters["boost_strength"]), STRONGEST)
    lowest_exponent, key_scale = _wide_keys(parameters, strength, target_density)
    return Rule(
        n_active=n_active,
        boost_strength=strength,
        target_density=target_density,
        duty_cycle_decay=1.0 - 1.0 / float(parameters["duty_cycle_period"]),
        permanence_increment=float(parameters["permanence_increment"]),
        permanence_decrement=float(parameters["permanence_decrement"]),
        connected_threshold=float(parameters["connected_threshold"]),
        batch_size=int(parameters["batch_size"]),
        weak_column_share=float(parameters["weak_column_share"]),
        weak_column_increment=float(parameters["weak_column_increment"]),
        n_segments=n_segments,
        tie_scale=_tie_scale(longest_pool),
        overlap_step=_overlap_step(parameters, n_columns * n_segments, longest_pool),
        lowest_exponent=lowest_exponent,
        key_scale=key_scale,
    )


def rule_of(parameters: Mapping[str, Any], column_shape: tuple[int, ...], arrays: Arrays) -> Rule:
    """Return the numbers that kernels need of a pooler with these arrays."""
    n_segments = len(arrays["tie_breakers"]) // math.prod(column_shape)
    return make_rule(parameters, column_shape, n_segments, int(np.diff(arrays["indptr"]).max()))


def rule_of_plan(plan: Plan, parameters: Mapping[str, Any]) -> Rule:
    """Return the numbers that kernels need of a pooler that is still to be drawn."""
    n_segments, longest = int(parameters["segments"]), int(plan.n_synapses.max())
    return make_rule(parameters, plan.column_shape, n_segments, longest)


def complete_arrays(arrays: Arrays, rule: Rule, boosting: Boosting) -> None:
    """Add to the arrays what boosting and weak columns need, and empty what they do not."""
    n_rows = len(arrays["tie_breakers"])
    if not boosting.takes_logarithms:
        arrays["log_duty_cycles"] = np.empty(0)
    elif not arrays["log_duty_cycles"].size:
        arrays["log_duty_cycles"] = np.log(
            np.maximum(arrays["active_duty_cycles"], SMALLEST_DUTY_CYCLE)
        )
    if not rule.weak_column_share:
        arrays["overlap_duty_cycles"] = np.empty(0)
    elif not arrays["overlap_duty_cycles"].size:
        arrays["overlap_duty_cycles"] = np.ones(n_rows)


def make_columns(
    arrays: Arrays, rule: Rule, stimulus_threshold: int, has_targets: bool = False
) -> Columns:
    """Return what columns remember, as the kernels see it; without their connected synapses."""
    n_rows = len(arrays["tie_breakers"])
    n_columns = n_rows // rule.n_segments
    thresholds = column_thresholds(n_columns, stimulus_threshold, arrays["off_columns"])
    return Columns(
        arrays["active_duty_cycles"],
        arrays["log_duty_cycles"],
        arrays["boost_factors"],
        arrays["tie_breakers"],
        np.repeat(thresholds, rule.n_segments),
        np.empty(n_rows if has_targets else 0),
        np.empty(0, np.int32),
        arrays["overlap_duty_cycles"],
        tie_keys(arrays["tie_breakers"], rule),
    )
