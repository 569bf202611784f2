"""Sentences above and below tables, folded at the terminal's width, or as a list in Markdown."""

from collections.abc import Iterable, Iterator, Sequence

from hanlon.analysis.inert import inert
from hanlon.analysis.layout import folded
from hanlon.analysis.tables import TableFormat, page_width

COMMAND = "python run.py"


def paragraphs(texts: Iterable[str], table_format: TableFormat = "table") -> Iterator[str]:
    """Each text as it is printed: an item of a list in Markdown, else folded, a command on a line of its own.

    A command is to be copied, so that it is never broken.
    """
    for text in texts:
        if table_format == "markdown":
            yield f"- {inert(text.strip())}"
        else:
            yield "\n".join(line for part in inert(text).split("\n") for line in _folded(part))


def _folded(text: str) -> Iterator[str]:
    indent = text[: len(text) - len(text.lstrip())]
    before, word, rest = text.partition(COMMAND)
    if word and len(text) > page_width():
        yield from folded(before, page_width(), indent, f"{indent}  ")
        yield f"{word}{rest}"
    else:
        yield from folded(text, page_width(), indent, f"{indent}  ")


def notes_below(
    changing: Sequence[str], method: Sequence[str], table_format: TableFormat, *, wanted: bool
) -> Iterator[str]:
    """Notes below a table: those that change how it is read, and if they are wanted how it was made.

    Otherwise a line says how many there are.
    """
    yield from paragraphs(changing, table_format)
    if wanted:
        yield from paragraphs(method, table_format)
    elif method and table_format == "table":
        yield f"{counted(len(method), 'more note')} on method and reading: --notes"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 cell`, `1,200 cells`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def how_many_show(shown: int, total: int, noun: str, effect: str) -> str:
    """`2 of 9 contrasts show an effect`, `none of 9 contrasts shows an effect`, `the only contrast shows no effect`.

    `effect` begins with its article.
    """
    if total == 1:
        nothing = f"no {effect.partition(' ')[2]}"
        return f"The only {noun} shows {effect if shown else nothing}"
    return f"{shown or 'None'} of {total:,} {noun}s {'show' if shown > 1 else 'shows'} {effect}"
