"""What ShellCommandActivity and ShellCommandPrecondition have in common: running a script for a task."""
