"""The state machine that runs one task: its states, and their JSONata as files beside them."""
