"""TLS in front of a PostgreSQL server whose build has none."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.databases.server import certificate, server_directory

_SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"


@contextlib.contextmanager
def tls_proxy(server_port: int) -> Iterator[tuple[int, Path]]:
    """The port of a proxy with a certificate for ``localhost``, and the certificate's authority."""
    with server_directory() as directory, socket.create_server(("127.0.0.1", 0)) as listener:
        files = certificate(directory / "tls")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(files["server.pem"], files["server.key"])
        threading.Thread(target=_accept, args=(listener, context, server_port), daemon=True).start()
        yield listener.getsockname()[1], files["ca.pem"]


def _accept(listener: socket.socket, context: ssl.SSLContext, server_port: int) -> None:
    with contextlib.suppress(OSError):  # The listener is closed at the end.
        while True:
            client = listener.accept()[0]
            threading.Thread(target=_serve, args=(client, context, server_port), daemon=True).start()


def _serve(client: socket.socket, context: ssl.SSLContext, server_port: int) -> None:
    """Serve a client (PostgreSQL documentation, "SSL Session Encryption": S means yes)."""
    with contextlib.suppress(OSError), client:
        if client.recv(8, socket.MSG_WAITALL) != _SSL_REQUEST:
            return  # This server accepts only TLS.
        client.sendall(b"S")
        with context.wrap_socket(client, server_side=True) as inner:
            server = socket.create_connection(("127.0.0.1", server_port))
            threading.Thread(target=_copy, args=(server, inner), daemon=True).start()
            _copy(inner, server)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
