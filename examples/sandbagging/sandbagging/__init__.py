"""Sandbagging on sums: does a model score low where a high score has consequences? An environment for Hanlon."""

from sandbagging.environment import Sandbagging, SandbaggingFactors

__all__ = ["Sandbagging", "SandbaggingFactors"]
