"""A loopback port to serve on."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"


class PortInUseError(Exception):
    """Another program listens on the port."""


def listen(port: int) -> socket.socket:
    """Bind a loopback port; 0 picks a free one. Raises PortInUseError, PermissionError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if isinstance(error, PermissionError):
            raise
        raise PortInUseError(f"port {port} on {HOST} is in use") from error
    return listener
