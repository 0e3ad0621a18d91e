"""Images: their sources, their readers, and the training, validation and test sets."""
