"""Runs deployed Python functions as Lambda does: with AWS's own runtime client on a local Runtime API."""
