"""Commands of ours in the place of those that the shell underneath gets wrong."""
