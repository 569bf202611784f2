"""Faults of real providers, for the server of simulated policies."""
