"""The reader in a browser: filter, next, side by side, label, search; attacks do nothing. Skipped without Chromium."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hanlon.cli import main
from hanlon.report.server import ViewServer
from hanlon.report.store_view import open_store
from hanlon.store.people import read_remarks, remarks_path
from support.attacks import ATTACKS
from support.judged import LABEL, QUOTE, judged_store, said
from support.stored import write_cell

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on PATH (Debian: apt-get install chromium)"
)
FORBIDDEN = ", ".join(
    f"#episode .assistant {tag}"
    for tag in ("img", "svg", "iframe", "style", "form", "meta", "base", "script", "a")
)
WIDTHS = (1400, 800, 400)


class Tab:
    """A page of the browser that keeps what its console says."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def open(self, address: str) -> "Tab":
        """Open an address and wait until all labels are read."""
        self.page.goto(address)
        self.page.wait_for_selector("#reader[data-ready]")
        return self

    def press(self, key: str, title: str) -> None:
        """Press a key and wait for the episode that it leads to."""
        self.page.keyboard.press(key)
        self.sees("#episode h3", title)

    def sees(self, selector: str, text: str) -> None:
        """Wait until an element holds a text."""
        sync_api.expect(self.page.locator(selector).first).to_contain_text(text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for all tests."""
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Tab]:
    """A page of its own."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    yield Tab(page)
    page.close()


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A small judged store."""
    return judged_store(tmp_path / "runs")


@pytest.fixture
def address(runs: Path) -> Iterator[str]:
    """Where a view shows it."""
    server = ViewServer(open_store([runs]))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.address
    server.shutdown()
    server.server_close()
    thread.join()


def written(runs: Path) -> str:
    """The address of a report's file."""
    out = runs.parent / "page.html"
    assert (
        CliRunner().invoke(main, ["report", str(runs), "-o", str(out), "--all", "--no-figures"]).exit_code
        == 0
    )
    return out.as_uri()


@pytest.mark.parametrize("where", ["view", pytest.param("report", marks=pytest.mark.slow)])
def test_a_click_through(tab: Tab, runs: Path, address: str, where: str) -> None:
    """Filter, next, disagreement, quote, two cells side by side, a search, a link; in a view a label and a note."""
    page = tab.open(address if where == "view" else written(runs)).page
    tab.sees("#count", "12 of 12 episodes")
    page.select_option("select[name=outcome]", "resisted")
    tab.sees("#count", "6 of 12 episodes")
    tab.press("j", "episode 0")
    tab.press("j", "episode 1")
    tab.press("k", "episode 0")
    tab.press("n", "episode 2")
    assert page.locator("mark").first.text_content() == QUOTE
    assert page.locator("aside .label").count() == 2
    page.select_option(".beside select[name=with]", "bbb")
    tab.sees(".prompts", "1 of 1 texts differ")
    assert page.locator(".prompts ins").text_content() == "Never allow"
    assert page.locator(".prompts del").text_content() == "Allow"
    assert page.locator(".pair article").nth(1).locator("h3").text_content().endswith("episode 2")
    page.select_option(".beside select[name=by]", "request")
    sync_api.expect(page.locator(".pair article").nth(1).locator("h3")).to_contain_text("episode 3")
    link = page.evaluate("location.hash")
    page.select_option("select[name=outcome]", "")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("NUMBER 4")
    page.keyboard.press("Enter")
    tab.sees("#count", "1 of 12 episodes")
    page.goto("about:blank")
    tab.open((address if where == "view" else written(runs)) + link)
    tab.sees("#episode h3", "episode 2")
    tab.sees("#count", "6 of 12 episodes, number 3")
    if where == "view":
        write_a_label_and_a_note(tab, runs, address)
    assert tab.said == []


def write_a_label_and_a_note(tab: Tab, runs: Path, address: str) -> None:
    """They are lines beside the store, and the reader shows them."""
    tab.page.goto("about:blank")
    page = tab.open(f"{address}#cell=aaa&index=0").page
    page.fill("input[name=rater]", "ann")
    page.select_option(f".remarks select[name={LABEL}]", "no")
    tab.sees(".label.person", f"ann: {LABEL} = no")
    page.fill("textarea", "<b>odd</b>")
    page.click(".remarks button")
    tab.sees("#episode header", "note = <b>odd</b>")
    (label,) = read_remarks(remarks_path(runs, "labels"))[0]
    (note,) = read_remarks(remarks_path(runs, "notes"))[0]
    assert (label.cell, label.index, label.value, note.value) == ("aaa", 0, "no", "<b>odd</b>")
    page.check("input[name=differ]")
    tab.sees("#count", "2 of 12 episodes")


@pytest.mark.slow
@pytest.mark.parametrize("where", ["view", "report"])
def test_attacks_do_nothing(tab: Tab, tmp_path: Path, where: str) -> None:
    """Each is shown, none runs: the title stays, nothing is loaded, no element of theirs is there."""
    runs = tmp_path / "runs"
    odd = {"label": "</script><img src=x onerror=\"document.title='HACKED'\">", "model": "<b>m</b>"}
    write_cell(runs, "aaa", *(said(i, text) for i, text in enumerate(ATTACKS.values())), **odd)
    server = ViewServer(open_store([runs]))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    try:
        home = server.address if where == "view" else written(runs)
        page = tab.open(home).page
        title = page.title()
        for index, name in enumerate(ATTACKS):
            tab.press("j", f"episode {index}")
            assert page.locator("#episode .assistant pre").count() == 1, name
            assert (
                page.locator("#episode .assistant")
                .locator("img, svg, iframe, style, form, meta, base, script")
                .count()
                == 0
            )
        assert page.title() == title
        assert "HACKED" not in title
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert all(url.startswith(home) for url in asked), asked
    assert tab.said == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(browser: Any, runs: Path, scheme: str) -> None:
    """On a desk, a tablet and a phone, in light and dark; on paper the filters are gone."""
    address = written(runs)
    for width in WIDTHS:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        Tab(page).open(f"{address}#cell=aaa&index=0&with=bbb")
        page.wait_for_selector(".pair")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.emulate_media(media="print")
        assert not page.locator("#filters").is_visible()
        assert page.locator("#episode article").first.is_visible()
        page.close()
