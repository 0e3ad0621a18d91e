"""Objectives that training minimises, diagonal Gaussian posteriors, and optimisers.

Needs torch.
"""
