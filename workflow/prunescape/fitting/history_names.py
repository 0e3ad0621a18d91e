"""Names under which a checkpoint has the course of its training. Standard library only.

All of them are arrays [members, epochs].
"""

PREFIX = "history."
"""With which their names begin."""
LOSS = f"{PREFIX}loss"
"""Mean of the batches' losses, each before its step: float32, in nats, without the penalty."""
CORRECT, WRONG = f"{PREFIX}correct", f"{PREFIX}wrong"
"""Held-out images that are classified correctly, or not, after the epoch: int64; both 0 where that
was not measured."""
