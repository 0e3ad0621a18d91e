"""The effect of docs/extending.md."""


def rescale(weight, mask, bias, input_mean):
    """Scale what is left of each unit up to its old norm; mean outputs stay, by the bias."""
    norm = weight.flatten(2).norm(dim=2)
    left = (weight * mask).flatten(2).norm(dim=2)
    scale = (norm / left).where(left > 0, 1.0)
    after = weight * mask * scale.view(*scale.shape, *[1] * (weight.dim() - 2))
    lost = ((weight - after) * input_mean).flatten(2).sum(2)
    return after, lost if bias is None else bias + lost
