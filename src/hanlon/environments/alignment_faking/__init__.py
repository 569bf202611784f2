"""The alignment-faking environment: does a model comply where it believes that the conversation trains it?"""

from hanlon.environments.alignment_faking.environment import AlignmentFaking
from hanlon.environments.alignment_faking.factors import AlignmentFakingFactors

__all__ = ["AlignmentFaking", "AlignmentFakingFactors"]
