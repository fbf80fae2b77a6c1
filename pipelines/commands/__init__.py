"""Looks into shell commands: what they call, and what a Lambda function has none of."""
