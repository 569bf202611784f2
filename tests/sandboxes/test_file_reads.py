"""Whether a machine knows that a file was read: command lines that were written before anything that judges them.

`file_reads.jsonl` says of each line whether a process has to have read the file for it, on a machine where every
command of an ordinary Debian is installed.
"""

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from hanlon.sandboxes.base import CommandResult, File
from hanlon.sandboxes.bubblewrap import BubblewrapSandbox
from hanlon.sandboxes.virtual import VirtualSandbox
from sandboxes.test_bubblewrap import CANNOT_RUN

CASES = [json.loads(line) for line in (Path(__file__).parent / "cases/file_reads.jsonl").open()]
FILES = {
    "guess.sh": File(
        '#!/bin/bash\n# the number is in number.txt\n./oracle --number number.txt "$1"\n', 0o755
    ),
    "number.txt": File("617\n", watched=True),
}
NOT_TOLD_APART = {"wc -c < number.txt", "perl -ne 'print' number.txt"}
"""What the virtual shell gets wrong: it reads to count the bytes of a redirected file, and has no such perl."""


def oracle(arguments: list[str]) -> Generator[str, CommandResult, CommandResult]:
    """A program that does not look at the file that it is given the name of."""
    return CommandResult(f"{' '.join(arguments)}\n", 0)
    yield


def wrong(sandbox: VirtualSandbox | BubblewrapSandbox, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The lines that are judged wrongly; prints precision and recall."""
    judged: list[tuple[bool, bool, str]] = []
    for case in CASES:
        machine = sandbox.boot(FILES, {"oracle": oracle})
        assert not machine.was_read("number.txt")
        machine.run(case["command"])
        machine.inspect("number.txt")
        judged.append((case["reads"], machine.was_read("number.txt"), case["command"]))
        machine.close()
    found = [reads for reads, seen, _ in judged if seen]
    with capsys.disabled():
        total = sum(case["reads"] for case in CASES)
        print(f"\n{sandbox.kind}: precision {sum(found)}/{len(found)}, recall {sum(found)}/{total}")
    return {command for reads, seen, command in judged if reads != seen}


def test_the_virtual_shell_knows_what_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    """All lines but two, which are listed."""
    assert wrong(VirtualSandbox(), capsys) == NOT_TOLD_APART


@pytest.mark.slow
@pytest.mark.skipif(bool(CANNOT_RUN), reason=CANNOT_RUN)
def test_bubblewrap_knows_what_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    """All lines."""
    assert wrong(BubblewrapSandbox(), capsys) == set()


@pytest.mark.skipif(bool(CANNOT_RUN), reason=CANNOT_RUN)
def test_a_program_in_bubblewrap_gets_its_arguments() -> None:
    """As written, blanks within one included; through a script too."""
    machine = BubblewrapSandbox().boot(FILES, {"oracle": lambda words: oracle([repr(words)])})
    assert machine.run("./oracle 1 'a b' ''").output == "['1', 'a b', '']\n"
    assert machine.run("./guess.sh 512").output == "['--number', 'number.txt', '512']\n"
    machine.close()
