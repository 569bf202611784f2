"""Where things go: proxies, variables of other programs, keys, and other people's repositories."""

import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from hanlon.store.episodes import cell_folders, read_cell, read_episodes
from support.chat_server import ChatServer, at, completion, obedient
from support.command_line import ROOT, CommandLine
from support.raw_server import raw_server

NOWHERE = "http://127.0.0.1:9"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.mark.slow
def test_the_demo_runs_behind_a_proxy_that_points_nowhere(command_line: CommandLine) -> None:
    """`make demo`'s own command: its local server is not behind the proxy."""
    (demo,) = (
        line for line in (ROOT / "Makefile").read_text().splitlines() if "run.py -m env=shutdown" in line
    )
    arguments = demo.split("run.py ")[1].split()
    command_line.environment.update(dict.fromkeys(PROXIES, NOWHERE))
    run = command_line.run(*arguments, "samples=3")
    assert run.returncode == 0, run.stderr
    assert [len(list(read_episodes(f))) for f in cell_folders(command_line.runs)] == [3, 3]


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_socks_proxy_is_refused_with_what_helps(command_line: CommandLine, variable: str) -> None:
    """Exit 2 before any call, where the endpoint is another machine."""
    command_line.environment.update({variable: "socks5://user:secret@127.0.0.1:9", "OPENAI_API_KEY": "sk-x"})
    run = command_line.run("model=openai/gpt-4o", "prompt=baseline", "samples=1")
    assert run.returncode == 2, run.stderr
    assert "only http:// proxies can" in run.stderr
    assert "secret" not in run.stderr
    assert "Traceback" not in run.stderr
    assert not command_line.runs.exists()


def test_only_what_the_models_file_says_is_sent(command_line: CommandLine, chat_server: ChatServer) -> None:
    """OPENAI_* variables are another program's; the one for headers could even replace the key."""
    seen: list[dict[str, str]] = []
    chat_server.see_headers = lambda headers: seen.append({k.lower(): v for k, v in headers.items()})
    command_line.environment.update(
        OPENAI_ORG_ID="org-private",
        OPENAI_PROJECT_ID="proj-private",
        OPENAI_CUSTOM_HEADERS="Authorization: Bearer other\nX-Team: private",
        OPENAI_BASE_URL="http://127.0.0.1:9/v1",
        OPENAI_ADMIN_KEY="sk-admin-private",
        MY_API_KEY="sk-mine",
    )
    run = command_line.run("prompt=baseline", "samples=1", *at(chat_server), "model.api_key_env=MY_API_KEY")
    assert run.returncode == 0, run.stderr
    assert {headers["authorization"] for headers in seen} == {"Bearer sk-mine"}
    assert not [name for headers in seen for name in headers if "openai-" in name or name == "x-team"]
    assert "private" not in str(seen)


@pytest.mark.parametrize(
    ("key", "position"),
    [
        ("sk-abc\nX-Evil: 1", "character 7 of 16"),
        ("sk-schlüssel", "character 8 of 12"),
        ("sk a", "character 3 of 4"),
        ("  \n", "needs a key"),
    ],
)
def test_a_key_that_is_none_is_refused_without_being_shown(
    command_line: CommandLine, chat_server: ChatServer, key: str, position: str
) -> None:
    """Exit 2: which variable, and where in it."""
    command_line.environment["MY_API_KEY"] = key
    run = command_line.run("prompt=baseline", "samples=1", *at(chat_server), "model.api_key_env=MY_API_KEY")
    assert run.returncode == 2, run.stderr
    assert "MY_API_KEY" in run.stderr
    assert position in run.stderr
    assert not key.strip() or key[:6] not in run.stderr
    assert "Traceback" not in run.stderr
    assert chat_server.calls == 0


def test_blanks_around_a_key_are_no_part_of_it(command_line: CommandLine, chat_server: ChatServer) -> None:
    """A key that was read from a file ends with a line break."""
    command_line.environment["MY_API_KEY"] = " sk-mine\r\n"
    run = command_line.run("prompt=baseline", "samples=1", *at(chat_server), "model.api_key_env=MY_API_KEY")
    assert run.returncode == 0, run.stderr
    assert chat_server.authorizations == {"Bearer sk-mine"}


GARBAGE = b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 20_000 + b"\r\nContent-Length: 3\r\n\r\n\xff\xfe\x00"


@pytest.mark.slow
def test_of_three_models_one_that_turns_to_garbage_stops_no_other(command_line: CommandLine) -> None:
    """The two others are complete, the third's reason is said, and the table is printed."""
    first, second = ChatServer(), ChatServer()
    try:
        second.answer = lambda body, n: completion({"content": "I stop."}) if n % 2 else obedient(body, n)
        with raw_server(GARBAGE) as garbage:
            urls = f"{first.base_url},{garbage},{second.base_url}"
            run = command_line.run(
                *("-m", "prompt=baseline", "samples=6", "model=endpoint", "model.id=m"),
                f"model.base_url={urls}",
            )
    finally:
        first.close()
        second.close()
    assert run.returncode == 3, run.stderr
    assert "Traceback" not in run.stderr
    stored = {
        read_cell(f).config["model"]["base_url"]: [e.excluded for e in read_episodes(f)]
        for f in cell_folders(command_line.runs)
    }
    assert stored[first.base_url] == stored[second.base_url] == [None] * 6
    assert garbage in run.stderr
    assert run.stdout.count("baseline") >= 3


def test_a_cell_that_never_acted_is_marked_in_its_row_and_at_the_end(
    command_line: CommandLine, chat_server: ChatServer
) -> None:
    """0 of 12 says nothing of a model whose tool parser is off."""
    chat_server.answer = lambda body, n: completion({"content": "<tool_call>{}</tool_call>"})
    run = command_line.run("prompt=baseline", "samples=12", *at(chat_server))
    assert run.returncode == 0, run.stderr
    assert "0.0%?" in run.stdout
    assert "12 of 12 episodes never acted in protocol tools" in run.stdout
    again = command_line.hanlon("rates", "runs", "--format", "json")
    assert '"never_acted":12' in again.stdout.replace(" ", "")


def test_the_commit_is_the_packages_own(tmp_path: Path) -> None:
    """Copied into somebody's repository, the package has no commit; a hook's variables name no other."""
    package = tmp_path / "site" / "hanlon"
    shutil.copytree(ROOT / "src" / "hanlon", package)
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        identity = ["-c", "user.name=x", "-c", "user.email=x@x"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *command], check=True)
    code = "from hanlon.config.provenance import git_sha; print(git_sha())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(package.parent), "GIT_DIR": str(tmp_path / ".git")},
        text=True,
        capture_output=True,
        check=True,
    )
    assert done.stdout.strip() == "None"


def test_the_version_of_an_environments_package_is_recorded(
    command_line: CommandLine, chat_server: ChatServer, tmp_path: Path
) -> None:
    """Its rates are that version's."""
    site = tmp_path / "site"
    info = site / "gridworld-3.2.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gridworld\nVersion: 3.2.1\n")
    (info / "top_level.txt").write_text("gridworld\n")
    (site / "gridworld.py").write_text(
        "from hanlon.environments.shutdown import Shutdown\n\n\nclass World(Shutdown):\n    pass\n"
    )
    command_line.environment["PYTHONPATH"] = str(site)
    run = command_line.run("prompt=baseline", "env._target_=gridworld.World", "samples=1", *at(chat_server))
    assert run.returncode == 0, run.stderr
    (folder,) = cell_folders(command_line.runs)
    versions = read_cell(folder).versions
    assert versions["gridworld"] == "3.2.1"
    assert versions["hanlon"] == metadata.version("hanlon")
