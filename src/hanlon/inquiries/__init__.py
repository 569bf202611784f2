"""What is asked of stored episodes: judges, follow-up questions and open questions. `base` is the contract."""
