"""Each protection is taken away, and its tests have to notice."""
