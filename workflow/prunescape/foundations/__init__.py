"""Files, levels, random streams and messages: what every other room stands on.

It imports no other room.
"""
