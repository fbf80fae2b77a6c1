"""Data formats of pipelines, as rows are read from text and written to it."""
