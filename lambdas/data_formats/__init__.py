"""Data formats of pipelines: read rows from text, and write rows as text."""
