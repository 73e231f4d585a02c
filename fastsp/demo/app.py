"""The web application: the page's files, and a WebSocket for each page."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from fastsp.demo import frames
from fastsp.demo.actions import perform
from fastsp.demo.guard import Guard, Names
from fastsp.demo.protocol import ProtocolError, decode, encode
from fastsp.demo.session import Session
from fastsp.demo.studio import Studio

LOGGER = logging.getLogger("fastsp")
MOST_PAGES = 8
LARGEST_MESSAGE = 65_536
"""Bytes that a page may send at once; uvicorn closes the connection beyond it."""
BETWEEN_PICTURES = 0.1
"""Seconds while a pooler learns."""
BETWEEN_ANSWERS = 0.03
"""Seconds between pictures that answer a message."""
BETWEEN_NOTES = 0.3
"""Seconds between looks for what a picture waits for."""

REFUSED, FAILED, TRY_LATER = 1008, 1011, 1013
"""Codes with which a WebSocket is closed."""

_KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def build_app(studio: Studio, preset: str, names: Names) -> Guard:
    """Return the application for a studio that was started."""
    pages = Pages(studio, preset)
    contents = _contents()

    async def file(request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in contents:
            return Response("no such file\n", 404, _HEADERS, "text/plain")
        kind = _KINDS[name.rpartition(".")[2]]
        return Response(contents[name], headers=_HEADERS, media_type=kind)

    routes = [Route("/", file), WebSocketRoute("/live", pages.serve), Route("/{name}", file)]
    return Guard(Starlette(routes=routes), names)


def _contents() -> Mapping[str, bytes]:
    """Return the files of the page; they are few and small, and no path leads elsewhere."""
    folder = files("fastsp.demo") / "page"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


class Pages:
    """The pages that are open, each with a session of its own."""

    def __init__(self, studio: Studio, preset: str) -> None:
        self._studio, self._preset, self._n_open = studio, preset, 0

    async def serve(self, socket: WebSocket) -> None:
        """Serve one page until it goes, or sends what is no message."""
        await socket.accept()
        if self._n_open >= MOST_PAGES:
            await socket.close(TRY_LATER, f"{MOST_PAGES} pages are open already")
            return
        self._n_open += 1
        session, heard = Session(self._studio), asyncio.Event()
        listening = asyncio.create_task(self._listen(socket, session, heard))
        showing = asyncio.create_task(self._show(socket, session, heard))
        try:
            await asyncio.wait({listening, showing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._n_open -= 1
            for task in (listening, showing):
                task.cancel()
            ends = await asyncio.gather(listening, showing, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, WebSocketDisconnect):
                with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                    await _close(socket, end)

    async def _listen(self, socket: WebSocket, session: Session, heard: asyncio.Event) -> None:
        """Do what the page asks for, one thing after the other."""
        while True:
            received: Any = await socket.receive()
            if received["type"] == "websocket.disconnect":
                return
            data = received.get("bytes")
            if data is None:
                raise ProtocolError("messages must be binary")
            future = perform(decode(data), session, self._studio)
            if future is not None:
                await asyncio.wrap_future(future)
            heard.set()

    async def _show(self, socket: WebSocket, session: Session, heard: asyncio.Event) -> None:
        """Send pictures; each is taken when the one before has been sent, so none queue up."""
        studio, seen, told = self._studio, -1, ""
        await socket.send_bytes(encode(frames.hello(studio, self._preset)))
        while True:
            started = time.monotonic()
            if heard.is_set() or studio.moment != seen:
                heard.clear()
                seen = studio.moment
                taken = asyncio.wrap_future(studio.ask(session.picture))
                while not (await asyncio.wait({taken}, timeout=BETWEEN_NOTES))[0]:
                    if studio.note != told:
                        told = studio.note
                        await socket.send_bytes(encode(frames.note(studio)))
                await socket.send_bytes(encode(frames.picture(taken.result())))
            await asyncio.sleep(max(0.0, started + BETWEEN_ANSWERS - time.monotonic()))
            left = started + BETWEEN_PICTURES - time.monotonic()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(heard.wait(), max(left, 0.001))


async def _close(socket: WebSocket, error: Exception) -> None:
    """Close a WebSocket and say why, in the 123 bytes that there are for it."""
    is_theirs = isinstance(error, ValueError)
    if not is_theirs:
        LOGGER.error("the demo lost a page: %s", error, exc_info=error)
    reason = str(error) if is_theirs else "the demo failed here; see its terminal"
    await socket.close(
        REFUSED if is_theirs else FAILED, reason.encode("ascii", "replace").decode()[:120]
    )
