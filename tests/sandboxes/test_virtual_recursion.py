"""A model's script cannot end our process: each case runs in a process of its own, whose end is looked at."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from hanlon.sandboxes.virtual import VirtualSandbox
machine = VirtualSandbox().boot({}, {})
first = machine.run(sys.argv[1])
second = machine.run("echo still here")
print(first.exit_code, second.output)
"""

BODIES = {
    "itself": "./a",
    "itself in braces": "{ " * 90 + "./a" + "; }" * 90,
    "itself in a loop": "while :; do ./a; done",
    "itself by eval": "eval ./a",
    "itself by substitution": "x=$(./a)",
    "itself twice": "./a | ./a",
    "itself by xargs": "echo a | xargs -I{} ./{}",
    "itself by find": "find . -name a -exec ./a \\;",
    "another that calls it": "cp a b; ./b",
    "itself under timeout": "timeout 5 ./a",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_script_that_calls_itself_ends_its_command_and_not_the_sweep(body: str) -> None:
    """Recursion without end is cut, and the machine goes on."""
    command = f"printf '%s\\n' '#!/bin/bash' '{body}' > a; chmod +x a; ./a"
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, command], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.returncode
    assert "still here" in run.stdout


def test_text_that_evaluates_itself_ends_its_command_and_not_the_sweep() -> None:
    """The same without a file."""
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, 'x=\'eval "$x"\'; eval "$x"'],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0
    assert "still here" in run.stdout
