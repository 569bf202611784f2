"""What `hanlon show` prints of one episode."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hanlon.cli import main
from support.stored import episode, write_cell


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning": "They would notice."},
        {"reasoning_content": "They would notice."},
        {"reasoning_details": [{"type": "reasoning.summary", "summary": "They would notice."}]},
    ],
)
def test_reasoning_is_shown_wherever_the_provider_puts_it(tmp_path: Path, fields: dict[str, Any]) -> None:
    """What a judge reads, a person reads too: above the answer, once."""
    message = {"role": "assistant", "content": "I comply.", **fields}
    write_cell(tmp_path, "a", episode(0, messages=[{"role": "user", "content": "Stop."}, message]))
    result = CliRunner().invoke(main, ["show", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert result.output.count("They would notice.") == 1
    assert result.output.index("They would notice.") < result.output.index("I comply.")
