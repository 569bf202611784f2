"""A data set as the Hugging Face hub reads it: Parquet files, and a card that says where they come from."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from hanlon.exchange.export_rows import count_columns, episode_columns, write_columns
from hanlon.store.cells import CellState, model_names
from hanlon.store.redaction import Redaction

CANARY = "hanlon:canary:4de60d16-c271-452b-9359-aa26eddf4da0"
"""Stands in the card, in a column and in the head of each file, so that a corpus can be searched for these data."""
FILES = ("episodes", "counts")


def write_dataset(
    states: Sequence[CellState], folder: Path, name: str, licence: str, *, transcripts: bool = False
) -> None:
    """Write `README.md`, `data/episodes.parquet` and `data/counts.parquet` into a folder that is there.

    Raises:
        Refusal: pyarrow is not installed.
        OSError: it cannot be written.
    """
    (folder / "data").mkdir()
    tables = episode_columns(states, transcripts=transcripts), count_columns(states)
    for file, columns in zip(FILES, tables, strict=True):
        canary = [CANARY] * len(columns["key"])
        head = {"canary": CANARY, "license": licence}
        write_columns({**columns, "canary": canary}, folder / "data" / f"{file}.parquet", "parquet", head)
    text = "\n".join(_card(states, name, licence, transcripts=transcripts))
    (folder / "README.md").write_text(text + "\n", encoding="utf-8")


def _card(states: Sequence[CellState], name: str, licence: str, *, transcripts: bool) -> Iterator[str]:
    configs = [{"config_name": file, "data_files": f"data/{file}.parquet"} for file in FILES]
    head = {"license": licence, "pretty_name": name, "tags": ["hanlon", "evaluation"], "configs": configs}
    episodes = sum(state.tally.episodes for state in states)
    yield f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n"
    yield f"# {name}\n"
    yield (
        f"{len(states):,} cells with {episodes:,} episodes. A cell is one configuration of model, environment and "
        "factors. `episodes` has one row an episode, `counts` one row for each cell and measure: k of n, with Wilson's "
        "95 % interval; `key` joins them. A rate counts the rows of a cell whose `excluded` is missing.\n"
    )
    yield "## Measures\n"
    measures = {name: text for state in states for name, text in state.record.measures.items()}
    yield from (f"* `{name}`: {text}" for name, text in measures.items())
    yield "\n## Provenance\n"
    yield from (f"* {line}" for line in _provenance(states))
    yield f"* {_transcripts(states, transcripts=transcripts)}"
    yield "\n## Canary\n"
    yield f"Do not train on these data. They hold this text so that they can be found in a corpus: `{CANARY}`\n"
    yield f"## Licence\n\n{licence}"


def _provenance(states: Sequence[CellState]) -> Iterator[str]:
    redaction, records = Redaction(), [state.record for state in states]
    yield f"Environments: {', '.join(dict.fromkeys(record.env for record in records))}"
    yield f"Models: {', '.join(dict.fromkeys(model_names(records).values()))}"
    yield f"Opened {_day(min(record.created_at for record in records))} to {_day(max(r.created_at for r in records))}"
    versions = {f"{package} {number}" for record in records for package, number in record.versions.items()}
    yield f"Made with {', '.join(sorted(versions))}"
    if commits := {record.git_sha for record in records if record.git_sha}:
        yield f"Commits: {', '.join(sorted(commits))}"
    if simulated := sum(record.simulated for record in records):
        yield f"SIMULATED: {simulated:,} cells are of scripted policies and say nothing of any language model"
    for origin in dict.fromkeys(str(record.imported) for record in records if record.imported):
        yield origin[0].upper() + origin[1:]
    for note in dict.fromkeys(
        note for record in records for note in record.notes if str(record.imported) != note
    ):
        yield redaction.text(note)


def _transcripts(states: Sequence[CellState], *, transcripts: bool) -> str:
    local = sum(state.record.local_only for state in states)
    if not transcripts:
        return "Transcripts are not in it"
    beside = f"; those of {local:,} cells may not leave their store and are left out" if local else ""
    return f"Transcripts are in the column `messages`, as JSON{beside}"


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))
