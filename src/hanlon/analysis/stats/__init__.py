"""Rates and differences: intervals, tests, equivalence, by episode or by request."""
