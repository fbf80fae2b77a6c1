"""Processes on this machine: trees that start, freeze and end as a whole, as execution environments do."""
