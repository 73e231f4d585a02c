"""Serve the demo: bind, tell the address, open a browser, run until Ctrl-C."""

import ipaddress
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from typing import NoReturn

import uvicorn

from fastsp.datasets import Mnist
from fastsp.demo.app import LARGEST_MESSAGE, build_app
from fastsp.demo.guard import Names
from fastsp.demo.studio import Studio
from fastsp.experiments.mnist.config import MnistConfig

MOST_CONNECTIONS = 64
LOCAL = "127.0.0.1"
FIRST_CYCLES = 20_000
"""That the pooler learns by itself: two seconds for the preset `published`, without readouts."""


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens; ValueError says why there is none.

    "::", all addresses, is those of IPv4 as well, where the system has both in one.
    """
    if not 0 <= port <= 65_535:
        raise ValueError(f"port must be between 0 and 65535; got {port}")
    try:
        family, *_, found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(
            (host, port),
            family=family,
            backlog=MOST_CONNECTIONS,
            dualstack_ipv6=found[0] == "::" and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        hint = "; --port 0 picks a free one" if port else ""
        raise ValueError(f"cannot listen on {host}, port {port}: {error.strerror}{hint}") from error


def address(listening: socket.socket) -> str:
    """Return the address of the page, as this machine reaches it."""
    host, port = listening.getsockname()[:2]
    number = ipaddress.ip_address(host)
    if number.is_unspecified:
        is_both = number.version == 4 or not listening.getsockopt(
            socket.IPPROTO_IPV6, socket.IPV6_V6ONLY
        )
        host = LOCAL if is_both else "::1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def is_open_to_others(listening: socket.socket) -> bool:
    """Return whether other machines may reach a socket."""
    return not ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def build_server(studio: Studio, preset: str, names: Names) -> uvicorn.Server:
    """Return the server for a studio, which is run with a socket from `bind`."""
    config = uvicorn.Config(
        build_app(studio, preset, names),
        lifespan="off",
        log_config=None,
        log_level="critical",  # it would tell of each page that it had to leave
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=0,
    )
    return uvicorn.Server(config)


def serve(
    config: MnistConfig,
    data: Mnist,
    preset: str,
    listening: socket.socket,
    names: Names,
    ready: Callable[[str], None],
    open_browser: bool,
) -> NoReturn:
    """Train and serve until Ctrl-C, which ends the process.

    Parameters
    ----------
    listening : socket
        From `bind`.
    ready : callable
        Called with the address once it answers.
    """
    studio = Studio(config, data, first_cycles=FIRST_CYCLES)
    server = build_server(studio, preset, names)
    studio.start()
    url = address(listening)
    ready(url)
    if open_browser:  # which may wait for the browser to end
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:  # raised anew once the server has shut down
        pass
    finally:
        studio.close()
    # There is nothing to save, and to take compiled kernels apart would need about a second.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
