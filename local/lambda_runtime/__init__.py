"""Deployed Python functions run as Lambda runs them: AWS's own runtime client on a local Runtime API."""
