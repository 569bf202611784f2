"""Where a sweep is logged."""
