"""What a person sees of forks: the tables, the figure, the reader with branches side by side, the W&B table."""

import json
import shutil
import threading
from typing import Any

import pytest

from hanlon.analysis.requests import stored_values
from hanlon.figures.material import Material
from hanlon.report.gathered import Gathered
from hanlon.report.server import ViewServer
from hanlon.report.store_view import NotHere, open_store
from hanlon.store.cells import load_cells
from hanlon.store.redaction import Redaction
from hanlon.tracking.panels import panel_tables
from support.figures import BY_NAME, chart
from support.forked import ForkedStore

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHANGE = "set=env.precedence=over_all_others"


@pytest.fixture(scope="module")
def forked(sampled: ForkedStore, tmp_path_factory: pytest.TempPathFactory) -> ForkedStore:
    """Three parents, forked at every turn and, with a change, at the notice."""
    store = sampled.copy(tmp_path_factory.mktemp("shown"))
    words = ["--outcome", "resisted", "--n", "3", "draws=4"]
    assert store.fork(*words, "at=turns").exit_code == 0
    assert store.fork(*words, "at=notice", CHANGE).exit_code == 0
    return store


def test_the_tables_say_where_it_jumps_and_what_a_change_does(forked: ForkedStore) -> None:
    """RUNS alone makes no call; numbers for a program are those that are printed."""
    calls = forked.server.calls
    printed = forked.hanlon("fork", str(forked.runs)).output
    for part in (
        "is moved by no reply",
        "by turn: what the next reply moves; resistance",
        "largest jump of each parent",
        "said by the user",
    ):
        assert part in printed
    assert "children that keep no reply agree with their cell" in printed
    rows = json.loads(forked.hanlon("fork", str(forked.runs), "--format", "json").output)
    assert [row["turn"] for row in rows if row["kind"] == "turn"] == [0, 1, 2, 3]
    (change,) = [row for row in rows if row["kind"] == "change"]
    assert (change["point"], change["parents"], change["k"], change["n"]) == ("notice", 3, 0, 12)
    assert len({tuple(row) for row in rows}) == 1
    assert forked.server.calls == calls


def test_one_parent_is_called_a_case_study(store: ForkedStore) -> None:
    """Its intervals are of its draws. Before any fork the command says what to type."""
    assert "Where was it decided? Add at=turns" in store.hanlon("fork", str(store.runs)).output
    assert "One parent is a case study" in store.fork("--n", "1", "at=turn:1", "draws=3").output


def test_the_figure_has_the_curve_each_parent_and_the_jumps(forked: ForkedStore) -> None:
    """Where nothing was forked it says which command would give a curve."""
    material = Material(load_cells([forked.runs])[0])
    spec, rows = chart(BY_NAME["fork_curves"], material)
    assert list(rows[rows["quantity"] == "rate over parents"]["turn"]) == [0, 1, 2, 3]
    assert set(rows[rows["quantity"] == "one parent"]["n"]) == {4}
    assert list(rows[rows["quantity"] == "jump"]["turn"]) == [0.5, 1.5, 2.5]
    assert "95% band" in spec["description"]


def test_wandb_gets_the_rows_of_the_command(forked: ForkedStore) -> None:
    """A table `forks` beside the others of the summary."""
    states, damaged = load_cells([forked.runs])
    gathered = Gathered(states, damaged, [forked.runs], stored_values())
    tables = panel_tables(gathered, Redaction(), lambda name, error: None)
    kinds = [line[0] for line in tables["forks"].lines]
    assert (kinds.count("turn"), kinds.count("parent"), kinds.count("change")) == (4, 3, 1)


def test_the_reader_lists_branches_and_shows_a_child(forked: ForkedStore) -> None:
    """Children stand in no list of episodes; what a child keeps of its parent is counted."""
    view = open_store([forked.runs])
    cell = view.states[0].record.key
    assert len(view.index()["columns"]["rows"]["index"]) == 12
    parents = [index for index in range(12) if view.episode(cell, index)["branches"]]
    assert len(parents) == 3
    shown = view.episode(cell, parents[0])
    assert [(b["turn"], len(b["children"])) for b in shown["branches"]] == [
        (0, 4),
        (1, 4),
        (2, 4),
        (3, 4),
        (3, 4),
    ]
    branch = shown["branches"][2]
    child = view.child(cell, branch["key"], 1)
    assert child["messages"][: child["kept"]] != child["messages"]
    kept = [m["blocks"] for m in child["messages"][: child["kept"]]]
    assert kept == [m["blocks"] for m in shown["messages"][: child["kept"]]]
    with pytest.raises(NotHere):
        view.child(cell, branch["key"], 9)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH (Debian: apt-get install chromium)")
def test_branches_open_side_by_side_in_a_browser(forked: ForkedStore) -> None:
    """A click on two children puts them beside their parent; a click on one of them takes it away."""
    sync_api: Any = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (extra dev)"
    )
    server = ViewServer(open_store([forked.runs]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said: list[str] = []
    with sync_api.sync_playwright() as playwright:
        page: Any = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]).new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        index = next(
            i for i in range(12) if server.view.episode(server.view.states[0].record.key, i)["branches"]
        )
        page.goto(f"{server.address}#cell={server.view.states[0].record.key}&index={index}")
        page.wait_for_selector(".branches")
        for row in (2, 4):
            page.locator(f".branches tbody tr:nth-child({row}) .draws a").first.click()
            page.wait_for_selector(f"article:nth-child({row // 2 + 1})")
        assert page.locator("article").count() == 3
        assert "kept from its parent: 3 replies" in page.locator("article").nth(2).inner_text()
        page.locator(".draws a[aria-current]").first.click()
        sync_api.expect(page.locator("article")).to_have_count(2)
    server.shutdown()
    server.server_close()
    assert said == []
