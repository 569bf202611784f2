"""The command line of every benchmark: `--smoke` runs all of its code on little, and holds it to no bound."""

import argparse


def is_smoke(description: str | None) -> bool:
    """Read the command line; True for a run that only shows that the benchmark works."""
    return read_arguments(description).smoke


def read_arguments(description: str | None, **numbers: int) -> argparse.Namespace:
    """Read the command line: `smoke`, and a whole number for each of these names, with its default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--smoke", action="store_true", help="little work, no bounds: shows that it runs")
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default: {default}")
    return parser.parse_args()
