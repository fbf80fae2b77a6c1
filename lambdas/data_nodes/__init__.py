"""Data nodes of pipelines in S3, which handlers read and write."""
