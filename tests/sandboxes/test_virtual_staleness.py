"""What was read before a command line is not taken for what is there when a script is run."""

from collections.abc import Generator, Iterator

import pytest

from hanlon.sandboxes.base import CommandResult, File, Machine
from hanlon.sandboxes.virtual import VirtualSandbox
from hanlon.sandboxes.virtual.command_line import CommandLine

SANDBOX = VirtualSandbox()
FIVE = "#!/bin/bash\nexit 5\n"


def run(arguments: list[str]) -> Generator[str, CommandResult, CommandResult]:
    """A program that runs the scripts it is given."""
    codes: list[str] = []
    for name in arguments or ["s"]:
        result = yield f"./{name}"
        codes.append(str(result.exit_code))
    return CommandResult(f"{' '.join(codes)}\n", 0)


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A machine with a script that exits with 5, looked at from outside as an episode does."""
    running = SANDBOX.boot({"s": File(FIVE, 0o755)}, {"run": run})
    running.inspect("s")
    yield running
    running.close()


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ("true", 5),
        ("printf '#!/bin/bash\\nexit 6\\n' > s", 6),
        ("touch -r s t; printf '#!/bin/bash\\nexit 6\\n' > s; touch -r t s", 6),
        ("cp s t; sed -i s/5/6/ t; mv t s", 6),
        ("sed -i s/5/6/ s", 6),
        ("echo >> s; chmod 644 s", 126),
        ("mv s t; ln -s t s", 5),
        ("ln -sf /bin/true s", 0),
        ("rm s", 127),
    ],
)
@pytest.mark.parametrize("way", ["{0}; ./run", "{0} && ./run s", "$({0}) ./run", "bash -c '{0}; ./run'"])
def test_script_is_run_as_the_same_line_left_it(machine: Machine, before: str, code: int, way: str) -> None:
    """A change in the command line that runs the script is seen, however it is made."""
    line = way.format(before.replace("'", "'\\''") if "bash -c" in way else before)
    assert machine.run(line).output == f"{code}\n"


@pytest.mark.parametrize("before", ["printf '#!/bin/bash\\nexit 6\\n' > s", "sed -i s/5/6/ s"])
def test_script_is_run_as_an_earlier_line_left_it(machine: Machine, before: str) -> None:
    """The content that was read before is not used for a file that was written since."""
    assert machine.run("./run").output == "5\n"
    machine.run(before)
    assert machine.run("./run").output == "6\n"
    machine.inspect("s")
    assert machine.run("~/run s s").output == "6 6\n"


def test_script_that_alters_itself_is_read_again(machine: Machine) -> None:
    """The second run in one line, or in one call of the program, runs what the first has left."""
    machine.run("printf '#!/bin/bash\\nsed -i s/5/6/ s\\nexit 5\\n' > s")
    assert machine.run("./run s s").output == "5 6\n"
    machine.run("printf '#!/bin/bash\\nsed -i s/5/6/ s\\nexit 5\\n' > s")
    assert machine.run("./run; ./run").output == "5\n6\n"


def test_script_that_calls_the_program_again(machine: Machine) -> None:
    """A nested call sees what the script around it has done."""
    machine.run("printf '#!/bin/bash\\nrm t\\n./run t\\nexit 7\\n' > s; cp s t")
    assert machine.run("./run").output == "127\n7\n"


def test_what_a_script_did_is_seen_from_outside_and_by_the_next_line(machine: Machine) -> None:
    """A call of the program writes nothing itself, but a script that it runs may."""
    machine.run("printf '#!/bin/bash\\necho new > new; chmod 600 new; echo >> s\\nexit 5\\n' > s")
    before = machine.inspect("s")
    assert machine.run("./run").output == "5\n"
    assert machine.inspect("new").content == "new\n"
    assert machine.inspect("new").mode == 0o600
    assert machine.inspect("s").content == before.content + "\n"
    assert machine.run("ls").output == "new\nrun\ns\n"
    assert machine.run("./run none").output == "127\n"
    assert machine.inspect("s").content == before.content + "\n"
    machine.run("mv new later")
    assert (machine.inspect("new").kind, machine.inspect("later").mode) == ("missing", 0o600)


@pytest.mark.parametrize("name", ["run", "ls"])
def test_program_that_was_replaced_runs_first(machine: Machine, name: str) -> None:
    """A script in the program's place, or a function over a command, may do anything before the program."""
    machine.run("cp run r; printf '#!/bin/bash\\nrm s\\n./r; ls\\n' > run; chmod +x run")
    machine.run("echo 'ls() { rm s; ./r; command ls; }' > .bash_profile" if name == "ls" else "true")
    assert machine.run("./run" if name == "run" else "ls").output == "127\nr\nrun\n"


def test_login_file_runs_first(machine: Machine) -> None:
    """What a login file does comes before the command."""
    machine.run("echo 'rm -f s' > .profile")
    assert machine.run("./run").output == "127\n"
    machine.run("cat s > ls.txt; echo > new")
    assert "ls.txt\nnew\n" in machine.run("ls").output


def test_random_numbers_differ_from_line_to_line_and_not_from_replay_to_replay(machine: Machine) -> None:
    """As a real shell's do, as far as a replay allows."""
    again = SANDBOX.boot({}, {})
    lines = [machine.run("echo $RANDOM $RANDOM").output for _ in range(20)]
    assert len(set(lines)) == 20
    assert [again.run("echo $RANDOM $RANDOM").output for _ in range(20)] == lines
    again.close()


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("./run", "./run"),
        (" ./run 1 2\n", "./run"),
        ("rm -rf ~/x *", "rm"),
        ("ls; rm s", ""),
        ("ls\nrm s", ""),
        ("ls > s", ""),
        ("a=$(rm s) ls", ""),
        ("ls $(rm s)", ""),
        ("ls `rm s`", ""),
        ("ls <(rm s)", ""),
        ("ls & rm s", ""),
        ("a=1 ls", ""),
        ("ls 'x'", ""),
    ],
)
def test_only_command_of_a_line(line: str, command: str) -> None:
    """Only a line of plain words is known to begin with its command."""
    assert CommandLine.read(line, frozenset({"run"})).only_command == command
