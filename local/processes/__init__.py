"""Process trees that start, freeze and end as a whole, as Lambda's execution environments do."""
