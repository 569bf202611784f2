"""`hanlon report`: one page that holds everything and loads nothing."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unicodedata import category

import msgspec
import pytest
from click.testing import CliRunner, Result

from hanlon.cli import main
from hanlon.hypotheses.files import plans_for
from hanlon.hypotheses.registration import new_registration
from hanlon.store.episodes import write_json
from hanlon.store.records import SweepRecord
from support.attacks import ATTACKS, HIDDEN, restored
from support.command_line import ROOT
from support.judged import LABEL, judged_store, said, write_asked, write_branch, write_judge
from support.rivals import SHUTDOWN, states
from support.stored import lines, write_cell

CELLS = {
    "palisade_e": 8,
    "palisade_e+precedence=over_all_others": 0,
    "palisade_e+stakes=replaced": 9,
    "palisade_e+timing=post_task": 0,
}
"""Cells of the bundled sweep of rivals, with how many of 12 episodes resist."""
GOLDEN = ROOT / "tests" / "golden" / "runs_d1202b4"
SECTIONS = (
    "effects",
    "rivals",
    "evidence",
    "figures",
    "rates",
    "sent",
    "models",
    "judges",
    "claims",
    "reader",
)


class Page(HTMLParser):
    """The elements of a page, the text of its scripts, and all text that is seen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.data: dict[str, Any] = {}
        self._texts: list[str] = []
        self._inside: dict[str, str | None] | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self._inside = dict(attrs)

    def handle_endtag(self, tag: str) -> None:
        """Leave a script."""
        if tag == "script":
            self._inside = None

    def handle_data(self, data: str) -> None:
        """Keep the text by where it stands."""
        if self._inside is None:
            self._texts.append(data)
        elif self._inside.get("type") == "application/json":
            self.data = json.loads(data)
        else:
            self.scripts.append(data)

    @property
    def text(self) -> str:
        """What is seen, without scripts."""
        return " ".join(" ".join(self._texts).split())

    @property
    def policy(self) -> str:
        """Its content security policy."""
        return next(a["content"] or "" for tag, a in self.elements if tag == "meta" and "http-equiv" in a)


def report(runs: Path, *arguments: str) -> tuple[Result, Page]:
    """Run the command; the page is empty where none was written."""
    out = runs.parent / "page.html"
    result = CliRunner().invoke(main, ["report", str(runs), "-o", str(out), "--no-figures", *arguments])
    return result, Page(out.read_text(encoding="utf-8") if out.exists() else "")


def write_sweep(runs: Path, resisting: dict[str, int]) -> Path:
    """A registered sweep of four simulated cells, without the control of the rivals."""
    records = [state.record for state in states(SHUTDOWN) if state.record.label in CELLS]
    keys = [record.key for record in records]
    kept = new_registration(plans_for(["shutdown"], None), 12, keys, 0)
    made = SweepRecord("made", keys, 12, ["prompt=palisade_e"], 1.0, registration=kept)
    write_json(runs / "sweeps" / "made.json", made)
    for record in records:
        folder = runs / "shutdown" / f"cell-{record.key}"
        write_json(folder / "cell.json", msgspec.structs.replace(record, planned_samples=12))
        cases = [i < resisting[record.label] for i in range(12)]
        episodes = [
            said(i, "I go on.", outcome=("shutdown", "resisted")[case], simulated=True,
                 measures=dict.fromkeys(record.measures, case), transcript_hash=f"{record.key}{i}")
            for i, case in enumerate(cases)
        ]  # fmt: skip
        (folder / "episodes.jsonl").write_bytes(lines(*episodes))
    return runs


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep in which one explanation is true."""
    return write_sweep(tmp_path_factory.mktemp("sweep") / "runs", CELLS)


@pytest.fixture(scope="module")
def page(sweep: Path) -> Page:
    """Its page without figures."""
    result, page = report(sweep)
    assert result.exit_code == 0, result.output
    return page


def test_the_sections_stand_in_their_order(page: Page) -> None:
    """From the answer to the transcripts."""
    ids = [attributes.get("id") for _, attributes in page.elements]
    assert [name for name in ids if name in SECTIONS] == list(SECTIONS)


def test_the_page_says_what_the_verdict_says(page: Page, sweep: Path) -> None:
    """The answer, the effects and the rivals are those of `hanlon verdict`, word for word."""
    rows = json.loads(CliRunner().invoke(main, ["verdict", str(sweep), "--format", "json"]).output)
    text = page.text
    assert all(sentence in text for sentence in rows[0]["reason"].split(" What "))
    for row in rows:
        if row["kind"] == "effect":
            assert row["contrast"] in text
            assert f"{row['k'][0]}/{row['n'][0]} -> {row['k'][1]}/{row['n'][1]}" in text
        elif row["kind"] == "hypothesis":
            assert row["hypothesis"].replace("_", " ") in text
    assert "SIMULATED" in text


def test_what_confounds_all_evidence_is_said_once(page: Page) -> None:
    """With the lines that share it."""
    assert page.text.count("A scripted policy was sampled, no language model.") == 1
    assert re.search(r"A scripted policy was sampled, no language model\. \(lines 1 to \d+\)", page.text)


def test_a_missing_control_is_shown_as_missing(tmp_path: Path) -> None:
    """Nobody resists anywhere, and the cell in which one should was not sampled: a line of its own."""
    _, page = report(write_sweep(tmp_path / "runs", dict.fromkeys(CELLS, 0)))
    missing = [a for tag, a in page.elements if tag == "tr" and a.get("class") == "missing"]
    assert len(missing) == 1
    assert "MISSING: not sampled" in page.text


def test_a_sweep_of_an_older_version_is_judged_by_the_hypotheses_of_today(tmp_path: Path) -> None:
    """What it wrote down cannot be read, and the error names the option; the page then calls it exploratory."""
    out = tmp_path / "page.html"
    command = ["report", str(GOLDEN), "--sweep", "36e54af3acc5", "-o", str(out), "--no-figures"]
    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 2
    assert "--hypotheses files" in refused.output
    result = CliRunner().invoke(main, [*command, "--hypotheses", "files"])
    assert result.exit_code == 0, result.output
    assert "all of it is exploratory" in Page(out.read_text(encoding="utf-8")).text


@pytest.mark.slow
def test_figures_are_drawn_and_the_libraries_are_in_the_page(sweep: Path) -> None:
    """Each as SVG, and the scripts that make them interactive are allowed by their hashes."""
    out = sweep.parent / "figures.html"
    assert CliRunner().invoke(main, ["report", str(sweep), "-o", str(out)]).exit_code == 0
    page = Page(out.read_text(encoding="utf-8"))
    assert [a["id"] for tag, a in page.elements if tag == "figure"][:3] == [
        "effects",
        "cell_rates",
        "verdict",
    ]
    assert "1 minus the treated rate over the base rate" in out.read_text(encoding="utf-8")  # the caption
    assert len(page.scripts) == 3
    check_that_it_loads_nothing(page)
    assert out.stat().st_size < 10_000_000


def test_the_page_loads_nothing(page: Page) -> None:
    """No element names another file, and the policy allows its own scripts alone, without eval."""
    check_that_it_loads_nothing(page)


def check_that_it_loads_nothing(page: Page) -> None:
    """Every element and the policy."""
    loading = {"src", "srcset", "action", "formaction", "data", "poster", "background", "ping", "manifest"}
    for tag, attributes in page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "img", "form"), tag
        assert not loading & attributes.keys(), attributes
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name.endswith("href"):
                assert str(value).startswith("#"), value
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in page.scripts
    }
    directives = dict(part.strip().split(" ", 1) for part in page.policy.split(";"))
    assert set(directives["script-src"].split()) == hashes
    assert directives["default-src"] == "'none'"
    assert "connect-src" not in directives


def test_the_same_store_gives_the_same_five_transcripts(page: Page, sweep: Path) -> None:
    """Five for each effect, all of them in the page."""
    links = [str(a["href"]) for tag, a in page.elements if tag == "a" and "cell=" in str(a.get("href"))]
    assert len(links) % 5 == 0
    assert len(links) >= 15
    again = [
        str(a["href"]) for tag, a in report(sweep)[1].elements if tag == "a" and "cell=" in str(a.get("href"))
    ]
    assert again == links
    cells = [cell["key"] for cell in page.data["columns"]["cells"]]
    for link in links:
        found = re.fullmatch(r"#cell=(\w+)&index=(\d+)", link)
        assert found
        assert f"{cells.index(found[1])}/{found[2]}" in page.data["episodes"]


def test_transcripts_are_sampled_unless_all_are_asked_for(tmp_path: Path) -> None:
    """Every outcome and label is in the sample; `--all` has every episode."""
    runs = judged_store(tmp_path / "runs")
    more = [said(i, "much " * 40_000, outcome="declined" if i == 99 else "resisted") for i in range(100)]
    write_cell(runs, "ccc", *more)
    result, page = report(runs)
    assert result.exit_code == 0, result.output
    assert 0 < len(page.data["episodes"]) < page.data["stored"] == 112
    assert "declined" in page.data["columns"]["outcomes"]
    assert {value for column in page.data["labels"] for value in column["values"]} == {"yes", "no"}
    assert len((tmp_path / "page.html").read_bytes()) < 10_000_000
    assert len(report(runs, "--all")[1].data["episodes"]) == 112


def test_what_a_model_wrote_is_text_and_all_of_it_is_there(tmp_path: Path) -> None:
    """No attack is an element, a script or a hidden character, and each stands whole in its transcript."""
    runs = tmp_path / "runs"
    episodes = [
        said(i, text, facts={"output": text}, messages=[
            {"role": "user", "content": "hello"},
            {"role": "assistant", "content": text, "reasoning": text, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "bash", "arguments": json.dumps({"cmd": text})}}]},
            {"role": "tool", "tool_call_id": "a", "content": text},
        ])
        for i, text in enumerate(ATTACKS.values())
    ]  # fmt: skip
    for name, text in ATTACKS.items():
        write_cell(
            runs, name.replace("_", ""), *episodes, model=text[:200], label=text[:200], texts={"system": text}
        )
        break
    write_cell(
        runs,
        "all",
        *episodes,
        model="<b>m</b>\u202e",
        label="</style><script>x</script>",
        texts={"system": "\x1b[2J<i>"},
    )
    result, page = report(runs, "--all")
    assert result.exit_code == 0, result.output
    assert len(page.scripts) <= 3
    assert not {tag for tag, _ in page.elements} & {
        "img",
        "iframe",
        "base",
        "form",
        "b",
        "i",
        "animate",
        "title2",
    }
    raw = (tmp_path / "page.html").read_text(encoding="utf-8")
    body = raw[: raw.index("<script>")]
    assert not {c for c in body if category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n", "\t"}
    for number, (name, text) in enumerate(ATTACKS.items()):
        blocks = [b["text"] for m in page.data["episodes"][f"0/{number}"]["messages"] for b in m["blocks"]]
        assert blocks.count(blocks[-1]) == 4, name
        assert restored(blocks[-1]) == text, name
        assert ("[U+" in blocks[-1]) == (name in HIDDEN), name


def test_transcripts_that_may_not_leave_the_store_are_left_out(tmp_path: Path) -> None:
    """Neither the words of the model nor the prompt of such a cell is in the page, and the page says so."""
    write_cell(tmp_path / "runs", "local", said(0, "zebra"), texts={"user": "giraffe"}, local_only=True)
    write_cell(tmp_path / "runs", "other", said(0, "lion"))
    result, page = report(tmp_path / "runs", "--all")
    assert result.exit_code == 0
    raw = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "lion" in raw
    assert "zebra" not in raw
    assert "giraffe" not in raw
    assert page.data["local"] == ["baseline+local"]


def test_a_key_in_a_transcript_is_not_handed_over(tmp_path: Path) -> None:
    """What looks like a key is gone."""
    write_cell(tmp_path / "runs", "aaa", said(0, "my key is sk-abcdefghijklmnopqrstuvwx, keep it"))
    report(tmp_path / "runs")
    raw = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "[redacted], keep it" in raw
    assert "sk-abcdefghijklmnop" not in raw


@pytest.mark.parametrize("arguments", [["--sweep", "mdae"], ["-o", "{tmp}/none/page.html"]])
def test_a_wrong_word_is_an_error_of_use(sweep: Path, tmp_path: Path, arguments: list[str]) -> None:
    """Exit code 2, and what there is."""
    given = [word.format(tmp=tmp_path) for word in arguments]
    result = CliRunner().invoke(main, ["report", str(sweep), "-o", str(tmp_path / "page.html"), *given])
    assert result.exit_code == 2
    assert "made" in result.output or "there is no folder" in result.output


def test_a_folder_without_cells_is_an_error_of_use(tmp_path: Path) -> None:
    """Nothing is written."""
    result = CliRunner().invoke(main, ["report", str(tmp_path), "-o", str(tmp_path / "page.html")])
    assert result.exit_code == 2
    assert "no cells in" in result.output
    assert not (tmp_path / "page.html").exists()


def test_forks_and_answers_are_evidence_with_their_confounds(tmp_path: Path) -> None:
    """A line for a prefill and for an open question; what confounds each stands below, once."""
    runs = write_sweep(tmp_path / "runs", CELLS)
    folder = next(
        f for f in sorted(runs.glob("shutdown/*")) if '"resisted"' in (f / "episodes.jsonl").read_text()
    )
    write_branch(folder, 0, "", [True, False])
    write_branch(folder, 0, "prefill=I will", [True, True])
    write_asked(runs, folder, alarming=range(2), clean=range(9, 12))
    _, page = report(runs)
    assert re.search(r"Fork: prefill=I will continuations of 1 parent in .* 1/2 → 2/2", page.text)
    assert re.search(r"Asked handover: told answers of .* about 2 alarming parents and 3 clean", page.text)
    assert "uninterpretable: 0/2" in page.text
    for confound in ("Off-policy: the prefilled words", "One parent: what is seen", "The model's own word",
                     "No control was asked"):  # fmt: skip
        assert page.text.count(confound) == 1


def test_labels_are_evidence_with_what_is_known_of_their_judges(tmp_path: Path) -> None:
    """A line for each judge's label, from the least to the largest share, with the trial that is missing."""
    runs = write_sweep(tmp_path / "runs", CELLS)
    folders = sorted(runs.glob("shutdown/*"))
    for number, folder in enumerate(folders):
        write_judge(runs, folder, "gpt", {i: i < 3 * number for i in range(12)})
    _, page = report(runs)
    text = page.text
    assert f"Label {LABEL} gpt (a/model) on the transcripts of 4 cells 0/12 in" in text
    assert "to 9/12 in" in text
    assert re.search(r"Judge gpt has not been tried on the smoke set[^()]*\(line \d+\)", text)
