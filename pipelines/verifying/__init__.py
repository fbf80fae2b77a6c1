"""Whether a deployed stack works: one echo through every hop, or the cause why it does not come through."""
