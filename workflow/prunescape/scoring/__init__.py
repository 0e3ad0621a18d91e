"""Criteria rank weights: pure functions, and the statistics that they declare to read."""
