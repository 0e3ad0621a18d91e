"""Kinds of figures, a module each, drawn from the table of scores; kinds.py lists them."""
