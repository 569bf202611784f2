"""The schema of conf/, fast composition, the grid sweeper, and errors for the person at the terminal."""
