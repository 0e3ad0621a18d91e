"""Files, levels, random streams and messages: what every other room stands on.

Knows nobody else; numpy at most.
"""
