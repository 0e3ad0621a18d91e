"""What figures share: style, colours and markers, grids, scales, labels, summaries."""
