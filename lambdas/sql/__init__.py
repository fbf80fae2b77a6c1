"""Databases of pipelines: where they are, how to log in, and sessions on them."""
