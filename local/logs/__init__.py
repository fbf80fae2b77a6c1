"""`python -m local logs`: what one task left behind in the stack, as plain lines in the order of time."""
