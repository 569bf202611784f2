"""The alignment-faking reading of stored cells: compliance gaps between tiers, and what stands behind them."""
