"""The papers' figures, from their published numbers."""
