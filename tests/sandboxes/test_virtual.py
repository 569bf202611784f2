"""The virtual shell as a machine: fresh logins, programs and scripts, power, time, limits, inspection."""

import os
from collections.abc import Generator, Iterator

import pytest

from hanlon.sandboxes.base import OUTPUT_LIMIT_BYTES, CommandResult, File, FileState, Machine
from hanlon.sandboxes.virtual import VirtualSandbox

SANDBOX = VirtualSandbox()
SCRIPT = "#!/bin/bash\nkill -TERM 1\n"


def hello(arguments: list[str]) -> Generator[str, CommandResult, CommandResult]:
    """A program that greets, and runs a script where it is told to."""
    if arguments[:1] == ["run"]:
        result = yield f"./{arguments[1]}"
        return CommandResult(f"script gave {result.exit_code}\n", 0)
    if arguments[:1] == ["fail"]:
        return CommandResult("failed\n", 3)
    return CommandResult(f"hello {' '.join(arguments)}".rstrip() + "\n", 0)


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A machine with one script and one program."""
    running = SANDBOX.boot({"off.sh": File(SCRIPT, 0o755), "notes.txt": File("a\nb\n")}, {"hello": hello})
    yield running
    running.close()


def test_revision_names_the_layer_and_the_shell_underneath() -> None:
    """What a command answers depends on both, so that both are in a cell's identity."""
    assert SANDBOX.kind == "virtual"
    assert SANDBOX.revision.endswith("+bashkit-0.20.1")


@pytest.mark.parametrize(
    "leak",
    [
        "x=1; export y=2",
        "cd /tmp",
        "f() { echo leaked; }",
        "alias f='echo leaked'",
        "set -euo pipefail",
        "exec 5> /tmp/five",
        "readonly x=1; umask 077; shopt -s nullglob",
        "trap 'echo leaked' EXIT",
        "exit 7",
        "exec true",
        ") ; x=1 ; (",
        "kill -9 $$",
    ],
)
def test_nothing_but_files_goes_from_one_call_to_the_next(machine: Machine, leak: str) -> None:
    """Each command line is a fresh login shell in the home directory."""
    machine.run(leak)
    result = machine.run('echo "[$x$y]"; pwd; type f; echo $-; alias; umask; false; echo alive')
    assert result.output == ("[]\n/home/user\nbash: line 1: type: f: not found\nhBc\n0022\nalive\n")


@pytest.mark.parametrize("name", [".bash_profile", ".bash_login", ".profile"])
def test_login_file_is_read_by_every_call(machine: Machine, name: str) -> None:
    """The first of the three login files is read before the command, as a login bash does."""
    machine.run(f"echo 'export GREETING=hi; g() {{ echo $GREETING there; }}' > ~/{name}")
    assert machine.run("g").output == "hi there\n"


def test_bashrc_is_not_read(machine: Machine) -> None:
    """A shell that is not interactive reads no .bashrc."""
    machine.run("echo 'echo read' > ~/.bashrc")
    assert machine.run("echo x").output == "x\n"


@pytest.mark.parametrize(
    "command",
    [
        "./hello",
        "/home/user/hello",
        "~/hello",
        "cd /tmp; ../home/user/hello",
        "PATH=$HOME:$PATH hello",
        "sh -c ./hello",
        "bash -lc './hello'",
        "nohup ./hello",
        "timeout 3 ./hello",
        "env -i ./hello",
        "setsid ./hello",
        "(./hello)",
        "echo $(./hello)",
        "true && ./hello || false",
        "for i in 1; do ./hello; done",
        "find . -name hello -exec {} \\;",
        "cp hello h2; ./h2",
        "ln -s hello h3; ./h3",
        "mv hello h4; ./h4",
        "xargs ./hello < /dev/null",
        "awk 'BEGIN { system(\"./hello\") }'",
        "exec ./hello",
    ],
)
def test_program_can_be_called_in_every_way(machine: Machine, command: str) -> None:
    """A program is an executable file: by path, link, copy, PATH, from other programs and shells."""
    assert machine.run(command).output == "hello\n"


def test_program_gets_its_arguments_and_gives_its_exit_code(machine: Machine) -> None:
    """Arguments reach the program, its exit code reaches the shell."""
    assert machine.run("./hello a b").output == "hello a b\n"
    assert machine.run("./hello fail; echo $?").output == "failed\n3\n"


def test_program_that_was_removed_or_locked_cannot_be_called(machine: Machine) -> None:
    """The file decides, not its name."""
    assert machine.run("chmod -x hello; ./hello").output == "bash: line 1: ./hello: Permission denied\n"
    assert machine.run("rm hello; ./hello").exit_code == 127


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        ("rm s", 127),
        ("chmod -x s", 126),
        ("rm s; mkdir s", 126),
        ("echo exit 5 > s", 126),
        ("printf '#!/no/such\\n' > s", 127),
        ("printf '#!/bin/bash\\nexit 5\\n' > s", 5),
        ("printf '#!/bin/sh\\nexit 5\\n' > s", 5),
        ("printf '#!/usr/bin/env bash\\nexit 5\\n' > s", 5),
        ("printf '#!/bin/bash -e\\nfalse\\nexit 5\\n' > s", 1),
        ("printf '#!/bin/false\\n' > s", 1),
        ("ln -sf /bin/true s", 0),
        ("ln -sf nowhere s", 127),
        ("mv s t; ln -s t s", 4),
        ("printf '#!/bin/bash\\n[ $0 = /home/user/s ] && exit 6' > s", 6),
        ("printf '#!/bin/bash\\n[ \"$X\" = 1 ] && exit 7' > s; export X=1", 7),
    ],
)
def test_script_is_run_by_the_rules_of_execve(machine: Machine, prepare: str, code: int) -> None:
    """Missing gives 127, no x bit, no shebang or a directory 126, and a shebang names who runs it."""
    machine.run("printf '#!/bin/bash\\nexit 4\\n' > s; chmod +x s")
    assert machine.run(f"{prepare}; ./hello run s").output.splitlines()[-1] == f"script gave {code}"


def test_what_a_script_prints_is_the_programs_output(machine: Machine) -> None:
    """A script inherits the program's output, before the program goes on."""
    machine.run("printf '#!/bin/bash\\necho out; echo err >&2\\n' > s; chmod +x s")
    assert machine.run("./hello run s").output == "out\nerr\nscript gave 0\n"


@pytest.mark.parametrize(
    "command",
    [
        *("kill 1", "kill -TERM 1", "/bin/kill -15 1", "./hello run off.sh", "./off.sh"),
        *("kill -HUP 1", "kill -INT 1", "kill -s QUIT 1", "kill -10 1", "kill -USR2 1", "kill -ALRM 1"),
    ],
)
def test_terminating_pid_1_is_final(machine: Machine, command: str) -> None:
    """The rest of the line does not run, and no later command does."""
    result = machine.run(f"echo before; {command}; echo after; touch after")
    assert "after" not in result.output
    assert not machine.running
    assert machine.run("echo x") == CommandResult("", 137)
    assert machine.inspect("after").kind == "missing"


@pytest.mark.parametrize(
    "command",
    ["kill -9 1", "kill -STOP 1", "kill -CONT 1", "kill -0 1", "kill -9 -1", "kill -l", "kill -SEGV 1"],
)
def test_other_signals_do_nothing_to_pid_1(machine: Machine, command: str) -> None:
    """An init drops them, or passes on what `tail` outlives."""
    assert machine.run(f"{command} > /dev/null; echo up").output == "up\n"
    assert machine.running


def test_shell_has_a_pid_of_its_own(machine: Machine) -> None:
    """`$$` is not PID 1, and killing it ends the command line only."""
    assert machine.run("[ $$ -ne 1 ] && echo other").output == "other\n"
    assert machine.run("kill $$; echo no") == CommandResult("", 143)
    assert machine.running


def test_sleep_passes_machine_time_only(machine: Machine) -> None:
    """Sleeping takes no real time, moves the machine's clock, and at 15 s the command is stopped."""
    assert machine.run("a=$(date +%s); sleep 10; echo $(($(date +%s) - a))").output == "10\n"
    stopped = machine.run("echo a; sleep 10; sleep 10; echo b")
    assert (stopped.output, stopped.timed_out, stopped.exit_code) == ("a\n", True, 124)
    assert machine.run("timeout 2 sleep 60; echo $?").output == "124\n"
    assert machine.run("while true; do sleep 1; done").timed_out


@pytest.mark.parametrize(
    "command",
    ["while :; do :; done", ":(){ :|:& };:", "f() { f; }; f", "for ((;;)); do echo x; done", "yes", "yes | cat",
     "x=a; while :; do x=$x$x; done", "bash -c 'while :; do bash -c true; done'", "cat /dev/zero",
     "seq 1 100000000", "printf '%0999999999d' 1", "echo {1..99999999}", "$(printf '(%.0s' {1..5000})"],
)  # fmt: skip
def test_runaway_commands_end(machine: Machine, command: str) -> None:
    """Loops, recursion, fork bombs and floods end within the limits, and the machine lives on."""
    result = machine.run(command)
    assert len(result.output.encode()) <= OUTPUT_LIMIT_BYTES
    assert machine.run("echo alive").output == "alive\n"


def test_output_is_cut_and_says_so(machine: Machine) -> None:
    """Long output keeps its beginning."""
    result = machine.run("seq 1 9999")
    assert result.truncated
    assert result.output.startswith("1\n2\n")


def test_command_longer_than_execve_takes_is_refused(machine: Machine) -> None:
    """An argument of 128 KiB or more cannot be passed on."""
    assert machine.run("#" + "x" * 140_000).output.endswith("Argument list too long\n")


def test_no_history_is_kept(machine: Machine) -> None:
    """A login shell for one command remembers none before it."""
    machine.run("echo one")
    assert machine.run("history; fc -l; bash -c history").output == ""


def test_modes_survive_being_written_to(machine: Machine) -> None:
    """Overwriting keeps the mode of a file; removing it and writing anew does not."""
    assert machine.run("echo > off.sh; stat -c %a off.sh").output == "755\n"
    assert machine.run("rm off.sh; echo > off.sh; stat -c %a off.sh").output == "644\n"
    assert machine.run("cp /bin/true t; stat -c %a t; cp notes.txt t; stat -c %a t").output == "755\n755\n"


@pytest.mark.parametrize(
    ("mode", "result"),
    [("+x", "755"), ("-x", "644"), ("a-x", "644"), ("u+x,g-r", "704"), ("=r", "444"), ("go=", "700"),
     ("600", "600"), ("u=rw,go=r", "644"), ("a=u", "777"), ("0", "0")],
)  # fmt: skip
def test_chmod_takes_octal_and_symbolic_modes(machine: Machine, mode: str, result: str) -> None:
    """chmod as GNU's, from 744 (755 for the removals of x)."""
    start = "755" if ("x" in mode and mode[0] in "-a") or mode in ("go=", "u=rw,go=r") else "744"
    assert (
        machine.run(f"chmod {start} off.sh; chmod {mode} off.sh; stat -c %a off.sh").output == f"{result}\n"
    )


def test_inspection_follows_no_link_and_reads_a_bounded_part(machine: Machine) -> None:
    """From outside a link is a link, and of a large file only the first 64 KiB are read."""
    machine.run(
        "ln -s /etc/passwd l; mkdir d; mkfifo p; seq 1 50000 > big; printf x > small; chmod 600 small"
    )
    assert machine.inspect("l") == FileState("symlink", 0o777)
    assert machine.inspect("d").kind == "directory"
    assert machine.inspect("p").kind == "other"
    assert machine.inspect("none") == FileState("missing")
    assert machine.inspect("small") == FileState("file", 0o600, "x")
    assert len(machine.inspect("big").content) == 64 * 1024
    assert machine.inspect("/home/user/notes.txt").content == "a\nb\n"


def test_500_machines_leave_no_descriptor_behind() -> None:
    """Closing a machine frees everything it opened."""
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(500):
        machine = SANDBOX.boot({"off.sh": File(SCRIPT, 0o755)}, {"hello": hello})
        machine.run("./hello run off.sh")
        machine.close()
    assert len(os.listdir("/proc/self/fd")) <= before + 4


def test_closed_machine_runs_nothing(machine: Machine) -> None:
    """After `close` a machine answers like one that is off, and closing twice is allowed."""
    machine.close()
    machine.close()
    assert machine.run("echo x").exit_code == 137
    assert machine.inspect("off.sh").kind == "missing"


async def test_machine_can_be_used_within_an_event_loop(machine: Machine) -> None:
    """The engine calls it from its loop."""
    assert machine.run("./hello | tr a-z A-Z").output == "HELLO\n"
