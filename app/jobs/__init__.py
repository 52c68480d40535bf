"""What is done: one job from its assignment to its result."""
