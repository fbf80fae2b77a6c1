"""What CloudWatch does: alarms, metrics in log lines, and metrics that AWS services publish."""
