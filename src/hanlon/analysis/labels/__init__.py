"""What judges and follow-up answers say, and how far a judge can be trusted."""
