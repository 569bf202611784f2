"""The papers' numbers (`published_rates.csv`), and which belong to a cell."""
