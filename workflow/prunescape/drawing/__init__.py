"""Shared parts of figures: style, colours and markers, grids, scales, labels, summaries."""
