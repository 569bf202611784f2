"""Figures: one function each, a data frame in, an Altair chart out; published numbers and own runs alike."""
