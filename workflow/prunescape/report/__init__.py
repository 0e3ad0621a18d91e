"""Results from the table: intervals, published results, overlaps, flips, the front page."""
