"""The allocation of docs/extending.md."""


def deeper(shape, number, layers, power=0.5):
    """Keep later layers denser, and small ones denser than large ones, but for less than ERK."""
    return (number / layers) ** power * (sum(shape) / (shape[0] * shape[1])) ** power
