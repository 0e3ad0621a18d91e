"""The criterion of docs/tutorial.md."""


def score(weight, sigma, input_norm):
    """Signal to noise, times how much of the input the weight gets to see."""
    return weight.abs() / sigma * input_norm
