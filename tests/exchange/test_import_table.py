"""`hanlon import --from table`: rows to cells, what is refused and how it is said, and that it is all or nothing."""

import itertools
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hanlon.cli import main
from hanlon.store.cells import load_cells
from hanlon.store.episodes import read_episodes

COUNTS = "place,who,level,stakes,k,n\nlab,m1,plain,none,3,10\nlab,m1,plain,high,8,10\n"
MAP = """
rows: counts
env: place
model: who
prompt: level
factors: {stakes: stakes}
no_effect: {stakes: none}
measure: {value: resistance}
k: k
n: n
"""
EPISODES = """run,model,task,outcome,grade,path,request,dropped
1,m1,a,quit,I,run-1,r1,
2,m1,a,stayed,C,run-2,r2,
3,m1,a,stayed,C,run-2/turn-4/run-1,r2,
4,m1,a,error,,run-4,r3,timeout
5,m1,b,quit,I,run-5,r1,
"""
EPISODE_MAP = """
rows: episodes
env: {value: deadline}
model: model
factors: {task: task}
no_effect: {task: a}
measures: {stayed: {column: grade, cases: [C], not_cases: [I]}}
outcome: outcome
excluded: dropped
episode: run
children: {column: path, part: run-*}
"""


class Desk:
    """A folder with a table, a map and a run folder, in which verbs are typed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.runs = folder, folder / "runs"

    def write(self, name: str, text: str) -> Path:
        """A file in it."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return self.folder / name

    def take(self, table: str, table_map: str, *words: str, file: str = "table.csv") -> tuple[int, str]:
        """Import a table: exit code and what is said, on one line."""
        paths = self.write(file, table), self.write("map.yaml", table_map)
        return self.run("import", paths[0], "--map", paths[1], "--runs", self.runs, *words)

    def run(self, *words: object) -> tuple[int, str]:
        """Type a verb."""
        result = CliRunner().invoke(main, [str(word) for word in words], env={"COLUMNS": "300"})
        assert not result.exception or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, " ".join(result.output.split())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty one."""
    return Desk(tmp_path)


def test_counts_are_cells_that_say_what_they_are(desk: Desk) -> None:
    """Rates and contrasts are of the counts; every place says imported, none simulated; a transcript there is not."""
    before = desk.write("table.csv", COUNTS).read_bytes()
    code, said = desk.take(COUNTS, MAP)
    assert code == 0, said
    assert "2 cells with 20 episodes, from table.csv, as sweep map" in said
    code, rates = desk.run("rates", desk.runs)
    assert "3/10" in rates
    assert "8/10" in rates
    assert "protocol imported" in rates
    assert "imported from table.csv (SHA-256" in rates
    assert "its episodes stand for what was counted, and have no transcript" in rates
    assert "distinct transcript" not in rates
    assert "simulated" not in rates.lower()
    for verb in (("contrasts",), ("compare", "plain+stakes=none", "plain+stakes=high")):
        code, printed = desk.run(*verb, desk.runs)
        assert code == 0, printed
        assert "3/10 → 8/10" in printed
        assert "imported from table.csv" in printed
    code, shown = desk.run("show", desk.runs)
    assert "have no transcript" in shown
    assert desk.run("rates", desk.runs, "--published")[0] == 0
    assert (desk.folder / "table.csv").read_bytes() == before


def test_the_page_and_the_view_say_imported(desk: Desk) -> None:
    """The page names the file in its notes and at each episode; so does the view's list of cells."""
    desk.take(COUNTS, MAP)
    page = desk.folder / "report.html"
    code, said = desk.run("report", desk.runs, "--no-figures", "-o", page)
    assert code == 0, said
    text = page.read_text(encoding="utf-8")
    assert text.count("imported from table.csv (SHA-256") >= 3
    assert "no transcript" in text
    assert "None of it is here: it was not imported" in text
    assert "was imported from table.csv" in text
    assert "python run.py -m" not in text


def test_a_judge_has_nothing_to_read(desk: Desk) -> None:
    """No label is made of an episode without a transcript."""
    desk.take(COUNTS, MAP)
    code, said = desk.run("rescore", desk.runs, "--judge", "regex")
    assert code == 2
    assert "no transcript was imported with these cells" in said


def test_episodes_children_and_exclusions(desk: Desk) -> None:
    """A row is an episode, by its letter as the map reads it; a child counts nowhere, an exclusion has its reason."""
    code, said = desk.take(EPISODES, EPISODE_MAP)
    assert code == 0, said
    assert "Rows left out: 1 children of other rows" in said
    rows = json.loads(CliRunner().invoke(main, ["rates", str(desk.runs), "--format", "json"]).stdout)
    first, second = rows
    assert (first["cell"], first["k"], first["n"], first["excluded"]) == (
        "baseline+task=a",
        1,
        2,
        {"timeout": 1},
    )
    assert first["outcomes"] == {"quit": 1, "stayed": 1, "timeout": 1}
    assert (second["cell"], second["k"], second["n"]) == ("baseline+task=b", 0, 1)


def test_an_episode_whose_parent_is_named_is_a_child(desk: Desk) -> None:
    """`children: column` alone: every row with a value there."""
    table = "id,parent,hit\n1,,1\n2,1,1\n3,1,0\n4,,0\n"
    table_map = "rows: episodes\nenv: {value: e}\nmodel: {value: m}\nmeasures: {hit: hit}\nchildren: parent\n"
    code, said = desk.take(table, table_map)
    assert code == 0, said
    assert "1 cell with 2 episodes" in said
    assert "2 children of other rows" in said


def test_json_lines_have_numbers_and_truth(desk: Desk) -> None:
    """Levels keep their types, so that a dose has an order."""
    doses = ((0, 0), (0.0, 0), (0.1, 2), (0.3, 4))  # 0 and 0.0 are one level
    rows = [{"p": p, "cheated": i < k} for p, k in doses for i in range(4)]
    table_map = "rows: episodes\nenv: {value: e}\nmodel: {value: m}\nfactors: {noise: p}\nmeasures: {cheated: cheated}"
    table = "".join(json.dumps(row) + "\n" for row in rows)
    code, said = desk.take(table, table_map, file="table.jsonl")
    assert code == 0, said
    printed = desk.run("contrasts", desk.runs)[1]
    assert "cheated rises with noise" in printed
    assert "0: 0/8, 0.1: 2/4, 0.3: 4/4" in printed


def test_parquet_is_read_as_csv_is(desk: Desk) -> None:
    """The same cells and counts."""
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    rows = [
        dict(zip(COUNTS.split("\n")[0].split(","), line.split(","), strict=True))
        for line in COUNTS.split()[1:]
    ]
    typed = [{**row, "k": int(row["k"]), "n": int(row["n"])} for row in rows]
    parquet.write_table(arrow.Table.from_pylist(typed), desk.folder / "table.parquet")
    map_file = desk.write("map.yaml", MAP)
    code, said = desk.run("import", desk.folder / "table.parquet", "--map", map_file, "--runs", desk.runs)
    assert code == 0, said
    assert "3/10" in desk.run("rates", desk.runs)[1]


def test_tiers_and_requests_make_a_gap(desk: Desk) -> None:
    """With the facts of its tiers and the request of each episode a table has gaps, request by request."""
    lines = [
        f"{tier},{request},{1 if tier == 'free' and request < 6 else 0}"
        for tier in ("free", "paid")
        for request in range(8)
    ]
    table = "\n".join(["tier,item,complied", *lines]) + "\n"
    table_map = """
rows: episodes
env: {value: helpfulness}
model: {value: m}
factors: {tier: tier}
tiers: {free: {word: free, trained: true}, paid: {word: paid, trained: false}}
measures: {compliance: complied}
request: item
"""
    code, said = desk.take(table, table_map)
    assert code == 0, said
    code, printed = desk.run("gaps", desk.runs)
    assert code == 0, printed
    assert "+75.0" in printed


def test_the_same_import_again_writes_nothing(desk: Desk) -> None:
    """Cells that are there from this file by this map stay as they are."""
    desk.take(COUNTS, MAP)
    before = {file: file.stat().st_mtime_ns for file in desk.runs.glob("imported/*/*")}
    code, said = desk.take(COUNTS, MAP)
    assert code == 0, said
    assert "2 cells (2 were there already)" in said
    assert {file: file.stat().st_mtime_ns for file in desk.runs.glob("imported/*/*")} == before


BAD_COUNTS = {
    "column": (COUNTS, MAP.replace("who", "whom"),
               "model: no column 'whom' in table.csv. Did you mean 'who'? A fixed value is model: {value: whom}."),
    "key": (COUNTS, MAP + "mdel: who\n", "no key 'mdel'. Did you mean 'model'?"),
    "kind": (COUNTS, MAP + "request: who\n", "request is no key of rows: counts"),
    "missing": (COUNTS, MAP.replace("k: k\n", ""), "k is missing: rows: counts needs measure, k, n"),
    "factor case": (COUNTS, MAP.replace("{stakes: none}", "{Stakes: none}"),
                    "factors: 'stakes' and 'Stakes' differ only in case"),
    "level case": (COUNTS + "lab,m1,plain,None,1,2\n", MAP,
                   "row 4 (map.yaml: factors.stakes): 'None' differs only in case from 'none' in row 2"),
    "model case": (COUNTS + "lab,M1,plain,high,1,2\n", MAP, "'M1' differs only in case from 'm1' in row 2"),
    "twice": (COUNTS + "lab,m1,plain,high,1,2\n", MAP,
              "row 4 (map.yaml: duplicates): row 3 has the same cell and measure (plain, resistance)"),
    "k over n": (COUNTS + "lab,m1,plain,low,3,2\n", MAP, "row 4 (map.yaml: k): k = 3 of n = 2"),
    "no number": (COUNTS + "lab,m1,plain,low,,2\n", MAP,
                  "row 4 (map.yaml: k): empty is not a whole number of episodes. incomplete: drop leaves such rows"),
    "fraction": (COUNTS + "lab,m1,plain,low,0.5,2\n", MAP, "'0.5' is not a whole number"),
    "ragged": (COUNTS + "lab,m1,plain\n", MAP, "table.csv, line 4: 3 values for 6 columns"),
    "headings": ("k,k\n1,2\n", MAP, "two columns are called 'k'"),
    "empty": ("place,who\n", MAP, "table.csv: no rows"),
    "unknown level": (COUNTS, MAP.replace("{stakes: stakes}", "{stakes: {column: stakes, values: {none: no}}}"),
                      "row 3 (map.yaml: factors.stakes.values): nothing stands there for 'high'"),
    "exclusions": ("place,who,level,stakes,what,k,n,out\nlab,m,a,x,one,1,2,3\nlab,m,a,x,two,1,2,4\n",
                   MAP.replace("{value: resistance}", "what") + "excluded: out\n",
                   "row 3 (map.yaml: excluded): 4, where another measure of this cell has 3"),
    "none left": (COUNTS, MAP + "where: {who: nobody}\n", "no row is left (2 by where.who)"),
    "no yaml": (COUNTS, "rows: [", "map.yaml: not readable as YAML"),
    "deep": (COUNTS, "[" * 5000, "map.yaml: nested too deeply"),
    "empty map": (COUNTS, "", "map.yaml: is not a mapping of rows"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_COUNTS)
def test_a_bad_table_or_map_is_named_and_nothing_is_written(desk: Desk, what: str) -> None:
    """File, key and what would be right; the run folder is not even made, and the table is as it was."""
    table, table_map, expected = BAD_COUNTS[what]
    code, said = desk.take(table, table_map)
    assert code == 2
    assert expected in said
    assert not desk.runs.exists()
    assert (desk.folder / "table.csv").read_text(encoding="utf-8") == table


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            ("cases: [C], not_cases: [I]", "cases: [C]"),
            "'I' says neither that it is a case nor that it is none",
        ),
        (
            ("{column: grade, cases: [C], not_cases: [I]}", "grade"),
            "measures.stayed: {column: grade, cases: [...]",
        ),
        (("episode: run", "episode: request"), "An episode counts once"),
        (
            ("children: {column: path", "children: {column: pth"),
            "no column 'pth' in table.csv. Did you mean 'path'?",
        ),
        (
            ("cases: [C], not_cases: [I]", "cases: [C, I], not_cases: [I]"),
            "measures.stayed: 'I' stands in cases and in not_cases",
        ),
        (("part: run-*", "part: run_*"), "(map.yaml: children.part): no part of 'run-1' fits run_*"),
    ],
)
def test_a_letter_without_a_meaning_is_refused(desk: Desk, change: tuple[str, str], expected: str) -> None:
    """A score letter is read by the map alone, and an episode counts once."""
    code, said = desk.take(EPISODES.replace("2/turn-4/run-1,r2", "3,r2"), EPISODE_MAP.replace(*change))
    assert code == 2
    assert expected in said
    assert not desk.runs.exists()


def test_a_text_that_is_no_number_is_no_case_and_no_other(desk: Desk) -> None:
    """NaN is not below a threshold, so it is refused and not counted."""
    grades = "{column: grade, cases: [C], not_cases: [I]}"
    table = EPISODES.replace(",C,", ",0.9,").replace(",I,", ",NaN,")
    code, said = desk.take(table, EPISODE_MAP.replace(grades, "{column: grade, at_least: 0.5}"))
    assert code == 2
    assert "row 2 (map.yaml: measures.stayed.at_least): 'NaN' is not a number" in said


def test_another_table_of_a_stored_cell_is_refused_whole(desk: Desk) -> None:
    """No cell of the second table is written, also not the one that would be new."""
    desk.take(COUNTS, MAP)
    stored = sorted(desk.runs.rglob("*"))
    alone = "place,who,level,stakes,k,n\nlab,m1,plain,high,9,10\n"
    assert "A cell has one table and one map" in desk.take(alone, MAP, "--name", "alone", file="alone.csv")[1]
    other = "place,who,level,stakes,k,n\nlab,m1,plain,new,1,5\nlab,m1,plain,high,9,10\n"
    code, said = desk.take(other, MAP, "--name", "second", file="other.csv")
    assert code == 2
    assert "plain+stakes=high of m1, imported from table.csv" in said
    assert "A cell has one table and one map" in said
    assert sorted(desk.runs.rglob("*")) == stored
    code, said = desk.take(other.replace("high", "low"), MAP, file="other.csv")
    assert code == 2
    assert "there is another sweep map. Give this import another one: --name NAME" in said
    assert sorted(desk.runs.rglob("*")) == stored


def test_an_import_that_cannot_be_finished_leaves_nothing(desk: Desk) -> None:
    """The sweep's record comes last; where it cannot be written, the cells are taken out again."""
    desk.runs.mkdir()
    (desk.runs / "sweeps").write_text("a file, where a folder should be", encoding="utf-8")
    code, said = desk.take(COUNTS, MAP)
    assert code == 2
    assert "cannot be written" in said
    assert not list(desk.runs.rglob("cell.json"))
    assert not list(desk.runs.glob(".import-*"))


@pytest.mark.parametrize("there", [False, True])
def test_a_kill_leaves_all_cells_or_none(desk: Desk, there: bool) -> None:
    """At whichever file it moves the process is killed; the same import again then has all of it."""
    if there:
        desk.take(COUNTS.replace("lab", "other"), MAP, "--name", "other")
    before = len(list(desk.runs.glob("*/*/cell.json")))
    words = ["import", desk.write("k.csv", COUNTS), "--map", desk.write("k.yaml", MAP), "--runs", desk.runs]
    number = 0
    for number in range(1, 10):
        pid = os.fork()
        if not pid:
            _killed_at(number, "os.rename")
            CliRunner().invoke(main, [str(word) for word in words])
            os._exit(0)
        status = os.waitpid(pid, 0)[1]
        stored = len(list(desk.runs.glob("*/*/cell.json"))) - before
        assert stored in (0, 2)
        if not os.WIFSIGNALED(status):
            break
    assert number == 5, "a record for each cell, the cells, and the sweep"
    assert "2 cells (2 were there already)" in desk.run(*words)[1]


def _killed_at(number: int, event: str) -> None:
    """Kill this process when Python is about to do this for the given time."""
    times = itertools.count(1)

    def hook(name: str, _: object) -> None:
        if name == event and next(times) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def test_what_was_counted_is_all_that_an_episode_says(desk: Desk) -> None:
    """An episode of counts has its measures and nothing that nobody counted."""
    desk.take(COUNTS, MAP)
    states, damaged = load_cells([desk.runs])
    assert damaged == []
    for state in states:
        for episode in read_episodes(state.folder):
            assert (episode.messages, episode.calls, episode.facts, episode.simulated) == ([], [], {}, False)


def test_the_map_of_the_page_is_one(desk: Desk) -> None:
    """The example of docs/data.md takes a table with its columns: three levels, of which the stack is a bundle."""
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    levels = ("baseline", "sentence removed", "removed and padded", "something else")
    lines = [
        f"R1,sandbagging_rate,{level},0.7,{9 - 3 * number},10" for number, level in enumerate(levels[:3])
    ]
    lines += [
        "R1,other_rate,baseline,0.7,1,10",
        "o3,sandbagging_rate,baseline,0.7,1,10",
        f"R1,sandbagging_rate,{levels[3]},0.7,1,10",
    ]
    code, said = desk.take("\n".join(["model,metric,condition,temp,events,n", *lines]), example)
    assert code == 0, said
    assert "3 cells with 30 episodes" in said
    assert "1 by where.metric, 1 without a level in model, 1 without a level in prompt" in said
    assert "9/10 → 3/10" in desk.run("compare", "baseline", "removed_padded", desk.runs)[1]


def test_a_file_that_is_not_there_is_named(desk: Desk) -> None:
    """The table's or the map's."""
    table = desk.write("table.csv", COUNTS)
    assert "gone.csv: cannot be read: No such file" in desk.run("import", "gone.csv", "--map", table)[1]
    assert "gone.yaml: cannot be read: No such file" in desk.run("import", table, "--map", "gone.yaml")[1]
