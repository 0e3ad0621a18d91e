"""What is judged from the table: claims, intervals, published results, overlaps of masks."""
