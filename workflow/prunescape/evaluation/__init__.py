"""Rows of the table: networks under masks and input noise, metrics, the table, its gates."""
