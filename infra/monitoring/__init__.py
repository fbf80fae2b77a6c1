"""The alarms and their topic, the dashboard, and the events that are counted."""
