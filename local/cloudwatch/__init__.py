"""What CloudWatch does: alarms, metrics in log lines, and the metrics that AWS services publish."""
