"""Readers of users' images, with a module for every format; `own_images` lists them."""
