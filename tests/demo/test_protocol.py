"""Binary messages: what is written is read, and nothing else is."""

import json
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastsp
from fastsp.demo.protocol import MAGIC, TYPES, Message, ProtocolError, decode, encode

PAGE = Path(fastsp.__file__).parent / "demo" / "page"
NODE = shutil.which("node")


def raw(head, body=b"", length=None):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    start = MAGIC + struct.pack("<I", len(text) if length is None else length) + text
    return start + bytes(-len(start) % 8) + body


@given(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text() | st.none(), max_size=3),
    st.dictionaries(
        st.text(max_size=5),
        st.tuples(st.sampled_from(sorted(TYPES)), st.lists(st.integers(0, 255), max_size=9)),
        max_size=4,
    ),
)
def test_what_is_written_is_read(fields, described):
    fields = {name: value for name, value in fields.items() if name not in ("kind", "arrays")}
    arrays = {name: np.array(values, TYPES[code]) for name, (code, values) in described.items()}
    message = decode(encode(Message("a kind", fields, arrays)))
    assert (message.kind, message.fields) == ("a kind", fields)
    assert message.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        assert message.arrays[name].dtype == array.dtype
        assert message.arrays[name].tolist() == array.tolist()


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda body: raw(body)))
def test_noise_is_no_message(data):
    with pytest.raises(ProtocolError):
        decode(data)


@settings(max_examples=300)
@given(st.data())
def test_damaged_messages_are_refused_or_read(data):
    whole = bytearray(encode(Message("draw", {"a": 1}, {"image": np.arange(9, dtype=np.uint8)})))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    try:
        message = decode(bytes(whole[:cut]))
    except ProtocolError:
        return
    assert all(array.ndim == 1 for array in message.arrays.values())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no message"),
        (b"FSP2" + bytes(8), "no message"),
        (raw({}, length=1000), "ends within"),
        (raw({}, length=2**32 - 1), "ends within"),
        (raw(b"{"), "no JSON"),
        (raw(b"\xff"), "no JSON"),
        (raw(b"[" * 60_000), "no JSON"),
        (raw(b'{"kind":' + b"9" * 9_000 + b"}"), "no JSON"),
        (raw(b'{"kind": "draw", "x": NaN}'), "no JSON"),
        (raw([]), "no JSON object"),
        (raw({"kind": 3}), "kind must be text"),
        (raw({"kind": "a", "arrays": []}), "arrays an object"),
        (raw({"kind": "a", "arrays": {"x": 3}}), "an array"),
        (raw({"kind": "a", "arrays": {"x": ["u1", 9, 0]}}, bytes(8)), "an array"),
        (raw({"kind": "a", "arrays": {"x": ["f8", 2, 0]}}, bytes(8)), "an array"),
        (raw({"kind": "a", "arrays": {"x": ["u1", 1, 9]}}, bytes(8)), "an array"),
        (raw({"kind": "a", "arrays": {"x": ["u1", -1, 0]}}, bytes(8)), "an array"),
        (raw({"kind": "a", "arrays": {"x": ["u1", 1, -1]}}, bytes(8)), "an array"),
        (raw({"kind": "a", "arrays": {"x": ["O", 1, 0]}}, bytes(8)), "an array"),
        (raw({"kind": "a", "arrays": {"x": ["u1", 2**70, 0]}}, bytes(8)), "an array"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_why_a_message_is_refused(data, words):
    with pytest.raises(ProtocolError, match=words):
        decode(data)


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_the_page_reads_and_writes_the_same():
    arrays = {
        name: np.arange(n, dtype=TYPES[name]) for n, name in enumerate(sorted(TYPES), start=1)
    }
    data = encode(Message("picture", {"words": "ä ≥ 1", "none": None}, arrays))
    script = f"""
        import {{ readFileSync }} from "node:fs";
        import {{ decode, encode }} from {json.dumps((PAGE / "protocol.js").as_uri())};
        const given = readFileSync(0);
        const {{ kind, arrays, ...fields }} = decode(
            given.buffer.slice(given.byteOffset, given.byteOffset + given.length));
        process.stdout.write(encode(kind, fields, arrays));
    """
    again = subprocess.run(
        [NODE, "--no-warnings", "--input-type=module", "-e", script],
        input=data,
        capture_output=True,
        check=True,
    ).stdout
    message = decode(again)
    assert message.fields == {"words": "ä ≥ 1", "none": None}
    assert {name: array.tolist() for name, array in message.arrays.items()} == {
        name: array.tolist() for name, array in arrays.items()
    }
