"""Work on Amazon EMR: the steps of a task, where they run, and their life from submission to the end."""
