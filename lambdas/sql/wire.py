"""The connection beneath a driver, from which large results are read in larger pieces than the driver does.

Drivers read message by message, and a row is a message: the calls for each take longer than the server needs
to write it. A driver takes any socket, and reads from what its ``makefile`` returns. So the file is known
here, and between two statements of the driver another reader can use it.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from io import BufferedReader, BufferedRWPair

_BUFFER_BYTES = 256 * 1024


class Wire:
    """What the sockets of a driver share: ``file`` is what the driver reads from."""

    file: BufferedReader | BufferedRWPair

    def makefile(self, mode: str = "r", buffering: int | None = None, **options: Any) -> Any:  # noqa: ARG002
        """As socket.makefile, with a larger buffer. Keeps the file."""
        self.file = super().makefile(mode, _BUFFER_BYTES, **options)  # type: ignore[misc]
        return self.file


class PlainWire(Wire, socket.socket):
    """A connection without TLS."""

    @classmethod
    def of(cls, connection: socket.socket) -> PlainWire:
        """Takes over the connection: ``connection`` itself is closed."""
        return cls(fileno=connection.detach())


class TlsWire(Wire, ssl.SSLSocket):
    """A connection with TLS. ``SSLContext.sslsocket_class`` names this class."""


def keep(context: ssl.SSLContext, kept: Callable[[TlsWire], None]) -> None:
    """Make the context's connections wires, and hand each to ``kept`` when the driver begins to read."""

    class Kept(TlsWire):
        def makefile(self, mode: str = "r", buffering: int | None = None, **options: Any) -> Any:
            kept(self)
            return super().makefile(mode, buffering, **options)

    context.sslsocket_class = Kept
