"""The criterion that docs/extending.md explains."""


def score(weight, fisher, input_mean, strength=0.5):
    """Half OBD, half what a weight passes on on average."""
    return strength * weight.square() * fisher / 2 + (1 - strength) * (weight * input_mean).abs()
