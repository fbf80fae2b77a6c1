"""Runs the script of a task, for ShellCommandActivity and ShellCommandPrecondition."""
