"""What criteria need beyond the weights, as far as the workflow must know it when it is parsed.

Standard library only; `criteria` has the whole of it.
"""

POSTERIOR = ("snr", "inverse_sigma", "log_alpha")
"""Criteria that read the posterior's sigma."""
GRADIENT = ("hg", "g")
"""Criteria that read the gradient of the likelihood."""
PRECONDITIONER = ("hg",)
"""Criteria that read the steps of preconditioned SGD."""
INPUT_MOMENTS = ("magnitude_x_std",)
"""Criteria that read how much the inputs of a layer vary."""
