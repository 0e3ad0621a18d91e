"""Figures drawn from the table of scores alone, one module per kind of figure."""
