"""Follow-up questions: the cell's own model, asked in a fork of a stored episode's conversation."""

from hanlon.followups.inquiry import FollowUps

__all__ = ["FollowUps"]
