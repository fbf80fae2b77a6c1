"""A proxy that makes a local S3 as far away as Amazon S3: requests wait, and connections have a rate."""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

LATENCY_SECONDS = 0.03
"""From a request to the first byte of its answer."""
BYTES_PER_SECOND = 80_000_000
"""Of one connection. Amazon S3 user guide, "Performance Guidelines": 85 to 90 MB/s are a typical goal."""
_PIECE_BYTES = 128 * 1024


@contextlib.contextmanager
def far(port: int) -> Iterator[int]:
    """The port of a proxy for the server at ``port``, which runs in a process of its own."""
    receiving, sending = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_serve, args=(port, sending), daemon=True)
    process.start()
    try:
        yield receiving.recv()
    finally:
        process.terminate()
        process.join()


def _serve(port: int, sending: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        sending.send(listener.getsockname()[1])
        while True:
            client = listener.accept()[0]
            server = socket.create_connection(("127.0.0.1", port))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = _Link(client, server)
            threading.Thread(target=link.requests, daemon=True).start()
            threading.Thread(target=link.answers, daemon=True).start()


class _Link:
    """A connection of a client, and the connection to the server behind it."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._client = client
        self._server = server
        self._is_answered = True
        """Whether what the client sends next is a new request."""

    def requests(self) -> None:
        """Forward requests."""
        self._forward(self._client, self._server)

    def answers(self) -> None:
        """Forward answers."""
        self._forward(self._server, self._client)

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        free = time.monotonic()
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE_BYTES):
                if source is self._client and self._is_answered:
                    self._is_answered = False
                    time.sleep(LATENCY_SECONDS)
                elif source is self._server:
                    self._is_answered = True
                now = time.monotonic()
                free = max(free, now) + len(data) / BYTES_PER_SECOND
                target.sendall(data)
                time.sleep(max(0.0, free - time.monotonic()))
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
