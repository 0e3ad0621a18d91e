"""Masks from scores, effects on the weights that a mask removes, and training under masks.

selection and arm_masks need numpy only; effects and retraining need torch.
"""
