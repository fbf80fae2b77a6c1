"""Runs a handler in a container on Amazon ECS, and decides what the container's end means."""
