"""Polls Data Pipeline for tasks, and decides what the loop does next."""
