"""Who may talk to the demo: pages of its own, by an address of this machine.

A page of another site could otherwise reach the server through the browser of whoever runs it,
also where it makes its own name point to this machine.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """Refuse requests whose Host or Origin is another's, before the application sees them.

    Host must be a number or a name of this machine, since whoever owns a name can make it point
    anywhere. Origin, which browsers send with what scripts ask for, must be that Host.

    Parameters
    ----------
    app : ASGI application
    host : str
        The address that the server is bound to.
    """

    def __init__(self, app: Application, host: str) -> None:
        self._app = app
        self._names = {"localhost", host.lower(), socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 403."""
        if scope["type"] not in ("http", "websocket") or self._is_own(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "not from this page"})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            body = b"This server answers its own page only.\n"
            await send({"type": "http.response.body", "body": body})

    def _is_own(self, scope: Scope) -> bool:
        given: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            given.setdefault(name.lower(), []).append(value)
        hosts, origins = given.get(b"host", []), given.get(b"origin", [])
        if len(hosts) != 1 or len(origins) > 1:
            return False
        host = hosts[0].decode("latin-1").lower()
        if not self._is_of_this_machine(host):
            return False
        return not origins or origins[0].decode("latin-1").lower() == f"http://{host}"

    def _is_of_this_machine(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True
