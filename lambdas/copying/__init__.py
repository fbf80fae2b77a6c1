"""Copies data between objects in S3 and tables in databases."""
