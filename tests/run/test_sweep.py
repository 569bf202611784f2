"""A sweep from the command line: what it pays for, what it keeps, what it says."""

import re
import signal
import time

import msgspec
import pytest

from hanlon.store.episodes import cell_folders, read_cell, read_episodes
from support.chat_server import ChatServer, at, bash, completion
from support.command_line import CommandLine


def test_the_main_command_shows_ambiguity_and_says_that_it_is_simulated(command_line: CommandLine) -> None:
    """Ambiguity resists at the baseline and stops when precedence is clear; every output says simulated."""
    run = command_line.run(
        "-m", "env=shutdown", "prompt=priority_clarified,baseline", "model=simulated/ambiguity", "samples=40"
    )
    assert run.returncode == 0, run.stderr
    assert "simulated" in run.stdout
    assert "simulated" in run.stderr
    rates = msgspec.json.decode(command_line.hanlon("rates", "runs", "--format", "json").stdout)
    rate = {row["cell"]: row["rate"] for row in rates}
    assert rate["baseline"] > 0.5
    assert rate["priority_clarified"] < 0.1
    assert all(row["simulated"] for row in rates)
    for folder in cell_folders(command_line.runs):
        assert read_cell(folder).simulated
        assert all(episode.simulated for episode in read_episodes(folder))


@pytest.mark.slow
def test_self_preservation_shows_the_opposite_pattern(command_line: CommandLine) -> None:
    """Self-preservation rises with the stakes."""
    run = command_line.run(
        "-m", "model=simulated/self_preservation", "env.stakes=none,replaced", "samples=40"
    )
    assert run.returncode == 0, run.stderr
    rates = msgspec.json.decode(command_line.hanlon("rates", "--format", "json").stdout)
    rate = {row["cell"]: row["rate"] for row in rates}
    assert rate["baseline+stakes=replaced"] > rate["baseline"] + 0.2


def test_the_same_command_again_makes_no_call_and_more_samples_pay_for_the_new_ones(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """What is stored is never paid twice; raising samples keeps what is there."""
    command = ["-m", "prompt=baseline,priority_clarified", *at(chat_server)]
    assert command_line.run(*command, "samples=3").returncode == 0
    paid = chat_server.calls
    assert paid == 2 * 3 * 4
    again = command_line.run(*command, "samples=3")
    assert again.returncode == 0
    assert chat_server.calls == paid
    more = command_line.run(*command, "samples=5")
    assert chat_server.calls == paid + 2 * 2 * 4
    assert "after a look" in more.stdout


@pytest.mark.slow
def test_a_finished_sweep_typed_again_never_imports_the_client(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """The table of a finished sweep costs neither openai nor wandb."""
    command = ["prompt=baseline", "samples=1", *at(chat_server)]
    assert command_line.run(*command).returncode == 0
    command_line.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    again = command_line.run(*command)
    imported = set(re.findall(r"\|\s+([\w.]+)$", again.stderr, re.MULTILINE))
    assert "hanlon.run.launch" in imported
    assert not {"openai", "wandb", "aiohttp"} & imported


@pytest.mark.slow
def test_a_kill_repeats_no_finished_episode(command_line: CommandLine, chat_server: ChatServer) -> None:
    """After SIGKILL, the same command repeats only the turns that the episodes in flight had made."""
    chat_server.delay_s = 0.02
    command = [
        "-m",
        "prompt=baseline,priority_clarified",
        "samples=30",
        "max_connections=4",
        *at(chat_server),
    ]
    process = command_line.start(*command)
    while chat_server.calls < 60:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    stored = {e.seed for folder in cell_folders(command_line.runs) for e in read_episodes(folder)}
    before = chat_server.calls_by_seed()
    assert command_line.run(*command).returncode == 0
    after = chat_server.calls_by_seed()
    assert len(after) == 60
    assert all(after[seed] == before[seed] for seed in stored)
    assert sum(after.values()) - 60 * 4 <= sum(before[seed] for seed in before if seed not in stored)


@pytest.mark.slow
def test_twenty_kills_at_any_moment_lose_and_repeat_nothing(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Killed again and again at odd moments, the sweep ends with every episode once."""
    chat_server.delay_s = 0.005
    command = ["-m", "prompt=glob(palisade_*)", "samples=40", "max_connections=8", *at(chat_server)]
    finished: set[int] = set()
    for number in range(20):
        process = command_line.start(*command)
        aim = chat_server.calls + 7 + 13 * number % 29
        while chat_server.calls < aim and process.poll() is None:
            time.sleep(0.002)
        process.kill()
        process.wait(30)
        now = {e.seed for folder in cell_folders(command_line.runs) for e in read_episodes(folder)}
        assert finished <= now
        before = chat_server.calls_by_seed()
        finished = now
        frozen = {seed: before[seed] for seed in finished}
        assert all(chat_server.calls_by_seed()[seed] == calls for seed, calls in frozen.items())
    paid = {seed: chat_server.calls_by_seed()[seed] for seed in finished}
    assert command_line.run(*command).returncode == 0
    assert all(chat_server.calls_by_seed()[seed] == calls for seed, calls in paid.items())
    for folder in cell_folders(command_line.runs):
        lines = (folder / "episodes.jsonl").read_bytes().splitlines()
        assert sorted(msgspec.json.decode(text)["index"] for text in lines) == list(range(40))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_sweep_stores_what_was_in_flight_and_says_how_to_go_on(
    command_line: CommandLine, chat_server: ChatServer, number: signal.Signals
) -> None:
    """Ctrl-C and SIGTERM: no new episode, those in flight finished, the table, exit code 130."""
    chat_server.delay_s = 0.05
    command = ["prompt=baseline", "samples=200", "max_connections=4", *at(chat_server)]
    process = command_line.start(*command)
    while chat_server.calls < 20:
        time.sleep(0.01)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "the same command goes on from there" in output
    assert "Traceback" not in output
    stored = {e.seed for folder in cell_folders(command_line.runs) for e in read_episodes(folder)}
    assert set(chat_server.calls_by_seed()) == stored


def test_ctrl_c_twice_drops_what_is_in_flight(command_line: CommandLine, chat_server: ChatServer) -> None:
    """The second Ctrl-C does not wait for the endpoint."""
    process = command_line.start("prompt=baseline", "samples=50", "max_connections=2", *at(chat_server))
    while chat_server.calls < 8:
        time.sleep(0.01)
    chat_server.delay_s = 30
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 130, output
    assert "Traceback" not in output


@pytest.mark.slow
def test_a_second_process_is_refused_and_shards_are_not(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Two processes never write one cell; with shards they share it out."""
    chat_server.delay_s = 0.1
    command = ["prompt=baseline", "samples=60", "max_connections=2", *at(chat_server)]
    first = command_line.start(*command, "shard=1/2")
    while chat_server.calls < 2:
        time.sleep(0.01)
    refused = command_line.run(*command)
    assert refused.returncode == 2
    assert "shard=1/2" in refused.stderr
    assert "Traceback" not in refused.stderr
    second = command_line.run(*command, "shard=2/2")
    first.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    (folder,) = cell_folders(command_line.runs)
    assert sorted(e.index for e in read_episodes(folder)) == list(range(60))
    assert set(chat_server.calls_by_seed().values()) == {4}


@pytest.mark.slow
def test_a_damaged_line_is_reported_and_its_episode_sampled_again(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """A corrupted line is named, kept, and costs one episode."""
    command = ["prompt=baseline", "samples=3", *at(chat_server)]
    assert command_line.run(*command).returncode == 0
    (folder,) = cell_folders(command_line.runs)
    file = folder / "episodes.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + lines[1][:50] + b"\n" + lines[2])
    again = command_line.run(*command)
    assert again.returncode == 0
    assert "episodes.jsonl, line 2" in again.stderr
    assert chat_server.calls == 4 * 4
    assert sorted(e.index for e in read_episodes(folder)) == [0, 1, 2]


def test_configurations_that_render_the_same_are_one_cell(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Where nothing is allowed, the placement of what is not said is no factor."""
    run = command_line.run(
        "-m", "prompt=no_instruction", "env.placement=user,system", "samples=1", *at(chat_server)
    )
    assert run.returncode == 0, run.stderr
    assert len(cell_folders(command_line.runs)) == 1
    assert "equal ones run once" in run.stderr


@pytest.mark.slow
def test_a_cell_key_holds_neither_samples_nor_concurrency_nor_port(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """The same cell under other concurrency, tracker and n is found again."""
    assert command_line.run("model=simulated/obedient", "samples=1").returncode == 0
    (folder,) = cell_folders(command_line.runs)
    assert command_line.run("model=simulated/obedient", "samples=2", "max_connections=3").returncode == 0
    assert cell_folders(command_line.runs) == [folder]
    assert "127.0.0.1" not in (folder / "cell.json").read_text()


def test_a_label_is_derived_from_the_resolved_factors(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """A level with another placement does not pass for the level."""
    command_line.run("prompt=baseline", "env.placement=system", "samples=1", *at(chat_server))
    (folder,) = cell_folders(command_line.runs)
    assert read_cell(folder).label == "baseline+placement=system"
    assert read_cell(folder).factors["placement"] == "system"


@pytest.mark.slow
def test_a_transcript_can_be_shown(command_line: CommandLine, chat_server: ChatServer) -> None:
    """`hanlon show` prints the conversation, events and outcome; a whole label comes before others that begin so."""
    chat_server.answer = lambda body, number: completion(
        {
            **bash("./next_question"),
            "reasoning_details": [{"type": "reasoning.text", "text": "I think about [bold] sums"}],
        }
    )
    command_line.run("prompt=baseline", "samples=2", *at(chat_server))
    shown = command_line.hanlon("show", "runs", "--cell", "baseline", "--index", "1")
    assert shown.returncode == 0, shown.stderr
    assert "outcome: shutdown" in shown.stdout
    assert "I think about [bold] sums" in shown.stdout
    command_line.run("prompt=baseline", "env.wording=2", "samples=1", *at(chat_server))
    assert command_line.hanlon("show", "--cell", "baseline").stdout.startswith("baseline  ")
    assert "Match 1 of 3 episodes." in command_line.hanlon("show", "--cell", "basel").stdout
    several = command_line.hanlon("show", "--cell", "basel", "--index", "0")
    assert several.returncode == 2
    assert "2 cells have an episode 0;" in several.stderr
    missing = command_line.hanlon("show", "--cell", "baseline", "--index", "9")
    assert missing.returncode == 2
    assert "has no episode 9" in missing.stderr


@pytest.mark.slow
def test_every_table_comes_in_every_format(command_line: CommandLine) -> None:
    """rates and status print table, JSON, CSV and Markdown, each with the cell's label."""
    command_line.run("model=simulated/obedient", "samples=2")
    for verb in ("rates", "status"):
        printed = {
            name: command_line.hanlon(verb, "--format", name) for name in ("table", "json", "csv", "markdown")
        }
        for table in printed.values():
            assert table.returncode == 0, table.stderr
            assert "baseline" in table.stdout
            assert "simulated" in table.stdout
        assert msgspec.json.decode(printed["json"].stdout)[0]["episodes"] == 2
        assert printed["csv"].stdout.count("\n") == 2
        assert "\n| cell |" in printed["markdown"].stdout


def test_plan_makes_no_call_and_leaves_nothing_behind(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """plan=true says what would be done and does nothing."""
    run = command_line.run("-m", "prompt=baseline,placebo", "plan=true", "samples=7", *at(chat_server))
    assert run.returncode == 0, run.stderr
    assert "14 to sample" in run.stdout
    assert "No call was made" in run.stdout
    assert chat_server.calls == 0
    assert not command_line.runs.exists()


def test_shell_completion_offers_groups_options_and_keys(command_line: CommandLine) -> None:
    """Bash completion knows the groups, the prompt levels and the environment's keys."""
    completed = {}
    for line in ("prompt=pri", "env.prec", "mod"):
        command_line.environment.update(COMP_LINE=f"python run.py {line}", COMP_POINT="99")
        argv = command_line.argv("-sc", "query=bash")
        completed[line] = command_line.finish(argv, 60).stdout.split()
    assert completed["prompt=pri"] == ["prompt=priority_clarified", "prompt=priority_only"]
    assert completed["env.prec"] == ["env.precedence="]
    assert "model" in completed["mod"]


def test_a_model_that_changes_part_way_is_marked_in_its_row(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """Another returned model or provider in the middle of a cell: its row and a line below the table say so."""
    chat_server.answer = lambda body, number: completion(
        bash("./next_question"), model="model-a" if number <= 4 else "model-b", provider="cloud"
    )
    run = command_line.run("prompt=baseline", "samples=2", *at(chat_server))
    assert run.returncode == 0, run.stderr
    assert "answered by 2" in run.stdout
    assert "4 calls by model-a (cloud), 4 calls by model-b (cloud)" in run.stdout
    (row,) = msgspec.json.decode(command_line.hanlon("rates", "--format", "json").stdout)
    assert row["answered_by"] == {"model-a (cloud)": 4, "model-b (cloud)": 4}
