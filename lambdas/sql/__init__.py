"""Databases of pipelines: where they are, how to log in, sessions, and scripts."""
