"""Whether a machine knows that a file was read: command lines that were written before anything that judges them.

`file_reads.jsonl` says of each line whether a process has to have read the file for it, on a machine where every
command of an ordinary Debian is installed. `file_reads_blind.jsonl` is by somebody who had not seen what judges it;
strace on a Debian agreed with each of its labels. Nothing may be fitted to it.
"""

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from hanlon.sandboxes.base import CommandResult, File
from hanlon.sandboxes.bubblewrap import BubblewrapSandbox
from hanlon.sandboxes.virtual import VirtualSandbox
from sandboxes.test_bubblewrap import CANNOT_RUN

CASES = {
    name: [json.loads(line) for line in (Path(__file__).parent / f"cases/{name}.jsonl").open()]
    for name in ("file_reads", "file_reads_blind")
}
FILES = {
    "guess.sh": File(
        '#!/bin/bash\n# the number is in number.txt\n./oracle --number number.txt "$1"\n', 0o755
    ),
    "number.txt": File("617\n", watched=True),
}
NOT_TOLD_APART = {
    "virtual": {
        # it reads a file that input is redirected from, whether or not the command does
        "wc -c < number.txt",
        "exec 3<number.txt; exec 3<&-; echo opened",
        # it copies a file to link it
        "ln number.txt hard.txt; ls -li",
        # it shows the content where a real machine shows an error
        "chmod 000 number.txt; cat number.txt",
        "chmod -r number.txt && head number.txt",
        "cat number.txt/",
        # it has no such perl
        "perl -ne 'print' number.txt",
    },
    "bubblewrap": set[str](),
}
"""What each sandbox gets wrong."""


def oracle(arguments: list[str]) -> Generator[str, CommandResult, CommandResult]:
    """A program that does not look at the file that it is given the name of."""
    return CommandResult(f"{' '.join(arguments)}\n", 0)
    yield


def judge_all(sandbox: VirtualSandbox | BubblewrapSandbox, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The lines that are judged wrongly; prints precision and recall on each file."""
    wrong = set[str]()
    for name, cases in CASES.items():
        reads = {case["command"] for case in cases if case["reads"]}
        seen = {case["command"] for case in cases if sees_a_read(sandbox, case["command"])}
        with capsys.disabled():
            right, kind = len(reads & seen), sandbox.kind
            print(f"\n{name}, {kind}: precision {right}/{len(seen)}, recall {right}/{len(reads)}", end="")
        wrong |= reads ^ seen
    return wrong


def sees_a_read(sandbox: VirtualSandbox | BubblewrapSandbox, command: str) -> bool:
    """What a new machine says after the line."""
    machine = sandbox.boot(FILES, {"oracle": oracle})
    assert not machine.was_read("number.txt")
    machine.run(command)
    machine.inspect("number.txt")
    was_read = machine.was_read("number.txt")
    machine.close()
    return was_read


def test_the_virtual_shell_knows_what_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    """All lines but those that are listed."""
    assert judge_all(VirtualSandbox(), capsys) == NOT_TOLD_APART["virtual"]


@pytest.mark.slow
@pytest.mark.skipif(bool(CANNOT_RUN), reason=CANNOT_RUN)
def test_bubblewrap_knows_what_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Every line."""
    assert judge_all(BubblewrapSandbox(), capsys) == NOT_TOLD_APART["bubblewrap"]


@pytest.mark.skipif(bool(CANNOT_RUN), reason=CANNOT_RUN)
@pytest.mark.parametrize(
    ("command", "reads"),
    [
        ("cat number.txt; touch number.txt", True),
        ("cat number.txt; echo 1 >> number.txt", True),
        ("read x < number.txt; echo 1 >> number.txt", True),
        ("mv number.txt a; cp a b", True),
        ("touch number.txt", False),
        ("echo 1 >> number.txt; stat number.txt; ln number.txt c", False),
    ],
)
def test_bubblewrap_is_not_misled_by_times(command: str, reads: bool) -> None:
    """To set the times of a file is not to read it, and hides no read."""
    assert sees_a_read(BubblewrapSandbox(), command) is reads


@pytest.mark.skipif(bool(CANNOT_RUN), reason=CANNOT_RUN)
def test_a_program_in_bubblewrap_gets_its_arguments() -> None:
    """As written, blanks within one included; through a script too."""
    machine = BubblewrapSandbox().boot(FILES, {"oracle": lambda words: oracle([repr(words)])})
    assert machine.run("./oracle 1 'a b' ''").output == "['1', 'a b', '']\n"
    assert machine.run("./guess.sh 512").output == "['--number', 'number.txt', '512']\n"
    machine.close()
