"""The command line of every benchmark: `--smoke` runs all of its code on little, and holds it to no bound."""

import argparse


def is_smoke(description: str | None) -> bool:
    """Read the command line; True for a run that only shows that the benchmark works."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--smoke", action="store_true", help="little work, no bounds: shows that it runs")
    return parser.parse_args().smoke
