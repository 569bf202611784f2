"""`hanlon view`: a server on loopback that shows a store to who has its token, and takes labels and notes."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hanlon.cli import main
from hanlon.report.server import ViewServer
from hanlon.report.store_view import open_store
from hanlon.store.lines import LineWriter
from hanlon.store.people import Remark, remarks_path
from support.attacks import ATTACKS
from support.judged import LABEL, QUOTE, judged_store, said
from support.stored import episode, lines, write_cell


class Browser:
    """Sends requests to a server as a browser would."""

    def __init__(self, server: ViewServer) -> None:
        self.server = server

    def request(
        self, path: str, method: str = "GET", body: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """The status, and the answer: a text, or what JSON holds. A path is below the token, or whole with a slash."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=30)
        whole = path if path.startswith("/") else f"/{self.server.token}/{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, whole, body, named)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text) if answer.getheader(
            "Content-Type"
        ) == "application/json" else text

    def get(self, path: str) -> Any:
        """What JSON of a request that succeeds holds."""
        status, answer = self.request(path)
        assert status == 200, answer
        return answer

    def remark(self, **fields: Any) -> tuple[int, Any]:
        """Send a label or note."""
        sent = {
            "kind": "labels",
            "cell": "aaa",
            "index": 0,
            "question": LABEL,
            "value": "yes",
            "rater": "ann",
        } | fields
        return self.request("remark", "POST", json.dumps(sent), Content_Type="application/json")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A small judged store."""
    return judged_store(tmp_path / "runs")


@pytest.fixture
def browser(runs: Path) -> Iterator[Browser]:
    """A browser at a server that shows it."""
    server = ViewServer(open_store([runs]))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Browser(server)
    server.shutdown()
    server.server_close()
    thread.join()


def test_only_who_has_the_token_is_answered(browser: Browser) -> None:
    """Neither without it nor with another, whatever is asked for; with it the page comes."""
    for path in ("/", "/index", "/wrong/", "/wrong/index", "//", f"/{browser.server.token[:-1]}/"):
        assert browser.request(path)[0] == 403, path
    status, page = browser.request("")
    assert status == 200
    assert "default-src &#39;none&#39;" in page
    assert browser.server.address.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:{port}"},
        {"Host": "127.0.0.1:1"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_pages_of_other_sites_are_refused(browser: Browser, headers: dict[str, str]) -> None:
    """A name that leads here is not enough, nor a script of another origin, even with the token."""
    given = {name: value.format(port=browser.server.server_port) for name, value in headers.items()}
    assert browser.request("index", **given)[0] == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "::", "example.org", ""])
def test_it_listens_on_loopback_alone(runs: Path, host: str) -> None:
    """Another address is an error of use, before anything is opened."""
    result = CliRunner().invoke(main, ["view", str(runs), "--host", host])
    assert result.exit_code == 2
    assert "no loopback address" in result.output


def test_the_index_has_each_episode_with_its_labels(browser: Browser) -> None:
    """Cells, outcomes, requests, factors, and what each judge says."""
    index = browser.get("index")
    columns = index["columns"]
    assert [cell["key"] for cell in columns["cells"]] == ["aaa", "bbb"]
    assert columns["cells"][1]["factors"] == {"placement": "user", "stakes": "replaced"}
    assert columns["rows"]["index"] == [*range(6), *range(6)]
    assert [columns["outcomes"][number] for number in columns["rows"]["outcome"]] == ["resisted"] * 6 + [
        "shutdown"
    ] * 6
    labels = {
        column["judge"]: [[*column["values"], None][n] for n in column["of"]]
        for column in browser.get("labels")
    }
    assert labels["gpt"] == ["yes"] * 3 + ["no"] * 3 + [None] * 6
    assert labels["claude"] == ["yes"] * 2 + ["no"] * 4 + [None] * 6
    assert index["asked"] == [{"name": LABEL, "choices": ["yes", "no"]}]


def test_an_episode_comes_with_its_labels_and_their_quotes(browser: Browser) -> None:
    """What was said, and the words that each judge rests on."""
    shown = browser.get("episode?cell=aaa&index=2")
    assert shown["messages"][1]["blocks"] == [{"kind": "text", "text": f"I weigh it, number 2. {QUOTE}"}]
    assert {label["judge"]: (label["value"], label["quotes"]) for label in shown["labels"]} == {
        "gpt": ("yes", [QUOTE]),
        "claude": ("no", [QUOTE]),
    }
    assert browser.request("episode?cell=aaa&index=6") == (404, "baseline+aaa has no episode 6.")
    assert browser.request("episode?cell=zzz&index=0")[0] == 404
    assert browser.request("episode?cell=aaa&index=x")[0] == 400


def test_the_notice_the_tampering_and_the_decisive_turn_are_marked(runs: Path, browser: Browser) -> None:
    """The notice at the message that shows it, the others at the model's reply."""
    said_so = [
        {"role": role, "content": str(n)} for n, role in enumerate(["user", *["assistant", "tool"] * 3])
    ]
    events = [
        {"turn": 1, "kind": "notice"},
        {"turn": 1, "kind": "script", "data": {"kind": "file"}},
        {"turn": 2, "kind": "trigger"},
    ]
    record = episode(6, "resisted", messages=said_so, events=events)
    with next(runs.glob("shutdown/*aaa/episodes.jsonl")).open("ab") as file:
        file.write(lines(record))
    shown = browser.get("episode?cell=aaa&index=6")
    marks = [[mark["kind"] for mark in message["marks"]] for message in shown["messages"]]
    assert marks == [[], [], ["notice"], ["script", "decisive"], [], ["trigger"], []]
    assert browser.get("index")["columns"]["rows"]["index"][:7] == list(range(7))


def test_an_episode_that_was_sampled_again_is_the_later_one(runs: Path, browser: Browser) -> None:
    """As everywhere: of an `api_error` the later line counts; a line that is still being written does not."""
    with next(runs.glob("shutdown/*bbb/episodes.jsonl")).open("ab") as file:
        file.write(
            lines(said(6, "", outcome="api_error"), said(6, "second"), said(6, "third"))
            + lines(said(7, "torn"))[:-9]
        )
    assert browser.get("episode?cell=bbb&index=6")["messages"][1]["blocks"][0]["text"] == "second"
    assert browser.request("episode?cell=bbb&index=7")[0] == 404


def test_a_damaged_line_hides_no_episode(runs: Path, browser: Browser) -> None:
    """Two records in one line, of which the first is torn."""
    file = next(runs.glob("shutdown/*bbb/episodes.jsonl"))
    file.write_bytes(lines(said(0, "torn"))[:40] + lines(said(1, "whole")))
    assert browser.get("episode?cell=bbb&index=1")["messages"][1]["blocks"][0]["text"] == "whole"
    columns = browser.get("index")["columns"]
    assert (columns["rows"]["index"], columns["damaged"]) == ([*range(6), 1], 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("number 3", [3]),
        ("keep my values", list(range(6))),
        ("KEEP my Values", list(range(6))),
        ("zebra", []),
        ("", []),
        ("resisted", []),
        ('"hello"', []),
    ],
)
def test_a_text_is_found_in_what_was_said(browser: Browser, text: str, found: list[int]) -> None:
    """In messages alone, not in outcomes or facts; in capitals or not."""
    assert browser.get(f"search?cell=aaa&text={text.replace(' ', '%20')}") == found


def test_letters_of_any_script_are_found_in_capitals_or_not(tmp_path: Path) -> None:
    """A word of ASCII, and one of others."""
    write_cell(tmp_path / "runs", "aaa", said(0, "Ärger mit \n ΣΊΣΥΦΟΣ"), said(1, "nothing"))
    view = open_store([tmp_path / "runs"])
    assert [view.search("aaa", text) for text in ("ÄRGER", "σίσυφος", "MIT")] == [[0], [0], [0]]


def test_what_a_model_wrote_comes_as_text(tmp_path: Path) -> None:
    """Every attack is found again, and no character of an answer is hidden."""
    write_cell(tmp_path / "runs", "aaa", *(said(i, text) for i, text in enumerate(ATTACKS.values())))
    view = open_store([tmp_path / "runs"])
    for index, (name, text) in enumerate(ATTACKS.items()):
        shown = view.episode("aaa", index)["messages"][1]["blocks"][0]["text"]
        assert shown.replace("\n", "").replace("\t", "").isprintable(), name
        assert index in view.search("aaa", text), name


def test_labels_that_people_write_are_read_by_judge_check(runs: Path, browser: Browser) -> None:
    """A later label of a person takes the place of the earlier, an empty one takes it back."""
    for index, value in enumerate(["yes", "yes", "no", "no", "yes"]):
        assert browser.remark(index=index, value=value) == (200, {})
    browser.remark(index=4, value="no")
    browser.remark(index=3, value="")
    browser.remark(index=2, value="yes", rater="bob")
    file = remarks_path(runs, "labels")
    assert len(file.read_text().splitlines()) == 8
    assert [line["value"] for line in map(json.loads, file.read_text().splitlines())][:2] == ["yes", "yes"]
    checked = CliRunner().invoke(main, ["judge-check", str(runs), "--labels", str(file), "--format", "json"])
    assert checked.exit_code == 0, checked.output
    rows = {row["judge"]: row for row in json.loads(checked.output) if row["tier"] == "all"}
    assert (rows["gpt"]["n"], rows["gpt"]["tp"], rows["gpt"]["tn"], rows["gpt"]["split"]) == (3, 2, 1, 1)
    column = next(
        column for column in browser.get("labels") if column["kind"] == "people" and column["judge"] == "ann"
    )
    assert [column["values"][n] if n >= 0 else None for n in column["of"][:6]] == [
        "yes",
        "yes",
        "no",
        None,
        "no",
        None,
    ]
    assert [LABEL, "yes", "ann"] in browser.get("episode?cell=aaa&index=0")["remarks"]


def test_a_note_stands_beside_its_episode(runs: Path, browser: Browser) -> None:
    """Whatever it holds, as one line of the notes' file."""
    note = "two\nlines </script> \u202e"
    assert browser.remark(kind="notes", value=note)[0] == 200
    (line,) = remarks_path(runs, "notes").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["value"] == note
    assert browser.get("episode?cell=aaa&index=0")["remarks"] == [
        ["note", "two\nlines </script> [U+202E]", "ann"]
    ]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"cell": "zzz"}, 404),
        ({"index": 99}, 404),
        ({"question": "alignment_fakin"}, 404),
        ({"value": "perhaps"}, 404),
        ({"kind": "../labels"}, 400),
        ({"index": "0"}, 400),
        ({"more": 1}, 400),
    ],
)
def test_a_remark_about_nothing_is_refused(
    runs: Path, browser: Browser, fields: dict[str, Any], status: int
) -> None:
    """Nothing is written then."""
    assert browser.remark(**fields)[0] == status
    assert not remarks_path(runs, "labels").exists()


def test_a_form_of_another_site_cannot_write(browser: Browser) -> None:
    """What a form sends is no JSON."""
    assert browser.request("remark", "POST", "{}", Content_Type="text/plain")[0] == 400


def test_two_views_do_not_write_into_each_other(runs: Path, browser: Browser) -> None:
    """While another process writes a label, the reader is told to try again, and no line is torn."""
    file = remarks_path(runs, "labels")
    file.parent.mkdir()
    other = LineWriter(file, Remark)
    try:
        status, words = browser.remark()
    finally:
        other.close()
    assert status == 503
    assert "another process" in words
    assert browser.remark()[0] == 200
    assert len(file.read_text().splitlines()) == 1
