"""What the stored episodes mean. Sees records and frames, never clients."""
