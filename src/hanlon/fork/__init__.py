"""Goes back to a turn of a stored episode, changes one thing or nothing, and goes on from there."""
