"""One input at a time, without paying each time for what does not change.

A session holds the arrays of a pooler and the scratch space of a cycle in one object that passes
from Python to a kernel in a fraction of a microsecond; the dozens of arrays in it would take ten.
"""

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import config, typeof, types
from numba.core.dispatcher import Dispatcher
from numba.experimental import structref
from numpy.typing import NDArray

from fastsp.kernels.boosting import update_duty_cycles
from fastsp.kernels.cycle import (
    FLIP_ROOM,
    choose_columns,
    new_scratch,
)
from fastsp.kernels.inhibition import Inhibition
from fastsp.kernels.jit import kernel
from fastsp.kernels.learning import adapt_columns, fill_changes, new_flips
from fastsp.kernels.packing import pack_input
from fastsp.kernels.segments import point_to_columns, point_to_segments
from fastsp.kernels.state import Columns, OverlapIndex, Rule, Synapses
from fastsp.kernels.upkeep import (
    new_upkeep_scratch,
    raise_weak_columns,
    refresh_boost_factors,
    update_overlap_duty_cycles,
)
from fastsp.kernels.vectors import WORD

_FIELDS = (
    "synapses",
    "index",
    "columns",
    "inhibition",
    "rule",
    "input_mask",
    "scratch",
    "flips",
    "words",
    "changes",
    "work",
    "upkeep",
    "guess",
)


@structref.register
class _SessionType(types.StructRef):
    def preprocess_fields(self, fields: Any) -> Any:
        return tuple((name, types.unliteral(kind)) for name, kind in fields)


class Session(structref.StructRefProxy):
    """The arrays of one pooler, and scratch space: for one thread at a time."""


if config.DISABLE_JIT:  # plain Python code cannot make a structref
    Session = namedtuple("Session", _FIELDS)  # type: ignore[misc, no-redef]
else:
    structref.define_constructor(Session, _SessionType, _FIELDS)
    structref.define_boxing(_SessionType, Session)


@kernel
def open_session(
    synapses: Synapses,
    index: OverlapIndex,
    columns: Columns,
    inhibition: Inhibition,
    rule: Rule,
    input_mask: NDArray[np.uint64],
    most_active: int,
) -> Session:
    """Open a session for up to `most_active` active columns.

    `input_mask` (W,) has a one for each input bit that is not switched off.
    """
    n_words = input_mask.size
    return Session(
        synapses,
        index,
        columns,
        inhibition,
        rule,
        input_mask,
        new_scratch(columns, index, inhibition, rule),
        new_flips(FLIP_ROOM + WORD * n_words),
        np.zeros((1, n_words), np.uint64),
        np.empty(WORD * n_words, np.float32),
        np.empty(most_active, np.float64),
        new_upkeep_scratch(columns, inhibition, rule),
        np.zeros(1, np.int64),
    )


def without_lookup(session: Session) -> Callable[..., int]:
    """Return `run_cycle` for sessions such as this, compiled and with its types settled.

    Otherwise they are looked up at each call, which takes a microsecond and a half. Arguments are
    those of `run_cycle`, of exactly its types; read-only arrays will do for `x`.
    """
    if not isinstance(run_cycle, Dispatcher):  # a plain function where NUMBA_DISABLE_JIT is set
        return run_cycle
    arguments = types.uint8[::1], types.int64, types.boolean, types.int32[::1]
    signature = (typeof(session), *arguments)
    run_cycle.compile(signature)
    entry: Callable[..., int] = run_cycle.overloads[signature].entry_point
    return entry


@kernel
def run_cycle(
    session: Session, x: NDArray[np.uint8], bound: int, learns: bool, active: NDArray[np.int32]
) -> int:
    """Run one cycle on the input bits `x > bound`, (N,); count and write the active columns.

    Where the session is for inputs of another size, does nothing and returns -1.

    If it `learns`, changes the state as `learn` does, of which this is one cycle.
    """
    words, input_mask = session.words[0], session.input_mask
    if words.size != (x.size + WORD - 1) // WORD:
        return -1
    pack_input(x, bound, words)
    for w in range(words.size):
        words[w] &= input_mask[w]
    columns, rule = session.columns, session.rule
    n_active = np.empty(1, np.int64)
    session.guess[0] = choose_columns(
        session.words,
        session.index,
        columns,
        session.inhibition,
        rule,
        session.guess[0],
        session.scratch,
        active.reshape(1, -1),
        n_active,
    )
    if learns:
        winners = active[: n_active[0]]
        if rule.n_segments > 1:
            point_to_segments(winners, session.scratch.best_segments, rule.n_segments)
        fill_changes(words, rule.permanence_increment, rule.permanence_decrement, session.changes)
        threshold = np.float32(rule.connected_threshold)
        adapt_columns(
            winners, session.synapses, session.changes, threshold, session.index, session.flips
        )
        update_duty_cycles(winners, columns, rule, session.work)
        if rule.n_segments > 1:
            point_to_columns(winners, rule.n_segments)
        if rule.weak_column_share > 0.0:
            update_overlap_duty_cycles(session.scratch.overlaps[0], columns, rule)
            raise_weak_columns(
                1,
                session.synapses,
                session.index,
                columns,
                session.inhibition,
                rule,
                session.upkeep,
            )
        refresh_boost_factors(columns, session.inhibition, rule, session.upkeep)
    return int(n_active[0])
