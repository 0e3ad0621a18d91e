"""Pruning criteria, pure functions that score weights, and the statistics that they read."""
