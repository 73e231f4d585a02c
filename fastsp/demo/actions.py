"""What a page may ask for: messages in, and what they do to a session and a studio.

A message is checked in full before anything is done.
"""

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple

import numpy as np

from fastsp.demo.protocol import Message, ProtocolError
from fastsp.demo.session import Session
from fastsp.demo.studio import MOST_VARIANTS, Studio

LARGEST = 1_000_000
"""Greatest size of an integer, far above all that is meant."""


class Kind(NamedTuple):
    """A kind of message: the fields and arrays it must have, no more and no less."""

    do: Callable[..., "Future[Any] | None"]
    fields: Mapping[str, str] = {}
    arrays: Mapping[str, str] = {}


def perform(message: Message, session: Session, studio: Studio) -> "Future[Any] | None":
    """Do what a message asks for.

    Returns
    -------
    Future or None
        Of what the studio has to do for it, where it has to.

    Raises
    ------
    ValueError
        Where the message is not as it should be; nothing is done then. The future may raise it,
        too.
    """
    known = KINDS.get(message.kind)
    if known is None:
        raise ProtocolError(f"kind must be one of {', '.join(KINDS)}")
    for what, given, wanted in (
        ("fields", message.fields, known.fields),
        ("arrays", message.arrays, known.arrays),
    ):
        if given.keys() != wanted.keys():
            raise ProtocolError(f"{what} of {message.kind} must be {', '.join(wanted) or 'none'}")
    checked = {
        name: _CHECKS[check](name, message.fields[name]) for name, check in known.fields.items()
    }
    for name, code in known.arrays.items():
        found = message.arrays[name].dtype
        if f"{found.kind}{found.itemsize}" != code:
            raise ProtocolError(f"{name} must be of type {code}")
    return known.do(session, studio, **checked, **message.arrays)


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ProtocolError(f"{name} must be a number")
    if not -LARGEST <= value <= LARGEST or not math.isfinite(value):
        raise ProtocolError(f"{name} must be a number between {-LARGEST} and {LARGEST}")
    return float(value)


def _integer(name: str, value: Any) -> int:
    if not isinstance(value, int) or _number(name, value) != value:
        raise ProtocolError(f"{name} must be an integer")
    return value


def _variant(name: str, value: Any) -> int:
    if not 0 <= _integer(name, value) < MOST_VARIANTS:
        raise ProtocolError(f"{name} must be between 0 and {MOST_VARIANTS - 1}")
    return int(value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ProtocolError(f"{name} must be true or false")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > 20:
        raise ProtocolError(f"{name} must be a word")
    return value


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "number": _number,
    "integer": _integer,
    "integer or null": lambda name, value: None if value is None else _integer(name, value),
    "variant": _variant,
    "flag": _flag,
    "text": _text,
}


def _draw(session: Session, studio: Studio, image: Any) -> None:
    session.draw(image)


def _disturb(session: Session, studio: Studio, noise: float, right: int, down: int) -> None:
    session.disturb(noise, right, down)


def _select(session: Session, studio: Studio, column: int | None) -> None:
    session.select(column)


def _run(session: Session, studio: Studio, on: bool) -> "Future[None]":
    return studio.ask(lambda: studio.run(on))


def _reset(session: Session, studio: Studio) -> "Future[None]":
    return studio.ask(studio.reset)


def _compare(session: Session, studio: Studio, on: bool) -> "Future[None]":
    return studio.ask(lambda: studio.compare(on))


def _set(session: Session, studio: Studio, variant: int, name: str, value: str) -> "Future[None]":
    return studio.ask(lambda: studio.change(variant, name, value))


def _switch(
    session: Session, studio: Studio, variant: int, on: bool, columns: Any
) -> "Future[None]":
    n_columns = math.prod(studio.config.column_shape)
    if columns.size and not (columns.min() >= 0 and columns.max() < n_columns):
        raise ProtocolError(f"columns must be between 0 and {n_columns - 1}")
    positions = np.array(columns, np.int32)
    return studio.ask(lambda: studio.switch(variant, positions, on))


KINDS: Mapping[str, Kind] = {
    "draw": Kind(_draw, arrays={"image": "u1"}),
    "disturb": Kind(_disturb, {"noise": "number", "right": "integer", "down": "integer"}),
    "select": Kind(_select, {"column": "integer or null"}),
    "run": Kind(_run, {"on": "flag"}),
    "reset": Kind(_reset),
    "compare": Kind(_compare, {"on": "flag"}),
    "set": Kind(_set, {"variant": "variant", "name": "text", "value": "text"}),
    "switch": Kind(_switch, {"variant": "variant", "on": "flag"}, {"columns": "i4"}),
}
"""Kinds of messages that a page sends."""
