"""The walk, one module a stage, each from immutable values to immutable values."""
