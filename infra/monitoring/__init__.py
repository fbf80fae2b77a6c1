"""Alarms and their topic, the dashboard, and the events of ended executions."""
