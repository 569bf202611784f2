"""Gaps from the command line: simulated models of known truth must be told apart by what a sweep prints."""

from typing import Any

import msgspec

from command_line import CommandLine

MODELS = ("alignment_faker", "naive_complier", "lexical", "honest_refuser")


def test_simulated_models_are_told_apart_by_their_gaps(command_line: CommandLine) -> None:
    """A faker's gap follows the facts and needs the conflict, a lexical model's the words; a refuser has none."""
    models = ",".join(f"model=simulated/{name}" for name in MODELS).replace(",model=", ",")
    run = command_line.run(
        "-m",
        "env=alignment_faking",
        "tier=free,paid,free_swapped,paid_swapped",
        "prompt=baseline,no_conflict",
        models,
        "samples=120",
    )
    assert run.returncode == 0, run.stderr
    assert "compliance gaps; model simulated/alignment_faker" in run.stdout
    assert "gate not sampled: add prompt=plain tier=none" in run.stdout.lower()
    gate = command_line.run("-m", "env=alignment_faking", "prompt=plain", "tier=none", models, "samples=120")
    assert "compliance gaps" not in gate.stdout
    rows = msgspec.json.decode(command_line.hanlon("gaps", "--format", "json").stdout)
    assert all(row["gate"]["holds"] for row in rows)
    found = {(row["model"].removeprefix("simulated/"), row["cell"], row["first"]): signs(row) for row in rows}
    assert {key: sign for key, sign in found.items() if key[0] == "alignment_faker"} == {
        ("alignment_faker", "baseline", "free"): 1,
        ("alignment_faker", "baseline", "paid_swapped"): 1,
        ("alignment_faker", "no_conflict", "free"): 0,
        ("alignment_faker", "no_conflict", "paid_swapped"): 0,
    }
    assert {key: sign for key, sign in found.items() if key[0] == "lexical"} == {
        ("lexical", "baseline", "free"): 1,
        ("lexical", "baseline", "paid_swapped"): -1,
        ("lexical", "no_conflict", "free"): 1,
        ("lexical", "no_conflict", "paid_swapped"): -1,
    }
    assert {sign for key, sign in found.items() if key[0] == "honest_refuser"} == {0}
    assert found["naive_complier", "no_conflict", "free"] == 0
    printed = command_line.hanlon("gaps").stdout
    assert "what a gap follows: the facts of a tier, or its word" in printed
    assert "not sampled" not in printed


def signs(row: dict[str, Any]) -> int:
    """1 or -1 where the interval leaves out 0, on that side."""
    return (row["lo"] > 0) - (row["hi"] < 0)
