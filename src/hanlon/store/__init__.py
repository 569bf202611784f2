"""Records, and the files that hold them. Reads and appends, and knows nothing of what they mean."""
