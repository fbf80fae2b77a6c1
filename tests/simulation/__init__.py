"""The deployed state machines, the poller and the local Data Pipeline's engine together in virtual time."""
