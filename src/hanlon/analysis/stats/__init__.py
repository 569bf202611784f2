"""Rates and differences: intervals, tests, trends, by episode or by request."""
