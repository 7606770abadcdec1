"""Which addresses outgoing calls may really go to: this machine, and hosts that a person named."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from mocksrv.config import is_loopback

PORTS = {"http": 80, "https": 443}


class Reach:
    """Loopback, and hosts by name or address, each with one port or with all."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        self.named = {name.lower() for name in named}

    def refusal(self, url: str) -> str:
        """Why a call to that URL is held; "" if it may be made."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, port_of(parts)
        except ValueError:
            return f"{url!r} is no URL"
        if parts.scheme not in PORTS or not host:
            return f"{url!r} is no URL that begins with http:// or https:// and a host"
        if is_loopback(host) or {host, f"{host}:{port}", f"[{host}]:{port}"} & self.named:
            return ""
        return f"{host} is another machine: --deliver-to {host} lets the calls go there"


def port_of(parts: SplitResult) -> int:
    """The port of a URL. Raises ValueError."""
    return parts.port or PORTS.get(parts.scheme, 0)
