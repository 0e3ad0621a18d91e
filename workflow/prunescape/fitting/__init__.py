"""Training: fits an ensemble, goes on after a kill, and writes a checkpoint.

Needs torch.
"""
