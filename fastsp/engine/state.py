"""What one pooler remembers: parameters, arrays and a count of cycles.

All else, the overlap index above all, is bound to them when it is needed, and dropped when one of
them is replaced.
"""

import math
import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fastsp.engine import steps
from fastsp.engine.arrays import LEARNED, Array, Arrays, check_arrays
from fastsp.engine.binding import Binding
from fastsp.engine.boosting import BOOSTINGS
from fastsp.engine.draw import draw
from fastsp.engine.index import Costs, OverlapIndex, build_index
from fastsp.engine.inhibition import INHIBITIONS, Inhibition
from fastsp.engine.lock import Lock
from fastsp.engine.packing import mean_on, pack_checked
from fastsp.engine.parameters import (
    DEFAULTS,
    DRAWN,
    OF_BOOSTING,
    OF_INHIBITION,
    check_count,
    check_numbers_and_choices,
    check_shape,
    check_size,
    complete,
    same,
)
from fastsp.engine.plan import complete_arrays, make_columns, make_plan, rule_of
from fastsp.engine.steps import Pooler
from fastsp.engine.switches import NOTHING_OFF, input_mask
from fastsp.kernels.blocks import Bound
from fastsp.kernels.state import Columns, Rule, Synapses


class State:
    """The state of one pooler, and the kernels bound to it. `Engine` says what its parts are."""

    defaults: ClassVar[Mapping[str, Any]] = DEFAULTS
    _compares = True
    """Whether columns are compared with their neighbourhood here, where the rule asks for it."""
    indptr = Array[np.int64]()
    indices = Array[np.unsignedinteger[Any]]()
    permanences = Array[np.float32]()
    active_duty_cycles = Array[np.float64]()
    boost_factors = Array[np.float32]()
    tie_breakers = Array[np.float32]()
    overlap_duty_cycles = Array[np.float64]()
    off_columns = Array[np.int32]()
    off_inputs = Array[np.int32]()

    def __init__(
        self,
        n_inputs: int,
        *,
        random_state: Any = None,
        lock: Lock | None = None,
        suffix: str = "",
        **parameters: Any,
    ) -> None:
        wanted = complete(parameters, self.defaults)
        plan = make_plan(wanted, check_size("n_inputs", n_inputs))
        state = draw(plan, wanted, random_state)
        self._take(wanted, state, lock, suffix)
        self.summary = str(plan)
        self._boosts_again = True

    @classmethod
    def restored(
        cls,
        parameters: Mapping[str, Any],
        state: Mapping[str, Any],
        *,
        lock: Lock | None = None,
        suffix: str = "",
    ) -> Self:
        """Return an engine of these parameters and a state as `__getstate__` returns it.

        What earlier versions did not have may be missing. Raises ValueError where the arrays do not
        fit together, so that no kernel strays in memory.
        """
        engine = cls.__new__(cls)
        nothing = {"off_columns": NOTHING_OFF, "off_inputs": NOTHING_OFF}
        missing = {"overlap_duty_cycles": np.empty(0), "log_duty_cycles": np.empty(0), **nothing}
        engine._take(complete(parameters, cls.defaults), missing | dict(state), lock, suffix)
        return engine

    def _take(
        self,
        parameters: dict[str, Any],
        state: Mapping[str, Any],
        lock: Lock | None,
        suffix: str,
    ) -> None:
        self.parameters, self._suffix = parameters, suffix
        self.column_shape, self.input_shape = (
            check_shape(f"{name}{suffix}", state[name]) for name in ("column_shape", "input_shape")
        )
        self.n_columns, self.n_inputs = math.prod(self.column_shape), math.prod(self.input_shape)
        self.n_cycles = check_count(f"n_cycles{suffix}", state["n_cycles"])
        self.arrays = check_arrays(state, self.n_columns, self.n_inputs, suffix)
        self.lock = Lock() if lock is None else lock
        self.lock.if_torn = weakref.WeakMethod(self._forget)
        self._boosts_again = False
        """Whether boost factors are to follow from the duty cycles before they are used."""
        self._boosts_given = False
        """Whether they were assigned instead, and no cycle was learned since."""
        self._revision: object = object()
        """Another object after each change of a parameter or an array."""
        self.n_active = check_count(f"n_active{suffix}", state["n_active"])
        self._binding: Binding | None = None
        self._indexed: tuple[Synapses, tuple[Any, ...], OverlapIndex] | None = None
        self._inhibition: tuple[tuple[Any, ...], Inhibition] | None = None
        self._costs: Costs | None = None

    def set_parameters(self, **parameters: Any) -> None:
        """Change parameters, which are checked at the next use.

        Those that shaped the draw (shapes, receptive fields, potential pools, `segments`, `wrap`,
        `initial_connected`) stay what they were.
        """
        changed = {
            name: value
            for name, value in parameters.items()
            if name not in DRAWN and not same(value, self.parameters[name])
        }
        if changed:
            self.parameters = self.parameters | changed
            self._boosts_again = self._boosts_again or not OF_BOOSTING.isdisjoint(changed)
            self._revision = object()

    def assign(self, **arrays: Any) -> None:
        """Put other arrays in the place of those of these names; they are checked at the next use.

        Duty cycles that are assigned set the boost factors; assigned boost factors are used as they
        are until the next learning cycle.
        """
        if "active_duty_cycles" in arrays:
            arrays["log_duty_cycles"] = np.empty(0)
        with self.lock.moment:
            self.arrays = self.arrays | arrays
            if "boost_factors" in arrays:
                self._boosts_again, self._boosts_given = False, True
            elif "active_duty_cycles" in arrays:
                self._boosts_again = True
            self._revision = object()

    def settle(self) -> tuple[Rule, Columns, Inhibition]:
        """Check parameters and arrays, and bring boost factors up to date.

        Returns what the kernels need of them besides the synapses.
        """
        with self.lock.moment:
            # In this order, so that no change from another thread is lost.
            boosts_again, self._boosts_again = self._boosts_again, False
            parameters, given = self.parameters, self.arrays
            try:
                check_numbers_and_choices(parameters)
                arrays = check_arrays(given, self.n_columns, self.n_inputs, self._suffix)
                rule = self._rule_of(parameters, arrays)
                inhibition = self._inhibition_of(parameters)
                if self._boosts_given and rule.key_scale > 0.0:
                    raise ValueError(
                        f"boost_factors{self._suffix} cannot be assigned for a boost_strength of "
                        f"{parameters['boost_strength']}: they are beyond single precision, and "
                        "columns are ordered by their duty cycles"
                    )
                boosting = BOOSTINGS[parameters["boosting"]]
                complete_arrays(arrays, rule, boosting)
                has_targets = parameters["boost_target"] != "density"
                columns = make_columns(arrays, rule, parameters["stimulus_threshold"], has_targets)
                if boosts_again:
                    refresh = steps.refresh(columns, inhibition, boosting, rule)
                    if isinstance(refresh, Bound):
                        refresh(0, len(columns.tie_breakers))
                    self._boosts_given = False
                elif self._compares and rule.key_scale > 0.0 and has_targets:
                    steps.fill_targets(columns, inhibition, rule.n_segments)()
            except BaseException:
                self._boosts_again = boosts_again
                raise
            self.arrays, self.n_active = arrays, rule.n_active
        return rule, columns, inhibition

    def _array(self, name: str) -> Any:
        return self.arrays[name]

    def _synapses(self) -> Synapses:
        arrays = self.arrays
        return Synapses(arrays["indptr"], arrays["indices"], arrays["permanences"])

    def _forget(self) -> None:
        """Build the index anew: what was bound is of no single moment."""
        self._binding, self._indexed, self._revision = None, None, object()

    def _pack(self, X: Any, n_threads: int = 1) -> NDArray[np.uint64]:
        words = pack_checked(X, self.parameters["threshold"], n_threads)
        if self.off_inputs.size:
            words &= input_mask(self.n_inputs, self.off_inputs)
        return words

    def _check(self) -> None:
        """Raise where a parameter or an assigned array is not as it should be."""
        binding = self._binding
        if binding is None or binding.revision is not self._revision:
            self.settle()

    def _binding_for(self, bits: NDArray[np.uint8]) -> Binding:
        binding = self._binding
        if binding is not None and binding.revision is self._revision:
            return binding
        return self._bound(bits.reshape(1, -1), 1)

    def _bound(self, sample: Any, n: int) -> Binding:
        """Return the kernels bound to the present parameters and arrays, for `n` inputs.

        The layout of the overlap index is chosen by the on-bits of a sample of them, and once more
        where another would save more time than it takes to build.
        """
        binding = self._binding
        if binding is not None and binding.revision is self._revision:
            if not self._pays_to_rebuild(binding, sample, n):
                return binding
            self._indexed = None
        # Held, since what is built while another thread learns would be of no single moment.
        with self.lock.moment:
            binding = self._binding
            if binding is None or binding.revision is not self._revision or self._indexed is None:
                binding = self._bind(mean_on(self._pack(sample)))
            return binding

    def _bind(self, n_on: float) -> Binding:
        # First, so that what changes from here on makes the binding an old one.
        revision = self._revision
        rule, columns, inhibition = self.settle()
        synapses = self._synapses()
        index = self._index_of(synapses, rule, n_on)
        columns = columns._replace(connected_counts=index.connected_counts)
        pooler = self._pooler(synapses, index, columns, inhibition, rule)
        self._binding = Binding(pooler, revision, n_on)
        return self._binding

    def _pooler(
        self,
        synapses: Synapses,
        index: OverlapIndex,
        columns: Columns,
        inhibition: Inhibition,
        rule: Rule,
    ) -> Pooler:
        """Return the parts of this pooler; another rule of learning has others."""
        mask = input_mask(self.n_inputs, self.off_inputs)
        boosting = BOOSTINGS[self.parameters["boosting"]]
        return Pooler(
            synapses,
            index,
            columns,
            inhibition,
            boosting,
            rule,
            mask,
            self.n_inputs,
            self._compares,
        )

    def _index_of(self, synapses: Synapses, rule: Rule, n_on: float) -> OverlapIndex:
        """Return the overlap index, a new one only where something that it depends on changed."""
        wanted = self.parameters["overlap_index"]
        counted = self.parameters["overlap"] == "share"
        key = (rule.connected_threshold, wanted, counted)
        known = self._indexed
        if known is None or known[1] != key or not _identical(known[0], synapses):
            layout = wanted
            if wanted == "auto":
                layout = self._predict(synapses, rule).cheapest(n_on)
            index = build_index(
                synapses, self.n_inputs, rule.connected_threshold, layout, counted, self._paired()
            )
            known = self._indexed = synapses, key, index
        return known[2]

    def _predict(self, synapses: Synapses, rule: Rule) -> Costs:
        if self._costs is None or self._costs.synapses.indices is not synapses.indices:
            n_adapted = rule.n_active * synapses.indices.size / len(self.tie_breakers)
            self._costs = Costs(synapses, self.n_inputs, n_adapted, self._paired())
        return self._costs

    def _paired(self) -> bool:
        """Return whether input bits come in pairs, such as on and off for each pixel."""
        return len(self.input_shape) > 1 and self.input_shape[-1] == 2

    def _pays_to_rebuild(self, binding: Binding, sample: Any, n: int) -> bool:
        """Return whether another layout saves more time over `n` inputs than its index takes."""
        if n == 1 or self.parameters["overlap_index"] != "auto":
            return False
        n_on = mean_on(self._pack(sample))
        if binding.n_on / 2 <= n_on <= 2 * binding.n_on:
            return False
        pooler = binding.pooler
        costs = self._predict(pooler.synapses, pooler.rule)
        return costs.gain(n_on, pooler.overlap_index.layout) * n > costs.of_building

    def _inhibition_of(self, parameters: Mapping[str, Any]) -> Inhibition:
        key = tuple(parameters[name] for name in OF_INHIBITION)
        if self._inhibition is None or self._inhibition[0] != key:
            self._inhibition = key, self._make_inhibition(parameters)
        return self._inhibition[1]

    def _rule_of(self, parameters: Mapping[str, Any], arrays: Arrays) -> Rule:
        return rule_of(parameters, self.column_shape, arrays)

    def _make_inhibition(self, parameters: Mapping[str, Any]) -> Inhibition:
        kind = INHIBITIONS[parameters["inhibition"]]
        return kind.planned(parameters, self.column_shape, self.input_shape)

    def __getstate__(self) -> dict[str, Any]:
        with self.lock.moment:
            if self._boosts_again:
                # Parameters that are refused say so when they are used.
                with suppress(ValueError, TypeError):
                    self.settle()
            arrays = {
                # Of one moment; what learning does not change may be shared.
                name: np.array(array) if name in LEARNED else array
                for name, array in self.arrays.items()
            }
            return {
                "parameters": self.parameters,
                "column_shape": self.column_shape,
                "input_shape": self.input_shape,
                "n_cycles": self.n_cycles,
                "n_active": self.n_active,
                **arrays,
            }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled state; ValueError where its arrays do not fit together."""
        self._take(state["parameters"], state, None, "")


def _identical(some: Synapses, others: Synapses) -> bool:
    return all(one is other for one, other in zip(some, others, strict=True))
