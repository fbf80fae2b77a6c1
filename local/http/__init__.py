"""The HTTP side of local AWS (ASGI): routing, access checks, reading requests and sending responses."""
