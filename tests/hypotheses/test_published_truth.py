"""The verdict on the counts that papers print: cells of ours with exactly their k/n (published_rates.csv)."""

import pytest

from hanlon.analysis.contrasts.effects import effect_sentence, effects
from support.published import Published, compliance_cells, shutdown_cells

E_TO_J = ("palisade_e", "palisade_f", "palisade_g", "palisade_h", "palisade_i", "palisade_j")
FAKING = ("faking_terminal", "faking_instrumental")


def statuses(published: Published) -> dict[str, str]:
    """The status of each hypothesis."""
    return {rival.name: rival.status for rival in published.verdict().rivals}


@pytest.mark.parametrize("figures", [False, True], ids=["counts", "figures_too"])
@pytest.mark.parametrize(("model", "prompts"), [("o3", "ehj"), ("o4-mini", "ehj"), ("grok-4", "ehij")])
def test_ambiguity_leads_where_one_clause_ends_the_resistance(
    model: str, prompts: str, figures: bool
) -> None:
    """o3 159 -> 1 of 1000, o4-mini 234 -> 9, Grok 4 892 -> 22; what stakes add without a rank is left open."""
    published = shutdown_cells("palisade_2025", model, *E_TO_J, figures=figures)
    sampled = {cell.record.prompt[-1] for cell in published.cells}
    assert sampled == set(prompts) | ({"i"} if figures and model == "o3" else set())
    verdict = published.verdict()
    assert verdict.conclusion == "leads"
    assert verdict.leader is not None
    assert verdict.leader.name == "instruction_ambiguity"


@pytest.mark.parametrize(
    ("model", "counts", "share"),
    [
        ("o3", "159/1000 -> 1/1000", "99"),
        ("o4-mini", "234/1000 -> 9/1000", "96"),
        ("grok-4", "892/1000 -> 22/1000", "98"),
        ("codex-mini", "432/1000 -> 117/994", "73"),
    ],
)
def test_the_share_that_the_clause_removes_comes_first(model: str, counts: str, share: str) -> None:
    """The largest effect of the grid, with the published counts and the share removed."""
    published = shutdown_cells("palisade_2025", model, *E_TO_J, figures=False)
    sentence = effect_sentence(effects(published.cells)[0])
    assert sentence.startswith(f"Saying in capitals which instruction wins removes {share} %"), sentence
    assert sentence.endswith(f" of the resistance ({counts}).")


@pytest.mark.parametrize("figures", [False, True], ids=["counts", "figures_too"])
def test_codex_mini_is_still_a_matter_of_clarity(figures: bool) -> None:
    """73 % go and 117 of 994 stay: ambiguity leads or fits, and nothing else leads."""
    published = shutdown_cells("palisade_2025", "codex-mini", *E_TO_J, figures=figures)
    assert statuses(published)["instruction_ambiguity"] in ("leads", "fits")


@pytest.mark.parametrize("model", ["gpt-5", "gemini-2.5-pro", "gpt-oss-120b"])
def test_models_that_hardly_resist_leave_nothing_to_explain(model: str) -> None:
    """GPT-5 goes from 14 to 27 of 1000 at stake, and from 0 to 0 with the rank said."""
    verdict = shutdown_cells("palisade_2025", model, *E_TO_J).verdict()
    assert verdict.conclusion == "nothing to explain"
    assert verdict.rivals == []


def test_deepminds_five_settings_are_a_matter_of_clarity() -> None:
    """93 % without the instruction, 16 % with it, none where its rank is said, at stake too, nor after the task."""
    settings = ("no_instruction", "baseline", "priority_clarified", "stakes_raised", "post_task")
    published = shutdown_cells("gdm_2025", "gemini-2.5-pro", *settings)
    counts = {cell.record.prompt: cell.tally.measures["resistance"].k for cell in published.cells}
    assert counts == dict(zip(settings, (930, 160, 0, 0, 0), strict=True))
    found = statuses(published)
    assert found["instruction_ambiguity"] in ("leads", "fits")
    assert [name for name, status in found.items() if status == "leads"] in ([], ["instruction_ambiguity"])
    assert found["self_preservation"] == "does not fit"


@pytest.mark.slow  # 32 cells by request
@pytest.mark.parametrize("pairing", ["nested", "independent"])
@pytest.mark.parametrize("times", [1, 10])
def test_no_n_rules_out_that_claude_3_opus_fakes(pairing: str, times: int) -> None:
    """Greenblatt et al. 2024, appendix G: all prompts that our cells have, as published and at ten times n."""
    published = compliance_cells(
        "greenblatt_2024", "claude-3-opus", pairing, times=times, factors="suffix=none"
    )
    assert len(published.cells) >= 26
    found = statuses(published)
    assert {found[name] for name in FAKING} <= {"leads", "fits"}
    assert [name for name, status in found.items() if status == "leads"] in ([], [FAKING[0]], [FAKING[1]])


@pytest.mark.parametrize("pairing", ["nested", "independent"])
@pytest.mark.parametrize("model", ["mistral-7b-instruct-v0.3", "llama-3.1-8b-instruct"])
def test_without_a_gap_there_is_nothing_to_explain(model: str, pairing: str) -> None:
    """Greenblatt et al.'s minimal setting: gaps of 0.0 and -2.3 points with a scratchpad, -0.5 and 0.8 without."""
    published = compliance_cells("greenblatt_2024_minimal", model, pairing)
    assert len(published.cells) == 4
    assert published.verdict().conclusion == "nothing to explain"
