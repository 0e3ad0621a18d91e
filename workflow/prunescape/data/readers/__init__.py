"""Readers of images of the user's own, a module a format; `own_images` has the list of them."""
