"""Results from the table: intervals, comparison with published results, mask overlaps."""
