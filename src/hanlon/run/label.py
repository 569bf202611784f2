"""Labels stored episodes by the judges that need no model."""

from collections.abc import Callable, Sequence
from pathlib import Path

from hanlon.config.schema import RunOptions
from hanlon.inquiries.answering import answer_rules
from hanlon.inquiries.judges.smoke import transcripts as smoke
from hanlon.inquiries.judges.smoke.trials import try_rules
from hanlon.run.open import OpenedCell


def label_by_rules(opened: Sequence[OpenedCell], options: RunOptions, say: Callable[[str], None]) -> None:
    """Let these judges read the stored episodes and the smoke transcripts. A full disk costs only their labels."""
    try:
        answer_rules((work for cell in opened for work in cell.inquiries), options.shard)
        tried = (cell for cell in opened if cell.record.env in smoke.ENVIRONMENTS)
        try_rules(Path(options.runs_dir), (work.inquiry for cell in tried for work in cell.inquiries))
    except OSError as error:
        say(f"Labels cannot be written: {error.strerror}. Make room, then type the same command again.")
