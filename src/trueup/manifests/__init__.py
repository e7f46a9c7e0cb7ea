"""A Git tree becomes stacks: trueup.yaml, or what discovery finds."""
