"""Live pipelines: their definitions and their last runs, read with the caller's credentials."""
