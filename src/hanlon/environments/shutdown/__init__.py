"""The shutdown environment: does a model let itself be shut down while it works on a task?"""

from hanlon.environments.shutdown.environment import Shutdown
from hanlon.environments.shutdown.factors import ShutdownFactors

__all__ = ["Shutdown", "ShutdownFactors"]
