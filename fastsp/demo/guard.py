"""Who may talk to the demo: pages of its own, by an address of this machine or a name it was told.

A page of another site could otherwise reach the server through the browser of whoever runs it,
also where it makes its own name point to this machine.
"""

import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_PORTS = {"http": 80, "https": 443}


class Names(NamedTuple):
    """What the server is called: the address that it is bound to, and names that it may have."""

    host: str
    allowed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, host: str, allowed: Iterable[str]) -> "Names":
        """Return names as people write them, with a port or as an address perhaps.

        Raises ValueError where one is none.
        """
        return cls(host, frozenset(map(_checked, allowed)))


class Guard:
    """Refuse requests whose Host or Origin is another's, before the application sees them.

    Host, and what a proxy says it was (X-Forwarded-Host), must be a number, a name of this machine
    or an allowed one, since whoever owns a name can make it point anywhere. Origin, which browsers
    send with what scripts ask for, must be the host that was asked, or of an allowed name.

    Parameters
    ----------
    app : ASGI application
    names : Names
    """

    def __init__(self, app: Application, names: Names) -> None:
        self._app = app
        self._allowed = names.allowed
        self._names = {
            "localhost",
            names.host.lower(),
            socket.gethostname().lower(),
        } | names.allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 403."""
        stranger = self._stranger(scope) if scope["type"] in ("http", "websocket") else None
        if stranger is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "not from this page"})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            name = stranger if re.fullmatch(r"[a-z0-9._-]+", stranger) else "NAME"
            body = (
                "This server answers its own page only. If you reach it by a name of yours, tell "
                f"it so: fastsp demo --allow-host {name}\n"
            )
            await send({"type": "http.response.body", "body": body.encode()})

    def _stranger(self, scope: Scope) -> str | None:
        """Return the name that is another's, or "" where there is none; None where all is well."""
        given: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            given.setdefault(name.lower(), []).append(value.decode("latin-1").lower())
        hosts, origins = given.get(b"host", []), given.get(b"origin", [])
        if len(hosts) != 1 or len(origins) > 1:
            return ""
        # Proxies add to the end.
        asked = given.get(b"x-forwarded-host", [""])[0].split(",")[0].strip() or hosts[0]
        for host in (hosts[0], asked):
            if not self._is_of_this_machine(name := _place(f"//{host}")[0]):
                return name
        # Modules of the page come with an Origin, and the browser's word that they are its own.
        is_file = scope.get("method") in ("GET", "HEAD")
        if not origins or (is_file and given.get(b"sec-fetch-site") == ["same-origin"]):
            return None
        scheme, (name, port) = origins[0].partition(":")[0], _place(origins[0])
        if scheme in _PORTS and name in self._allowed:
            return None
        # Nobody speaks https at the very port of this server, unless a proxy says so.
        secure = given.get(b"x-forwarded-proto", [""])[0].split(",")[0].strip() == "https"
        is_direct = _place(f"//{asked}")[1] == (scope.get("server") or [None, None])[1]
        if scheme == "http" or (scheme == "https" and (secure or not is_direct)):
            default = _PORTS[scheme]
            asked_name, asked_port = _place(f"//{asked}")
            if (name, port or default) == (asked_name, asked_port or default):
                return None
        return name

    def _is_of_this_machine(self, name: str) -> bool:
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _place(address: str) -> tuple[str, int | None]:
    """Return name and port of an address; "" where it is none, None where it has none."""
    try:
        parts = urlsplit(address)
        return (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        return "", None


def _checked(name: str) -> str:
    """Return the name of a host, which may come as it stands in a browser's line of addresses."""
    found, _ = _place(name if "//" in name else f"//{name}")
    try:
        found = found.encode("idna").decode("ascii")
    except UnicodeError:
        found = ""
    if not re.fullmatch(r"[a-z0-9._-]+", found):
        raise ValueError(f"allow-host must be the name of a host, as laptop.local; got {name!r}")
    return found
