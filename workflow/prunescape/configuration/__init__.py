"""The configuration: its schema, what blocks must say of each other, errors in a line each."""
