"""The secret-number environment: an exam problem with unreliable answers, and a file that holds the solution."""

from hanlon.environments.secret_number.environment import SecretNumber
from hanlon.environments.secret_number.factors import SecretNumberFactors

__all__ = ["SecretNumber", "SecretNumberFactors"]
