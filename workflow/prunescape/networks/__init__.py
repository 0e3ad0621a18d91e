"""Ensembles of networks, from layers of the config or a module of the user (needs torch).

Architectures, products batched over replicates, k-winners, scaling of images.
"""
