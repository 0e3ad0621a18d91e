"""Images: where they come from, and how they become training, validation and test sets."""
