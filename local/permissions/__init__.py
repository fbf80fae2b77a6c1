"""What IAM decides on: the calls, who makes them, and a record of the decisions."""
