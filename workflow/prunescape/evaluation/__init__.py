"""Evaluation: networks under masks and input noise, metrics, the table and its integrity gates."""
