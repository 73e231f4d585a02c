"""The server over real sockets: hostile messages, many pages, slow pages, and how it ends."""

import contextlib
import http.client
import logging
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from importlib import resources

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from fastsp.demo.app import LARGEST_MESSAGE, MOST_PAGES
from fastsp.demo.protocol import Message, decode, encode
from fastsp.demo.serve import address, bind, is_open_to_others
from tests.demo.studios import PATIENCE, ask, open_server, open_studio, wait_for
from tests.tiny_mnist import make_digits, write_digits

COMMAND = [sys.executable, "-m", "fastsp", "demo", "--port=0", "--no-browser"]


@pytest.fixture(scope="module")
def studio():
    with open_studio(seconds_between_readouts=1.0) as studio:
        ask(studio, lambda: None)
        yield studio


@pytest.fixture(scope="module")
def port(studio):
    listening = bind("127.0.0.1", 0)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)  # little room on the way
    number = listening.getsockname()[1]
    with open_server(studio, listening):
        yield number


@pytest.fixture
def page(port):
    with open_page(port) as page:
        yield page


@contextlib.contextmanager
def open_page(port, **options):
    url = f"ws://127.0.0.1:{port}/live"
    with connect(url, compression=None, max_size=None, proxy=None, **options) as socket:
        yield socket


def send(page, kind, arrays=None, **fields):
    page.send(encode(Message(kind, fields, arrays or {})))


def receive(page):
    return decode(page.recv(PATIENCE))


def picture(page, condition=lambda picture: True):
    """Return the next picture that is as wanted."""

    def next_picture():
        message = receive(page)
        return message if message.kind == "picture" and condition(message) else None

    return wait_for(next_picture)


def closed_for(page):
    """Return code and reason with which the server closed the connection."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            page.recv(PATIENCE)
    return page.close_code, page.close_reason


def get(port, path="/", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def test_the_page_and_its_files_are_served_and_name_no_other_server(port):
    status, headers, page = get(port)
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    names = set(re.findall(r'(?:src|href)="([^"]+)"', page.decode()))
    assert {"main.js", "style.css"} <= names
    waiting = list(names)
    while waiting:
        status, headers, text = get(port, f"/{waiting.pop()}")
        assert status == 200
        assert headers["x-content-type-options"] == "nosniff"
        found = {name[2:] for name in re.findall(r'from "([^"]+)"', text.decode())} - names
        names |= found
        waiting += found
        links = set(re.findall(r"https?://[^\"'` ]+", text.decode()))
        assert links <= {"http://www.w3.org/2000/svg"}
    assert "protocol.js" in names


@pytest.mark.parametrize("path", ["/nothing", "/../app.py", "/%2e%2e/app.py", "/page/main.js"])
def test_no_other_file_is_served(port, path):
    assert get(port, path)[0] == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": ""},
        {"Host": "[::1"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:{port}"},
    ],
    ids=str,
)
def test_who_is_not_of_this_machine_is_refused(port, headers):
    headers = {name: value.format(port=port) for name, value in headers.items()}
    status, _, body = get(port, **headers)
    assert status == 403
    assert b"own page only" in body
    if "Origin" in headers:
        with pytest.raises(InvalidStatus) as refused, open_page(port, additional_headers=headers):
            pass
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "192.168.7.7"])
def test_addresses_of_this_machine_are_not_refused(port, name):
    host = f"{name}:{port}"
    assert get(port, Host=host, Origin=f"http://{host}")[0] == 200


@pytest.fixture(scope="module")
def named(studio):
    """The port of a server that may be called by names besides."""
    with open_server(studio, bind("127.0.0.1", 0), ["laptop.local", "Hub.example:8000"]) as server:
        yield server.servers[0].sockets[0].getsockname()[1]


def upgraded(port, host, **headers):
    """Return the status with which a WebSocket is answered that asks for `host`."""
    lines = {"Host": host, "Upgrade": "websocket", "Connection": "Upgrade", **headers}
    lines |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version": "13"}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as raw:
        raw.sendall(f"GET /live HTTP/1.1\r\n{text}\r\n".encode())
        return int(raw.recv(64).split()[1])


def forwarded(host="", proto=""):
    named = {"X-Forwarded-Host": host, "X-Forwarded-Proto": proto}
    return {name: value for name, value in named.items() if value}


@pytest.mark.parametrize(
    ("host", "origin", "headers"),
    [
        ("laptop.local:{port}", "http://laptop.local:{port}", {}),
        ("LAPTOP.local.:{port}", "http://laptop.local:{port}", {}),
        ("hub.example", "https://hub.example", {}),  # a proxy that ends TLS and keeps Host
        ("hub.example", "https://hub.example", forwarded(proto="https")),
        ("hub.example:443", "https://hub.example", forwarded(proto="https,http")),
        ("hub.example", "https://hub.example:8443", {}),  # Host without its port, as of nginx
        ("127.0.0.1:{port}", "https://hub.example", {}),  # a proxy that sets Host to ours
        ("127.0.0.1:{port}", "https://hub.example", forwarded("hub.example", "https")),
        ("localhost:8888", "http://localhost:8888", {}),  # a notebook server's proxy
        ("localhost:8888", "https://localhost:8888", {}),
        ("10.0.0.5", "https://10.0.0.5", {}),
        ("127.0.0.1:{port}", "https://127.0.0.1:{port}", forwarded(proto="https")),
        ("127.0.0.1:{port}", "http://localhost:8888", forwarded("localhost:8888")),
        ("127.0.0.1:{port}", "https://localhost:8888", forwarded("localhost:8888, inner", "https")),
    ],
    ids=str,
)
def test_pages_behind_names_and_proxies_are_let_in(named, host, origin, headers):
    host, origin = host.format(port=named), origin.format(port=named)
    assert get(named, Host=host, Origin=origin, **headers)[0] == 200
    assert upgraded(named, host, Origin=origin, **headers) == 101


@pytest.mark.parametrize(
    ("host", "origin", "headers"),
    [
        ("evil.example", None, {}),
        ("evil.example", "http://evil.example", forwarded("laptop.local")),  # a name made ours
        ("evil.example", "http://127.0.0.1:{port}", forwarded("127.0.0.1:{port}")),
        ("127.0.0.1:{port}", "http://evil.example", forwarded("evil.example")),
        ("127.0.0.1:{port}", "http://evil.example", forwarded("127.0.0.1:{port}")),
        ("127.0.0.1:{port}", "https://evil.example", forwarded("hub.example", "https")),
        ("127.0.0.1:{port}", "https://127.0.0.1:{port}", {}),
        ("127.0.0.1:{port}", "https://127.0.0.1:{port}", forwarded(proto="http")),
        ("laptop.local:{port}", "http://laptop.local.evil.example:{port}", {}),
        ("laptop.local:{port}", "ftp://laptop.local:{port}", {}),
        ("laptop.local:{port}", "null", {}),
        ("localhost:8888", "http://localhost:8889", {}),
        ("10.0.0.5", "https://10.0.0.5:1", {}),
    ],
    ids=str,
)
def test_others_are_not_let_in_by_names_or_proxies(named, host, origin, headers):
    given = {"Host": host, "Origin": origin} | headers
    given = {name: value.format(port=named) for name, value in given.items() if value}
    assert get(named, **given)[0] == 403
    assert upgraded(named, given.pop("Host"), **given) == 403


def test_who_is_refused_by_name_is_told_how_to_be_let_in(port, named):
    status, _, body = get(port, Host=f"laptop.local:{port}")
    assert status == 403
    assert b"fastsp demo --allow-host laptop.local\n" in body
    assert b"--allow-host evil.example" in get(port, Origin="http://evil.example")[2]
    assert b"--allow-host NAME" in get(port, Host="<script>")[2]
    assert get(named, Host="laptop.local")[0] == 200


def test_the_page_finds_its_socket_beside_itself(tmp_path):
    node = shutil.which("node")
    if not node:
        pytest.skip("no node on this machine")
    for file in (resources.files("fastsp.demo") / "page").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "ask.js").write_text("""
        import { Connection } from "./connection.js";
        globalThis.WebSocket = class { constructor(url) { console.log(String(url)); } };
        for (const href of process.argv.slice(2)) {
          globalThis.location = new URL(href);
          new Connection({});
        }
    """)
    places = {
        "http://127.0.0.1:8056/": "ws://127.0.0.1:8056/live",
        "https://hub.example/user/x/proxy/8056/?token=a#b": (
            "wss://hub.example/user/x/proxy/8056/live"
        ),
        "http://[::1]:8888/proxy/8056/index.html": "ws://[::1]:8888/proxy/8056/live",
    }
    done = subprocess.run([node, tmp_path / "ask.js", *places], stdout=subprocess.PIPE, check=True)
    assert done.stdout.decode().split() == list(places.values())


def test_a_page_is_greeted_and_shown_its_drawing(studio, page):
    hello = receive(page)
    assert hello.kind == "hello"
    assert hello.fields["column_shape"] == [16, 16]
    assert hello.fields["labels"] == [0, 1, 2, 3]
    assert hello.arrays["gallery"].size == 144 * hello.arrays["gallery_labels"].size
    image = np.zeros(144, np.uint8)
    image[:72] = 200
    send(page, "draw", {"image": image})
    seen = picture(page, lambda p: (p.arrays["0.bits"][::2] == (image > 0)).all())
    trace = ask(studio, lambda: studio.variants[0].shown.trace(seen.arrays["0.bits"]))
    assert (seen.arrays["0.active"] == trace.active).all()
    assert (seen.arrays["0.overlaps"] == trace.overlaps).all()
    assert (seen.arrays["0.boosted"] == trace.boosted).all()


def test_all_that_a_page_asks_for_is_done(page):
    send(page, "select", column=5)
    assert "0.permanences" in picture(page, lambda p: p.fields["selected"] == 5).arrays
    send(page, "select", column=None)
    send(page, "disturb", noise=0.25, right=1, down=-1)
    send(page, "compare", on=True)
    send(page, "set", variant=1, name="inhibition", value="local")
    picture(
        page, lambda p: [v["settings"]["inhibition"] for v in p.fields["views"]][1:] == ["local"]
    )
    send(page, "switch", columns(3, 4), variant=0, on=False)
    assert picture(page, lambda p: p.arrays["0.off"].size).arrays["0.off"].tolist() == [3, 4]
    send(page, "switch", columns(3, 4), variant=0, on=True)
    send(page, "compare", on=False)
    send(page, "run", on=True)
    learned = picture(page, lambda p: p.fields["running"] and p.fields["views"][0]["cycles"] > 50)
    assert learned.fields["views"][0]["cycles_per_second"] > 0
    send(page, "run", on=False)
    send(page, "reset")
    picture(page, lambda p: p.fields["views"][0]["cycles"] == 0 and not p.fields["running"])


def test_a_page_that_waits_is_told_for_what(monkeypatch):
    waiting = threading.Event()

    def compile_slowly(config, data):
        logging.getLogger("fastsp").info("compiling kernels, once; they are kept in /a/folder")
        waiting.wait(PATIENCE)

    monkeypatch.setattr("fastsp.demo.studio.compile_for", compile_slowly)
    with (
        open_studio() as studio,
        open_server(studio, listening := bind("127.0.0.1", 0)),
        open_page(listening.getsockname()[1]) as page,
    ):
        assert receive(page).kind == "hello"
        told = receive(page)
        assert (told.kind, told.fields["text"]) == ("note", "compiling kernels, once")
        waiting.set()
        assert picture(page).fields["views"]
    assert logging.getLogger("fastsp").level == logging.NOTSET


def test_nothing_is_sent_while_nothing_changes(studio, page):
    wait_for(lambda: ask(studio, lambda: not studio.variants[0].is_behind))
    picture(page, lambda p: not p.fields["views"][0]["stale"])
    with pytest.raises(TimeoutError):
        page.recv(0.5)


IMAGE = {"image": np.zeros(144, np.uint8)}


def columns(*positions):
    return {"columns": np.array(positions, np.int32)}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("text", "binary"),
        (b"", "no message"),
        (b"\0" * 100, "no message"),
        (Message("format", {}, {}), "kind must be one of"),
        (Message("draw", {}, {}), "arrays of draw"),
        (Message("draw", {}, {"image": np.zeros(143, np.uint8)}), "144 pixels"),
        (Message("draw", {}, {"image": np.zeros(144, np.float32)}), "type u1"),
        (Message("draw", {"more": 1}, IMAGE), "fields of draw"),
        (Message("disturb", {"noise": 2, "right": 0, "down": 0}, {}), "noise must"),
        (Message("disturb", {"noise": "a", "right": 0, "down": 0}, {}), "noise must"),
        (Message("disturb", {"noise": 0, "right": 0.5, "down": 0}, {}), "right must"),
        (Message("disturb", {"noise": 0, "right": 0, "down": 10**300}, {}), "down must"),
        (Message("select", {"column": 256}, {}), "column must"),
        (Message("select", {"column": True}, {}), "column must"),
        (Message("run", {"on": 1}, {}), "on must"),
        (Message("set", {"variant": 0, "name": "inhibition", "value": "x"}, {}), "inhibition must"),
        (Message("set", {"variant": 0, "name": "__class__", "value": "x"}, {}), "name must"),
        (Message("set", {"variant": 2, "name": "inhibition", "value": "x"}, {}), "variant must"),
        (Message("set", {"variant": -1, "name": "a", "value": "x"}, {}), "variant must"),
        (Message("set", {"variant": 0, "name": "a" * 99, "value": "x"}, {}), "name must"),
        (Message("switch", {"variant": 0, "on": True}, columns(256)), "columns must"),
        (Message("switch", {"variant": 0, "on": True}, columns(-1)), "columns must"),
        (Message("reset", {"now": True}, {}), "fields of reset"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_bad_message_closes_its_connection_and_harms_nothing(port, page, message, words):
    receive(page)
    before = picture(page)
    with open_page(port) as other:
        data = encode(message) if isinstance(message, Message) else message
        other.send(data)
        code, reason = closed_for(other)
    assert code == 1008
    assert words in reason
    send(page, "select", column=None)
    after = picture(page)
    assert (after.arrays["0.active"] == before.arrays["0.active"]).all()
    assert after.fields["views"][0]["settings"] == before.fields["views"][0]["settings"]


def test_a_message_beyond_the_cap_closes_its_connection(port):
    with open_page(port) as page:
        page.send(bytes(LARGEST_MESSAGE + 1))
        assert closed_for(page)[0] == 1009


def test_an_upgrade_that_is_none_and_bytes_that_are_no_request(port):
    for garbage in (b"\0\xff" * 50, b"GET /live HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as raw:
            raw.sendall(garbage)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(65_536):
                pass
    assert get(port)[0] == 200


def test_pages_have_drawings_of_their_own_up_to_so_many(port):
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(open_page(port)) for _ in range(MOST_PAGES)]
        for i, page in enumerate(pages):
            image = np.zeros(144, np.uint8)
            image[i] = 255
            send(page, "draw", {"image": image})
        for i, page in enumerate(pages):
            picture(page, lambda p, i=i: np.flatnonzero(p.arrays["0.bits"][::2]).tolist() == [i])
        with open_page(port) as another:
            code, reason = closed_for(another)
            assert code == 1013
            assert "open already" in reason
    with open_page(port) as again:  # once the others are gone
        assert receive(again).kind == "hello"


def test_pages_that_vanish_or_do_not_read_hold_up_nobody(studio, port, page):
    receive(page)
    vanished = [stuck_page(port) for _ in range(2)]
    stuck = [stuck_page(port) for _ in range(2)]
    send(page, "run", on=True)
    for one in vanished:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()  # without a word
    cycles = ask(studio, lambda: studio.variants[0].cycles)
    seen = [picture(page).fields["views"][0]["cycles"] for _ in range(25)]
    assert seen == sorted(seen)
    assert seen[-1] > cycles
    send(page, "run", on=False)
    for one in stuck:
        one.close()
    send(page, "reset")
    picture(page, lambda p: p.fields["views"][0]["cycles"] == 0)


def stuck_page(port):
    """Open a page that never reads, with as little room on its way as there is."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    raw.connect(("127.0.0.1", port))
    raw.sendall(
        b"GET /live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    return raw


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C of another process is not sent so on Windows")
def test_ctrl_c_ends_it_while_pages_are_open_and_a_pooler_learns(tmp_path):
    data = write_digits(tmp_path / "data", make_digits())
    process = subprocess.Popen(
        [*COMMAND, f"--data={data}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        line = process.stdout.readline()
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", line)[1])
        with open_page(port) as page:
            stuck = stuck_page(port)
            send(page, "run", on=True)
            picture(page, lambda p: p.fields["views"] and p.fields["views"][0]["cycles"] > 0)
            process.send_signal(signal.SIGINT)
            assert process.wait(5) == 0  # it takes well under a second; machines may be busy
            assert closed_for(page)[0] in (1001, 1012)
            stuck.close()
        assert process.stderr.read() == ""


def test_where_it_listens():
    with bind("127.0.0.1", 0) as listening:
        assert not is_open_to_others(listening)
        port = listening.getsockname()[1]
        assert address(listening) == f"http://127.0.0.1:{port}/"
        with pytest.raises(ValueError, match=f"port {port}: .*--port 0 picks a free one"):
            bind("127.0.0.1", port)
    if socket.has_dualstack_ipv6():
        with bind("::", 0) as listening:
            assert is_open_to_others(listening)
            assert address(listening).startswith("http://127.0.0.1:")
            port = listening.getsockname()[1]
            for host in ("127.0.0.1", "::1"):
                socket.create_connection((host, port), PATIENCE).close()
    with bind("0.0.0.0", 0) as listening:
        assert is_open_to_others(listening)
        assert address(listening).startswith("http://127.0.0.1:")
    for port in (-1, 65_536):
        with pytest.raises(ValueError, match="port must be"):
            bind("127.0.0.1", port)
    with pytest.raises(ValueError, match=r"cannot listen on 192\.0\.2\.1"):
        bind("192.0.2.1", 0)
