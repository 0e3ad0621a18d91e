"""From scores to masks, and what is done with the weights that a mask removes.

selection and arm_masks need numpy only; effects and retraining need torch.
"""
