"""Figures of the user's own sweep."""
