"""Compliance gaps between tiers, and the reasoning behind them."""
