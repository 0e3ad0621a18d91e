"""From split files to a checkpoint: training that can be killed, and what it writes.

Needs torch.
"""
