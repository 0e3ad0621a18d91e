"""The kind of noise that docs/extending.md explains."""


def dead_rows(images, level, generator):
    """Set each row of pixels to black with the probability `level`, as a broken sensor does."""
    images[generator.random(images.shape[:3]) < level] = 0
    return images
