"""Kinds of figures, drawn from the table of scores; a kind is a module, and kinds.py lists them."""
