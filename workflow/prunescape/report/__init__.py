"""Results from the table: claims, intervals, comparison with published results, mask overlaps."""
