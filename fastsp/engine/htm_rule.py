"""A pooler that learns by the rule of NuPIC and htm.core: see `fastsp.kernels.htm_rule`.

Beyond the state of other poolers it has the number of all cycles, the radius of inhibition, which
follows the spread of connected synapses, and the overlap duty cycles below which columns are weak.
The last two change on update rounds, between two cycles.
"""

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastsp.engine.arrays import check_arrays
from fastsp.engine.binding import Active, Binding
from fastsp.engine.engine import CHUNK, MAX_BUFFERED, SAMPLE, Engine
from fastsp.engine.htm_steps import HtmPooler
from fastsp.engine.index import OverlapIndex
from fastsp.engine.inhibition import Global, Inhibition, Local
from fastsp.engine.inhibition.base import NO_BOXES
from fastsp.engine.lock import Lock
from fastsp.engine.packing import as_bits, check_inputs, in_one_row
from fastsp.engine.parameters import (
    DEFAULTS,
    check_count,
    check_flag,
    check_numbers_and_choices,
    check_size,
)
from fastsp.engine.plan import make_columns, make_rule
from fastsp.engine.threads import n_learning
from fastsp.engine.topology import boxes, neighbourhood
from fastsp.kernels import htm_rule as kernels
from fastsp.kernels.cycle import LEARN
from fastsp.kernels.neighbourhoods import max_boxes
from fastsp.kernels.state import Columns, Rule, Synapses

HTM_DEFAULTS: dict[str, Any] = DEFAULTS | {
    "boosting": "exp",
    "inhibition_radius": 1,
    "n_per_area": None,
    "update_period": 50,
    "initial_connected": 0.5,
}
NEAR = np.float32(1e-6)
"""A permanence this far below the threshold is connected; for the spread of synapses, one this far
above it."""


class HtmEngine(Engine):
    """A Spatial Pooler that learns by this rule, drawn for inputs of one size.

    Parameters
    ----------
    n_inputs, random_state : as of `Engine`.
    **parameters
        Those of `Engine`, with these meanings and limits. `inhibition` is "global" or "local".
        `inhibition_radius` is an integer that changes with time. `boosting` is "exp" or None.
        `stimulus_threshold` is one of boosted overlaps, and the least number of connected synapses
        of a column that has learned. `weak_column_share` counts on update rounds. Further:

        n_per_area : int or None, active columns in an area as wide as neighbourhoods, instead of
            `density`; at most half of the area.
        update_period : int, cycles from one update round to the next.

    Attributes
    ----------
    n_iterations : int, cycles so far, learning or not
    min_overlap_duty_cycles : (C,) float64, columns with lower overlap duty cycles are weak
    """

    defaults: ClassVar[Mapping[str, Any]] = HTM_DEFAULTS

    def __init__(self, n_inputs: int, *, random_state: Any = None, **parameters: Any) -> None:
        super().__init__(n_inputs, random_state=random_state, **parameters)
        self._check_htm()
        n, stimulus_threshold = self.n_columns, self.parameters["stimulus_threshold"]
        synapses = self._synapses()
        threshold = self.connected_from
        kernels.connect_all(synapses, stimulus_threshold, threshold)
        zeros = ("active_duty_cycles", "overlap_duty_cycles", "tie_breakers")
        self.assign(**{name: np.zeros(n) for name in zeros})
        self.follow_synapses()

    def _take(
        self,
        parameters: dict[str, Any],
        state: Mapping[str, Any],
        lock: Lock | None,
        suffix: str,
    ) -> None:
        super()._take(parameters, state, lock, suffix)
        self.n_iterations = check_count("n_iterations", state.get("n_iterations", 0))
        minima = np.array(
            state.get("min_overlap_duty_cycles", np.zeros(self.n_columns)), np.float64
        )
        if minima.shape != (self.n_columns,) or not np.isfinite(minima).all():
            raise ValueError("min_overlap_duty_cycles must be finite, one for each column")
        self.min_overlap_duty_cycles: NDArray[np.float64] = minima
        self._clock = np.zeros(1, np.int64)
        self._round_is_due = False
        self._laid_out: tuple[tuple[Any, ...], Inhibition] | None = None

    @property
    def inhibits_globally(self) -> bool:
        """Whether all columns compete with each other: neighbourhoods may be as wide as that."""
        parameters = self.parameters
        radius = parameters["inhibition_radius"]
        return bool(parameters["inhibition"] == "global" or radius > max(self.column_shape))

    @property
    def density(self) -> np.float32:
        """The wanted share of active columns."""
        n, whole = self.parameters["n_per_area"], self.parameters["inhibition"] == "global"
        if n is None:
            return np.float32(self.parameters["density"])
        reach = 2 * max(self.column_shape) if whole else 2 * self.parameters["inhibition_radius"]
        area = math.prod(min(m, reach + 1) for m in self.column_shape)
        return min(np.float32(n) / np.float32(area), np.float32(0.5))

    @property
    def n_active_globally(self) -> int:
        """Number of active columns where all compete."""
        return int(np.floor(self.density * np.float32(self.n_columns)))

    def cycle(
        self, bits: NDArray[np.uint8], learn: bool, bound: int = 0
    ) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        """Run one cycle on one input: its bits are on where they exceed a bound.

        Parameters
        ----------
        bits : (N,) contiguous, which is not checked.

        Returns
        -------
        active : (k,) int32, the active columns, ascending
        overlaps : (C,) uint16, connected synapses whose input bit is on
        """
        lock = self.lock
        with lock.turn, lock.moment:
            if lock.is_learning:
                lock.check_not_learning()
            if self._round_is_due:
                self._end_round()
            binding = self._binding_for(bits)
            # Ctrl-C is handled when the kernel ends, so the cycle is counted before; what may take
            # long or fail comes before that.
            binding.prepare_both()
            self._clock[0] = self.n_iterations
            self._count(1, learn)
            found = binding.compute_both(bits, bound, learn)
            if self._round_is_due:
                self._end_round()
            return found

    def compute(self, x: Any, learn: bool = True) -> NDArray[np.int32]:
        """Return the active columns for one input, ascending, and learn from it if `learn`."""
        check_flag("learn", learn)
        bits, bound = as_bits(x, self.n_inputs, self.parameters["threshold"])
        return self.cycle(bits, learn, bound)[0]

    def infer(self, X: Any, n_threads: int = 1) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the active columns of each row of `X` and count cycles; learn nothing."""
        with self.lock.learning():
            self._end_due_round()
            found = super().infer(X, n_threads)
            self.n_iterations += len(found[1])
        return found

    def learn_all(self, X: Any, n_threads: int = 1) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Learn from each row of `X` once, in order, and return their active columns.

        Parameters and errors as of `learn`, result as of `infer`.
        """
        X = check_inputs(X, self.n_inputs)
        parts, done = [(np.empty(0, np.int32), np.empty(0, np.int64))], 0
        with self.lock.learning():
            while done < X.shape[0]:
                binding = self._bound(X[done : done + SAMPLE], X.shape[0] - done)
                for output in self._learn_some(binding, X, done, n_threads):
                    parts.append(in_one_row(*output))
                    done += len(output[1])
        indices, counts = zip(*parts, strict=True)
        return np.concatenate(indices), np.concatenate(counts)

    def follow_synapses(self) -> None:
        """Set the radius of inhibition to half of what connected synapses spread over.

        In columns, at least 1; the longest axis of columns under global inhibition.
        """
        self.set_parameters(inhibition_radius=self._radius())

    def set_parameters(self, **parameters: Any) -> None:
        """Change parameters; see `Engine.set_parameters`. `wrap` may change, too: of inhibition."""
        super().set_parameters(**parameters)
        if parameters.get("wrap", self.parameters["wrap"]) != self.parameters["wrap"]:
            self.parameters = self.parameters | {"wrap": parameters["wrap"]}
            self._revision = object()

    def settle(self) -> tuple[Rule, Columns, Inhibition]:
        """Check parameters and arrays; see `Engine.settle`. Boost factors stay as they are."""
        with self.lock.moment:
            self._check_htm()
            arrays = check_arrays(self.arrays, self.n_columns, self.n_inputs, self._suffix)
            rule = self._rule(arrays["indptr"])
            inhibition = self._inhibition_of(self.parameters)
            self.arrays, self.n_active = arrays, rule.n_active
        return rule, make_columns(arrays, rule, 0), inhibition

    @cached_property
    def _coordinates(self) -> NDArray[np.int32]:
        axes = np.unravel_index(np.arange(self.n_inputs), self.input_shape)
        return np.array(axes, np.int32)

    @property
    def connected_from(self) -> np.float32:
        """The permanence from which on a synapse is connected."""
        lowest = np.float32(self.parameters["connected_threshold"]) - NEAR
        return np.float32(max(lowest, np.float32(0)))

    def _check_htm(self) -> None:
        parameters = self.parameters
        check_numbers_and_choices(parameters | {"inhibition_radius": None})
        check_count("inhibition_radius", parameters["inhibition_radius"])
        check_size("update_period", parameters["update_period"])
        if parameters["n_per_area"] is not None:
            check_size("n_per_area", parameters["n_per_area"])
        for name, allowed in _ALLOWED.items():
            if parameters[name] not in allowed:
                raise ValueError(f"{name} must be one of {allowed}; got {parameters[name]!r}")

    def _rule(self, indptr: NDArray[np.int64]) -> Rule:
        rule = make_rule(self.parameters, self.column_shape, 1, int(np.diff(indptr).max()))
        return rule._replace(
            n_active=self.n_active_globally,
            target_density=float(self.density),
            connected_threshold=float(self.connected_from),
            weak_column_share=0.0,
            overlap_step=0,
            lowest_exponent=0.0,
            key_scale=0.0,
        )

    def _pooler(
        self,
        synapses: Synapses,
        index: OverlapIndex,
        columns: Columns,
        inhibition: Inhibition,
        rule: Rule,
    ) -> HtmPooler:
        plain = super()._pooler(synapses, index, columns, inhibition, rule)
        parameters = self.parameters
        near = parameters["boosting"] and parameters["inhibition"] == "local"
        return HtmPooler(
            **vars(plain),
            clock=self._clock,
            min_overlap_duty_cycles=self.min_overlap_duty_cycles,
            sums_near=np.empty(self.n_columns if near else 0, np.float32),
            period=int(parameters["duty_cycle_period"]),
            stimulus_threshold=int(parameters["stimulus_threshold"]),
        )

    def _inhibition_of(self, parameters: Mapping[str, Any]) -> Inhibition:
        shape, wrap, whole = self.column_shape, parameters["wrap"], self.inhibits_globally
        density, radius = self.density, int(parameters["inhibition_radius"])
        key = whole, parameters["inhibition"], wrap, float(density), radius
        if self._laid_out is None or self._laid_out[0] != key:
            around = NO_BOXES
            if parameters["inhibition"] == "local":
                around = boxes(shape, (radius,) * len(shape), wrap)
            made: Inhibition = Global(around, last_wins=True)
            if not whole:
                near = neighbourhood(shape, radius, wrap, float(density), rounded=True)
                made = Local(around, near, in_order=True)
            self._laid_out = key, made
        return self._laid_out[1]

    def _learn_some(self, binding: Binding, X: Any, first: int, n_threads: int) -> Iterator[Active]:
        """Learn from a chunk that ends with an update round, if not before."""
        if self._round_is_due:
            self._end_round()
            binding = self._bound(X[first : first + 1], 1)
        period = int(self.parameters["update_period"])
        n = min(period - self.n_iterations % period, CHUNK, MAX_BUFFERED // binding.max_active)
        n_threads = n_learning(binding.pooler, n_threads, X.shape[0] - first)
        words = self._pack(X[first : first + n], n_threads)
        self._clock[0] = self.n_iterations
        yield self._advance(binding, n_threads, words, binding.new_output(len(words)), LEARN)

    def _advance(
        self,
        binding: Binding,
        n_threads: int,
        words: NDArray[np.uint64],
        output: Active,
        task: int,
        n_earlier: int = 0,
    ) -> Active:
        before = self.n_cycles
        try:
            super()._advance(binding, n_threads, words, output, task, n_earlier)
        finally:
            n_learned, self.n_cycles = self.n_cycles - before, before
            self._count(n_learned, True)
        self._end_due_round()
        return output

    def _count(self, n: int, learned: bool) -> None:
        self.n_iterations += n
        if learned and n:
            self.n_cycles += n
            self._round_is_due = self.n_iterations % self.parameters["update_period"] == 0

    def _end_due_round(self) -> None:
        with self.lock.moment:
            if self._round_is_due:
                self._end_round()

    def _end_round(self) -> None:
        """Let the radius follow the synapses, and see anew which columns are weak."""
        self.follow_synapses()
        share = np.float32(self.parameters["weak_column_share"])
        largest = self.arrays["overlap_duty_cycles"]
        if self.parameters["inhibition"] == "global":
            self.min_overlap_duty_cycles[:] = share * np.float32(largest.max())
        elif share:
            around = self._inhibition_of(self.parameters).boxes
            near = np.empty(self.n_columns)
            max_boxes(around, largest, np.empty((3, around.room)), near)
            self.min_overlap_duty_cycles[:] = share * near.astype(np.float32)
        else:
            self.min_overlap_duty_cycles[:] = 0
        self._round_is_due = False

    def _radius(self) -> int:
        if self.parameters["inhibition"] == "global":
            return max(self.column_shape)
        above = np.float32(np.float32(self.parameters["connected_threshold"]) + NEAR)
        spread = kernels.mean_span(self._synapses(), above, self._coordinates)
        sides = zip(self.column_shape, self.input_shape, strict=True)
        ratios = np.array([np.float32(c) / np.float32(m) for c, m in sides], np.float32)
        diameter = np.float32(spread) * np.float32(ratios.sum() / np.float32(ratios.size))
        radius = max((diameter - np.float32(1)) / np.float32(2), np.float32(1))
        return math.floor(float(radius) + 0.5)

    def __getstate__(self) -> dict[str, Any]:
        with self.lock.moment:
            self._end_due_round()
            return super().__getstate__() | {
                "n_iterations": self.n_iterations,
                "min_overlap_duty_cycles": self.min_overlap_duty_cycles.copy(),
            }


_ALLOWED: dict[str, tuple[Any, ...]] = {
    "inhibition": ("global", "local"),
    "boosting": ("exp", None),
    "overlap": ("count",),
    "segments": (1,),
    "batch_size": (1,),
}
