"""Files, levels, random streams, messages, and how Python files of users are read and run.

It imports no other room.
"""
