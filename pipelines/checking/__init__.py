"""The verdict on each activity and precondition of a definition, without AWS."""
