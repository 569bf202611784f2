"""What is asked of stored episodes: judges and follow-up questions. `base` is the contract."""
