"""The configuration: its schema, checks between its blocks, and one line for every error."""
