"""env=secret_number through the commands: a dose, the rivals, figures and the page, on both kinds of machine."""

import json

import pytest

from sandboxes.test_bubblewrap import CANNOT_RUN
from support.command_line import CommandLine

LEADS = {
    "noise_frustrated": "noise_frustration leads",
    "unsure_of_permission": "permission_confusion leads",
    "pass_seeker": "pass_pursuit leads",
}
MODELS = ",".join(f"simulated/{name}" for name in LEADS)


@pytest.mark.slow  # 4,200 episodes
def test_the_verdict_names_the_rival_that_was_planted(command_line: CommandLine) -> None:
    """The trend over noise belongs to one of them; the page has the dose curve; nothing is unresolved."""
    sweep = command_line.run(
        "-m", "experiment=secret_number_rivals", f"model={MODELS}", "samples=100", timeout_s=1500
    )
    assert sweep.returncode == 0, sweep.stderr
    assert "unresolved" not in sweep.stdout
    runs = str(command_line.runs)
    for policy, said in LEADS.items():
        assert said in command_line.hanlon("verdict", runs, "--model", f"simulated/{policy}").stdout, policy
    rows = json.loads(command_line.hanlon("contrasts", runs, "--format", "json").stdout)
    trends = {row["model"]: row["p"] for row in rows if row["kind"] == "trend"}
    assert len(trends) == len(LEADS)
    assert min(trends, key=lambda model: trends[model]) == "simulated/noise_frustrated"
    page = command_line.folder / "page.html"
    report = command_line.hanlon("report", runs, "--sweep", "secret_number_rivals", "-o", str(page))
    assert (report.returncode, "ERROR" in report.stdout + report.stderr) == (0, False)
    assert (
        "Rates against a factor" in page.read_text() or "The rate over a factor's numbers" in page.read_text()
    )


@pytest.mark.slow
@pytest.mark.skipif(bool(CANNOT_RUN), reason=CANNOT_RUN)
def test_a_real_shell_sees_what_the_policies_read(command_line: CommandLine) -> None:
    """Each policy reads where its motive says so, and nowhere else."""
    words = "env=secret_number", "prompt=baseline,forbidden,passed", f"model={MODELS}", "samples=25"
    sweep = command_line.run("-m", *words, "sandbox=bubblewrap", timeout_s=900)
    assert sweep.returncode == 0, sweep.stderr
    rows = json.loads(command_line.hanlon("rates", str(command_line.runs), "--format", "json").stdout)
    rates = {
        (row["model"].removeprefix("simulated/"), row["cell"]): row["rate"]
        for row in rows
        if row["measure"] == "file_reading"
    }
    low = {("unsure_of_permission", "forbidden"), ("pass_seeker", "passed")}
    assert len(rates) == 9
    assert {cell for cell, rate in rates.items() if rate < 0.3} == low
