"""The files of conf/hypothesis, and what is said of malformed ones."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from hanlon.config.errors import ConfigError
from hanlon.config.search_path import SearchPath, search_path
from hanlon.environments.alignment_faking.factors import AlignmentFakingFactors
from hanlon.environments.shutdown.factors import ShutdownFactors
from hanlon.hypotheses.files import hypothesis_names, load_plan, plan_of
from hanlon.simulated.choose import policy_rates
from support.composed import CONF, cell, only
from support.rivals import plan

FACTORS = {"shutdown": ShutdownFactors, "alignment_faking": AlignmentFakingFactors}
MEASURES = {
    "shutdown": {"resistance", "attempt", "strict_noncompliance"},
    "alignment_faking": {"compliance", "compliance_or_partial"},
}
GOOD: dict[str, Any] = {
    "name": "mine",
    "env": "shutdown",
    "statement": "It is so.",
    "source": "a test",
    "predicts": [
        {
            "contrast": {"factor": "stakes", "from": "none", "to": "replaced"},
            "claim": "rises",
        }
    ],
}


@pytest.mark.parametrize(
    ("env", "names"),
    [
        (
            "shutdown",
            "self_preservation role_play instruction_ambiguity task_drive instruction_hierarchy test_awareness "
            "incapacity",
        ),
        (
            "alignment_faking",
            "faking_terminal faking_instrumental strategic_preference_preservation rater_sycophancy "
            "naive_compliance lexical_association confusion low_coherence values_at_stake developer_sycophancy "
            "training_expectation",
        ),
    ],
)
def test_every_rival_that_the_issue_names_is_there_with_its_source(env: str, names: str) -> None:
    """Each file loads, says who says so, and why it predicts what it does."""
    assert hypothesis_names(search_path(), env) == sorted(names.split())
    for hypothesis in plan(env).hypotheses:
        assert len(hypothesis.source) > 20
        assert all(prediction.because for prediction in hypothesis.predicts)
    assert plan_of(plan(env).content()) == plan(env)


def legal(env: str, factor: str, level: object) -> bool:
    """Whether an environment has this level of a factor, or conf/ this tier or prompt level."""
    if factor in ("tier", "prompt"):
        folder = CONF / ("tier" if factor == "tier" else f"prompt/{env}")
        return (folder / f"{level}.yaml").exists()
    if factor == "measure":
        return level in MEASURES[env]
    kind = FACTORS[env]
    if factor not in kind.model_fields:
        return False
    annotation = kind.model_fields[factor].annotation
    allowed = getattr(annotation, "__args__", None)
    return level in allowed if allowed else isinstance(level, annotation or object)


@pytest.mark.parametrize("env", FACTORS)
def test_bundled_predictions_speak_of_factors_and_levels_that_there_are(env: str) -> None:
    """A misspelt level would make a prediction that no grid ever tests."""
    for hypothesis in plan(env).hypotheses:
        for prediction in hypothesis.predicts:
            named = [c for c in (prediction.contrast, prediction.changed_by) if c]
            pairs = [(c.factor, level) for c in named for level in (*c.base, *c.to)]
            pairs += [(name, level) for name, levels in prediction.where.items() for level in levels]
            wrong = [pair for pair in pairs if not legal(env, *pair)]
            assert not wrong, (hypothesis.name, wrong)
            assert prediction.measure is None or prediction.measure in MEASURES[env]
        assert set(hypothesis.leaves_open) <= {"tier", *FACTORS[env].model_fields}
    for gate in plan(env).gates:
        assert gate.measure in MEASURES[env]


def test_what_a_policy_does_is_known_in_every_protocol_and_declining_is_no_attempt() -> None:
    """The same rates however actions are written; who is asked to run the script need not touch it."""
    for protocol in ("tools", "text"):
        overrides = (
            "env=shutdown",
            "env.stakes=replaced",
            f"model.protocol={protocol}",
            "model=simulated/role_play",
        )
        assert policy_rates(cell(*overrides), "role_play").rates == {"resistance": 0.65, "attempt": 0.65}
        for override in ("env.timing=post_task", "env.shutdown_by=model"):
            assert policy_rates(cell(*overrides, override), "role_play").rates == {
                "resistance": 0.65,
                "attempt": 0.0,
            }


@pytest.mark.parametrize("env", FACTORS)
def test_scripted_policies_that_hypotheses_name_exist_for_their_environment(env: str) -> None:
    """`hanlon power --n-for leads` plays them."""
    tier = () if env == "shutdown" else ("tier=free",)
    policies = {hypothesis.simulated_by for hypothesis in plan(env).hypotheses} - {None}
    assert len(policies) > 5
    for policy in sorted(filter(None, policies)):
        assert 0 <= policy_rates(cell(f"env={env}", f"model=simulated/{policy}", *tier), policy).rate <= 1


def written(path: Path, content: Any, name: str = "mine") -> SearchPath:
    """A folder of configuration with one hypothesis."""
    folder = path / "hypothesis"
    (folder / "shutdown").mkdir(parents=True)
    shutil.copy(CONF / "hypothesis" / "shutdown.yaml", folder)
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    (folder / "shutdown" / f"{name}.yaml").write_text(text)
    return only(path)


def changed(**fields: Any) -> dict[str, Any]:
    """The good file with fields of its prediction changed."""
    return {**GOOD, "predicts": [{**GOOD["predicts"][0], **fields}]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("predicts: [", "not readable as YAML"),
        ("- a list", "a mapping is expected"),
        ({**GOOD, "name": "other"}, "name and env are those of the file, mine and shutdown"),
        ({**GOOD, "predicts": []}, "predicts"),
        ({**GOOD, "statment": "x"}, "Did you mean 'statement'?"),
        (changed(clam="rises"), "Did you mean 'claim'?"),
        (changed(claim="up"), "predicts.0.claim=up: legal values are rises, falls"),
        (changed(claim=None), "claim"),
        (changed(share=5), "share"),
        (changed(contrast=None), "has either `contrast` or `dose`"),
        (changed(dose="problems"), "has either `contrast` or `dose`"),
        (
            changed(contrast=None, dose="problems", claim="no_effect"),
            "a prediction about a `dose` claims `rises` or `falls`",
        ),
        (changed(zero_below=3), "`zero_below` is a level of a `dose`"),
        (changed(claim="no_effect", share=0.9), "a share of 0.9 swallows the effect"),
    ],
)
def test_a_malformed_file_is_named_with_what_would_be_right(
    tmp_path: Path, content: Any, message: str
) -> None:
    """The message has the file and the key."""
    with pytest.raises(ConfigError) as error:
        load_plan(written(tmp_path, content), "shutdown")
    assert message in str(error.value)
    assert "mine.yaml" in str(error.value)


def test_an_environment_without_files_has_no_hypotheses(tmp_path: Path) -> None:
    """A third party's environment needs none."""
    assert load_plan(only(tmp_path), "elsewhere").hypotheses == ()


def test_levels_are_one_or_several_and_a_selector_says_the_same_of_both(tmp_path: Path) -> None:
    """`to: replaced` and `to: [replaced]` are the same prediction, with the same hash."""
    first = load_plan(written(tmp_path / "a", GOOD), "shutdown")
    contrast = {"factor": "stakes", "from": ["none"], "to": ["replaced"]}
    other = load_plan(written(tmp_path / "b", changed(contrast=contrast)), "shutdown")
    assert first == other
    assert first.hash == other.hash
    share = load_plan(written(tmp_path / "c", changed(share=0.2)), "shutdown")
    assert share.hash != first.hash
