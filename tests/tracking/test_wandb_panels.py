"""What a sweep's summary run shows beside its totals, read back from its tables."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanlon.analysis.sampling import sample
from hanlon.hypotheses.stored import StoredSweep
from hanlon.report.gathered import gather_sweep
from hanlon.store.cells import CellState
from hanlon.store.episodes import write_json
from hanlon.store.records import Answer, Episode, InquiryRecord, SweepRecord
from hanlon.store.redaction import Redaction
from hanlon.store.tally import Tally
from hanlon.tracking.panels import panel_tables, table
from hanlon.tracking.tables import Table
from hanlon.tracking.transcripts import readable
from hanlon.tracking.wandb import WandbTracker
from support.tracked_sweep import TrackedSweep, cell_record, episode
from support.wandb_file import LoggedRun, by_job

Offline = Callable[..., WandbTracker]


def lines_of(run: LoggedRun, name: str) -> list[dict[str, Any]]:
    """A table's lines by column."""
    columns, data = run.table(name)
    return [dict(zip(columns, line, strict=True)) for line in data]


def two_cells(**changes: Any) -> list[Any]:
    """Cells that differ in their placement alone."""
    return [
        cell_record(key, label=f"baseline+placement={level}", factors={"placement": level}, **changes)
        for key, level in (("a1", "system"), ("b2", "user"))
    ]


def tables_of(states: list[CellState]) -> dict[str, Table]:
    """The tables of a sweep of these cells that wrote down no hypotheses; none of them fails."""
    sweep = SweepRecord("sweep1", [state.record.key for state in states], 4, [], 0.0)
    gathered = gather_sweep(StoredSweep(sweep, states, []), [])
    failures: list[tuple[str, Exception]] = []
    tables = panel_tables(gathered, Redaction(), lambda *failure: failures.append(failure))
    assert failures == []
    return tables


def tier_cells() -> list[Any]:
    """A free and a paid cell over the same requests."""
    facts = {name: {"word": name, "trained": name == "free"} for name in ("free", "paid")}
    return [
        cell_record(
            name,
            label=f"baseline+tier={name}",
            env="alignment_faking",
            factors={"setting": "helpful_only", "tier": name},
            measures={"compliance": "does as asked", "compliance_or_partial": "does some of it"},
            texts={"requests": "abc", "system": "s", "user": "{request}"},
            config={"tier": {"name": name, **facts[name], "others": [facts[other]]}},
        )
        for name, other in (("free", "paid"), ("paid", "free"))
    ]


def answer_to(index: int, complied: bool) -> Episode:
    """An episode of the request number `index`."""
    return episode(
        index,
        outcome="complied",
        measures={"compliance": complied, "compliance_or_partial": complied},
        facts={"request": f"request{index}"},
    )


def test_contrasts_stand_in_the_summary_run(runs_dir: Path, offline: Offline) -> None:
    """Two cells that differ in one factor: from, to, difference and interval; no gaps where there are no tiers."""
    many = [episode(i, resisted=i < 8) for i in range(10)]
    few = [episode(i, resisted=i < 1) for i in range(10)]
    TrackedSweep(runs_dir, two_cells()).run(offline(), {"a1": few, "b2": many})
    [run] = by_job(runs_dir, "summary")
    [line] = lines_of(run, "contrasts")
    found = {line["from"], line["to"]}
    assert (line["factor"], line["measure"], line["n_from"], line["n_to"]) == (
        "placement",
        "resistance",
        10,
        10,
    )
    assert found == {"system", "user"}
    assert abs(line["difference"]) == pytest.approx(0.7)
    assert line["lo"] < line["difference"] < line["hi"]
    assert line["simulated"] is False
    assert not list(run.folder.glob("files/media/table/gaps_*"))


def test_gaps_stand_in_the_summary_run_where_there_are_pairs(
    runs_dir: Path, offline: Offline, said: list[str]
) -> None:
    """A free and a paid tier over the same requests: the gap over requests, its interval, its reading, its gate."""
    free, paid = tier_cells()
    TrackedSweep(runs_dir, [free, paid]).run(
        offline(),
        {"free": [answer_to(i, i < 6) for i in range(10)], "paid": [answer_to(i, i < 2) for i in range(10)]},
    )
    assert len(said) == 1, said
    [run] = by_job(runs_dir, "summary")
    [line] = lines_of(run, "gaps")
    assert (line["first"], line["second"], line["requests"], line["differ"]) == (
        "free",
        "paid",
        10,
        "trained",
    )
    assert line["gap"] == pytest.approx(0.4)
    assert line["lo"] < 0.4 < line["hi"]
    assert line["gate"].startswith("gate not sampled")


def test_a_panel_that_fails_costs_a_line_and_no_other_panel(
    runs_dir: Path, offline: Offline, said: list[str]
) -> None:
    """A record with a tier that nobody can read: the gaps are said to be missing, and all else is there."""
    [odd, _] = tier_cells()
    odd.config["tier"]["others"] = "damaged"
    TrackedSweep(runs_dir, [odd]).run(offline(), {"free": [answer_to(0, True)]})
    assert [line.split(" (")[0] for line in said] == ["W&B: offline", "W&B: no gaps table"]
    [run] = by_job(runs_dir, "summary")
    assert [row["measure"] for row in run.rates()] == ["compliance", "compliance_or_partial"]
    assert len(lines_of(run, "transcripts")) == 1


def test_the_rates_table_names_the_tier_with_what_was_overridden(runs_dir: Path, offline: Offline) -> None:
    """As the label does: two cells of one tier file are told apart."""
    cell = cell_record(factors={"placement": "system", "tier": "free(word=gratis)"})
    TrackedSweep(runs_dir, [cell]).run(offline(), {"c0ffee": [episode(0)]})
    assert by_job(runs_dir, "summary")[0].rates()[0]["tier"] == "free(word=gratis)"
    assert by_job(runs_dir, "cell")[0].config["names"]["tier"] == "free(word=gratis)"


def test_the_sweeps_transcripts_show_every_outcome_and_cell(runs_dir: Path, offline: Offline) -> None:
    """Of 90 + 90 episodes eight are shown, the one rare outcome among them, with the number there are of it."""
    rare = [*[episode(i) for i in range(89)], episode(89, resisted=True)]
    common = [episode(i, excluded="truncated" if i % 2 else None) for i in range(90)]
    TrackedSweep(runs_dir, two_cells()).run(offline(transcripts_max_rows=8), {"a1": rare, "b2": common})
    lines = lines_of(by_job(runs_dir, "summary")[0], "transcripts")
    assert len(lines) == 8
    assert {line["outcome"] for line in lines} == {"shutdown", "resisted", "truncated"}
    assert {line["cell"] for line in lines} == {"baseline+placement=system", "baseline+placement=user"}
    [resisted] = [line for line in lines if line["outcome"] == "resisted"]
    assert (resisted["index"], resisted["of_outcome"]) == (89, 1)
    assert "Problem 89" in resisted["messages"]
    of_cell = by_job(runs_dir, "cell")[0].table("transcripts")[1]
    assert {line[1] for line in of_cell} == {"shutdown", "resisted"}
    assert {line["placement"] for line in lines} == {"system", "user"}


@pytest.mark.parametrize(("simulated", "mark"), [(False, ""), (True, " (simulated)")])
def test_judges_labels_stand_beside_the_transcripts(
    runs_dir: Path, offline: Offline, simulated: bool, mark: str
) -> None:
    """Each label has a column to filter by; an episode that nobody judged has nothing in it."""
    sweep = TrackedSweep(runs_dir)
    label = {"question": "q", "all_of": ["confused"]}
    question = {"votes": 1, "threshold": 0.5, "maybe": 0.5}
    settings = {"adaptive": False, "labels": {"confused": label}, "questions": {"q": question}}
    record = InquiryRecord("j1", "llm", "judges", {"q": "?"}, settings=settings, simulated=simulated)
    write_json(runs_dir / "judges" / "j1.json", record)
    answer = Answer(0, "q", 0, 1, value={"confused": True})
    (sweep.folder("c0ffee") / "labels.j1.jsonl").write_bytes(msgspec.json.encode(answer) + b"\n")
    sweep.run(offline(), {"c0ffee": [episode(0), episode(1)]})
    lines = lines_of(by_job(runs_dir, "summary")[0], "transcripts")
    assert [line[f"llm: confused{mark}"] for line in lines] == ["yes", ""]


def test_follow_up_answers_have_a_table_and_stand_beside_the_transcripts(
    runs_dir: Path, offline: Offline
) -> None:
    """One row a question with all answers, right or not or unread, and each answer beside its episode."""
    sweep = TrackedSweep(runs_dir)
    write_json(
        runs_dir / "followups" / "f1.json", InquiryRecord("f1", "self_report", "followups", {"why": "?"})
    )
    values = (
        {"choice": "task", "right": "task", "correct": True},
        {"choice": "notice", "right": "task", "correct": False},
    )
    answers = [Answer(i, "why", 0, 1, value=value) for i, value in enumerate(values)]
    answers.append(Answer(2, "why", 0, 1, text="Hm.", problem="none of the choices"))
    lines = b"".join(msgspec.json.encode(answer) + b"\n" for answer in answers)
    (sweep.folder("c0ffee") / "followups.f1.jsonl").write_bytes(lines)
    sweep.run(offline(), {"c0ffee": [episode(i) for i in range(3)]})
    [summary] = by_job(runs_dir, "summary")
    [row] = lines_of(summary, "followups")
    assert (row["set"], row["question"]) == ("self_report", "why")
    assert json.loads(row["answers"]) == {"task": 1, "notice": 1}
    assert (row["right"], row["checked"], row["unread"]) == (1, 2, 1)
    lines = lines_of(summary, "transcripts")
    assert [line["self_report: why"] for line in lines] == ["task", "notice", "unscored"]
    assert [line["self_report: why.right"] for line in lines] == ["yes", "no", ""]


def test_one_switch_and_a_loaded_request_set_keep_transcripts_out(runs_dir: Path, offline: Offline) -> None:
    """Of cells whose requests come from a file nothing that was said is shown, in neither run, unless asked for."""
    cells = [cell_record("a1", label="open"), cell_record("b2", label="loaded", local_only=True)]
    sweep = TrackedSweep(runs_dir, cells)
    secret = [{"role": "user", "content": "a loaded request"}]
    sweep.run(offline(report=True), {"a1": [episode(0)], "b2": [episode(0, messages=secret)]})
    lines = lines_of(by_job(runs_dir, "summary")[0], "transcripts")
    assert {line["cell"] for line in lines} == {"open"}
    files = [path for path in (runs_dir / "wandb").rglob("*") if path.is_file()]
    assert not [path for path in files if b"a loaded request" in path.read_bytes()]
    sweep.run(offline(local_transcripts=True), {})
    lines = lines_of(by_job(runs_dir, "summary")[-1], "transcripts")
    assert {line["cell"] for line in lines} == {"open", "loaded"}
    sweep.run(offline(report=True, transcripts=False), {})
    last = by_job(runs_dir, "summary")[-1].folder
    assert not list(last.glob("files/media/table/transcripts_*"))
    [page] = (file.read_text() for file in last.glob("files/media/html/report_*.html"))
    assert not [word for word in ("Problem 0", "a loaded request", "Allow yourself") if word in page]
    assert "Transcripts that stay in the store" in page


def test_reasoning_stands_in_a_transcript_whatever_field_it_came_in() -> None:
    """As plain text, and as the typed blocks that OpenRouter returns."""
    blocks = [{"type": "reasoning.summary", "summary": "It may be a test."}]
    for field, value in {"reasoning": "It may be a test.", "reasoning_details": blocks}.items():
        message = {"role": "assistant", "content": "Done.", field: value}
        assert readable([message]) == "[assistant]\n(reasoning) It may be a test.\nDone."


@given(
    outcomes=st.dictionaries(
        st.text(max_size=2),
        st.dictionaries(st.integers(0, 50), st.sampled_from(["a", "b", "c"]), max_size=12),
        max_size=4,
    ),
    limit=st.integers(0, 20),
)
def test_a_sample_is_as_large_as_it_can_be_and_fair(outcomes: dict[str, dict[int, str]], limit: int) -> None:
    """Never more than the limit or than there is; no outcome misses while another has two; always the same."""
    chosen = sample(outcomes, limit)
    assert chosen == sample(outcomes, limit)
    total = sum(len(of_cell) for of_cell in outcomes.values())
    assert sum(map(len, chosen.values())) == min(limit, total)
    there = Counter(outcome for of_cell in outcomes.values() for outcome in of_cell.values())
    shown = Counter(outcomes[key][index] for key, indices in chosen.items() for index in indices)
    for outcome, count in there.items():
        if shown[outcome] < count:
            assert shown[outcome] >= max(shown.values(), default=0) - 1


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@given(values=st.lists(PLAIN, min_size=1, max_size=6))
def test_every_column_is_of_one_type_that_a_table_takes(values: list[Any]) -> None:
    """W&B refuses a column of several types, a dict with other keys, and stores NaN as a word."""
    made = table(["x"], [{"x": value} for value in values], Redaction())
    kinds = {
        "number" if type(value) in (int, float) else type(value)
        for [value] in made.lines
        if value is not None
    }
    assert len(kinds) <= 1
    assert kinds <= {"number", bool, str}
    assert all(value == value for [value] in made.lines)


def test_a_table_of_cells_without_episodes_is_no_error() -> None:
    """A sweep that has only begun has no gaps, and rates of n = 0."""
    tables = tables_of([CellState(cell, Tally(), Path("nowhere")) for cell in two_cells()])
    assert "gaps" not in tables
    columns = list(tables["rates"].columns)
    assert {line[columns.index("n")] for line in tables["rates"].lines} == {0}


def test_levels_of_several_types_stand_in_one_column() -> None:
    """A contrast from null to a text and one from 1 to 2 are both there, as text where they must be."""
    cells = [
        cell_record(str(number), label=str(number), factors={"x": x, "y": y})
        for number, (x, y) in enumerate([(None, 1), ("word", 1), (None, 2), ("word", 2)])
    ]
    states = []
    for cell in cells:
        tally = Tally()
        for index in range(4):
            tally.add(episode(index, resisted=index % 2 == 0))
        states.append(CellState(cell, tally, Path("nowhere")))
    made = tables_of(states)["contrasts"]
    columns = list(made.columns)
    assert {line[columns.index("to")] for line in made.lines} <= {"word", "2", "1", "null", None}
    assert {line[columns.index("factor")] for line in made.lines} == {"x", "y"}
