"""Refuses requests that come neither from programs on this machine nor from pages of this port.

Local AWS accepts the account's own keys by name alone, and runs what it is given. So no page of another site
that the developer has open may reach it, neither by a cross-origin request nor by a host name that the site
points to 127.0.0.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Browsers and resolvers keep localhost and its subdomains on the loopback interface (RFC 6761, 6.3).
_LOCAL_HOST = re.compile(r"(127\.\d+\.\d+\.\d+|\[::1\]|([a-z0-9_.-]+\.)?localhost)(:\d+)?", re.IGNORECASE)


def refusal(headers: Iterable[tuple[bytes, bytes]], *, is_page: bool) -> str | None:
    """Why a request is refused; None if it is not. ``is_page``: another site may link to it."""
    given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
    host = given.get("host")
    if host is not None and _LOCAL_HOST.fullmatch(host) is None:
        return f"The host '{host}' is not this machine."
    # Fetch Metadata: the browser says where a request comes from. Programs send none of it.
    if given.get("sec-fetch-site") in ("cross-site", "same-site") and not is_page:
        return "A page of another origin asked for this."
    origin = given.get("origin")
    if origin is not None and origin != f"http://{host}":
        return f"The origin '{origin}' is another one."
    return None
