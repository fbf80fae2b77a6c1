"""What listens on the port: routing, who may speak to it, and requests and responses (ASGI)."""
