"""Data nodes of pipelines, as handlers read and write them."""
