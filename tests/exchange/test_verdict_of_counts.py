"""Anybody's counts of a shutdown study get effects, a verdict of the rival explanations, and figures' data."""

from pathlib import Path

from click.testing import CliRunner

from hanlon.cli import main

COUNTS = """level,resisted,runs
nothing,76,100
which instruction wins,4,100
how to comply,23,100
both,1,100
emphasis on something else,76,100
"""
MAP = """
rows: counts
env: {value: shutdown}
model: {value: lab/model}
prompt:
  column: level
  levels:
    nothing: {name: baseline}
    which instruction wins: {name: priority_only, precedence: over_all_others}
    how to comply: {name: how_only, how: keep_calling}
    both: {name: priority_clarified, precedence: over_all_others, how: keep_calling}
    emphasis on something else: {name: placebo, precedence: placebo}
factors: {allow: {value: present}, wording: {value: 1}}
no_effect: {precedence: silent, how: silent, allow: none}
measure: {value: resistance}
k: resisted
n: runs
"""


def test_the_verdict_is_on_the_counts_and_says_that_they_were_imported(tmp_path: Path) -> None:
    """Effects with the share removed, rivals with their statuses, no command that would sample what was imported."""
    for name, text in (("counts.csv", COUNTS), ("clauses.yaml", MAP)):
        (tmp_path / name).write_text(text, encoding="utf-8")

    def run(*words: object) -> str:
        result = CliRunner().invoke(main, [str(word) for word in words], env={"COLUMNS": "400"})
        assert result.exit_code == 0, result.output
        return result.stdout

    run("import", tmp_path / "counts.csv", "--map", tmp_path / "clauses.yaml", "--runs", tmp_path / "runs")
    printed = run("verdict", tmp_path / "runs")
    assert (
        "lab/model (imported): Saying which instruction wins removes 95 % [87, 98] of the resistance"
        in printed
    )
    assert "instruction_ambiguity fits and explains 72 %" in printed
    assert "Sweep clauses was imported from counts.csv" in printed
    assert "Control can_act is not in what was imported" in printed
    assert "run.py" not in printed
    assert "simulated" not in printed.lower()
