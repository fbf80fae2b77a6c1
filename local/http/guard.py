"""Who may speak to the port: programs on this machine, and pages that the port itself has served.

Local AWS knows the account's own keys by their name alone, and runs what it is given. A page of another site
that a developer has open must therefore not reach it, be it by a request across origins or by a name that it
lets lead to 127.0.0.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Browsers and resolvers keep localhost and what ends in it on the loopback interface (RFC 6761, 6.3).
_LOCAL_HOST = re.compile(r"(127\.\d+\.\d+\.\d+|\[::1\]|([a-z0-9_.-]+\.)?localhost)(:\d+)?", re.IGNORECASE)


def refusal(headers: Iterable[tuple[bytes, bytes]], *, is_page: bool) -> str | None:
    """Why a request is refused; None if it is not. ``is_page``: a link of another site may lead to it."""
    given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
    host = given.get("host")
    if host is not None and _LOCAL_HOST.fullmatch(host) is None:
        return f"The host '{host}' is not this machine."
    # Fetch Metadata: what a browser says of where a request comes from. Programs send none of it.
    if given.get("sec-fetch-site") in ("cross-site", "same-site") and not is_page:
        return "A page of another origin asked for this."
    origin = given.get("origin")
    if origin is not None and origin != f"http://{host}":
        return f"The origin '{origin}' is another one."
    return None
