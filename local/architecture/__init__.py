"""`python -m local architecture`: draws the synthesized state machines."""
