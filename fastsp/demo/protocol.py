"""Binary messages: a head of JSON, and arrays.

| bytes | what |
| --- | --- |
| 4 | `FSP1` |
| 4 | H, the length of the head, uint32 |
| H | the head, a JSON object in UTF-8 |
| up to 7 | zeros, so that the body begins at a multiple of 8 |
| the rest | the body: the arrays, each at a multiple of 8 |

All numbers are little-endian. The head has the name of the message, `kind`; for each array in
`arrays` its name, type, number of elements and place in the body; and the message's own fields.
`docs/demo.md` lists the messages.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"FSP1"
TYPES: dict[str, np.dtype[Any]] = {
    code: np.dtype(f"<{code}") for code in ("u1", "u2", "i4", "f4", "f8")
}
_PREFIX = struct.Struct("<4sI")


class ProtocolError(ValueError):
    """A message that is not as it should be; the text says why, in one line."""


@dataclass(frozen=True)
class Message:
    """A message: its kind, its own fields, and its arrays, each of one dimension."""

    kind: str
    fields: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


def encode(message: Message) -> bytes:
    """Return a message as bytes; ValueError for numbers that JSON does not have."""
    described, body = {}, bytearray()
    for name, array in message.arrays.items():
        code = f"{array.dtype.kind}{array.dtype.itemsize}"
        described[name] = [code, array.size, len(body)]
        body += np.ascontiguousarray(array, TYPES[code]).tobytes()
        body += bytes(-len(body) % 8)
    head = {**message.fields, "kind": message.kind, "arrays": described}
    text = json.dumps(head, allow_nan=False, separators=(",", ":")).encode()
    start = _PREFIX.pack(MAGIC, len(text)) + text
    return start + bytes(-len(start) % 8) + bytes(body)


def decode(data: bytes) -> Message:
    """Return the message in `data`; its arrays are read-only.

    Raises
    ------
    ProtocolError
        Where it is none. Nothing that it says of itself is believed.
    """
    if len(data) < _PREFIX.size or data[:4] != MAGIC:
        raise ProtocolError("no message of this protocol")
    end = _PREFIX.size + _PREFIX.unpack_from(data)[1]
    if end > len(data):
        raise ProtocolError("the message ends within its head")
    try:
        head = json.loads(data[_PREFIX.size : end].decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ProtocolError("the head is no JSON") from None
    if not isinstance(head, dict):
        raise ProtocolError("the head is no JSON object")
    kind, described = head.pop("kind", None), head.pop("arrays", {})
    if not isinstance(kind, str) or not isinstance(described, dict):
        raise ProtocolError("kind must be text, and arrays an object")
    body = data[end + -end % 8 :]
    return Message(kind, head, {name: _array(body, d) for name, d in described.items()})


def _array(body: bytes, described: Any) -> NDArray[Any]:
    match described:
        case [str(code), int(n), int(offset)] if code in TYPES:
            kind = TYPES[code]
            if 0 <= offset <= len(body) and 0 <= n <= (len(body) - offset) // kind.itemsize:
                return np.frombuffer(body, kind, n, offset)
    raise ProtocolError("an array must be given as [type, number, place], within the message")


def _refuse(constant: str) -> None:
    raise ValueError(constant)
