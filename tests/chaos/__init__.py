"""Runs thousands of tasks while everything around them goes wrong, in an order that a seed decides."""
