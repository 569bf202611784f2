"""The judge by rules: what can be read without a model."""
