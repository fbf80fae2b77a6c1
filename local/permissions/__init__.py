"""The calls that IAM decides on, who makes them, and a record of the decisions."""
