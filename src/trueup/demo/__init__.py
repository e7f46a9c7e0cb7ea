"""The story that Trueup exists for, told with real objects."""
