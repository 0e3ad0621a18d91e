"""What training minimises, and how it steps: objectives, posteriors, optimisers.

Needs torch.
"""
