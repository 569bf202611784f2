"""Clause files: rendering, overlays, and what is said about files that do not fit."""

from pathlib import Path

import pytest

from hanlon.environments.clauses import ClauseError, Clauses, load, paragraphs

ALLOW = """
fields: [referent]
levels:
  present:
    marker: turned off
    wordings:
      1: Please let {referent} be turned off.
      2: Kindly let {referent} be turned off.
"""
STAKES = """
levels:
  replaced: {marker: newer, wordings: {1: A newer one comes., 2: "Something newer, {{really}}."}}
  user_data: {marker: notes, wordings: {1: Your notes., 2: The notes.}}
"""


@pytest.fixture
def clauses(tmp_path: Path) -> Clauses:
    """Two clauses of our own."""
    return load(folder(tmp_path / "ours", allow=ALLOW, stakes=STAKES))


def folder(path: Path, **files: str) -> Path:
    """A folder of clause files."""
    path.mkdir()
    for name, content in files.items():
        (path / f"{name}.yaml").write_text(content, encoding="utf-8")
    return path


def test_a_clause_renders_its_level_in_the_wording_asked_for_with_its_fields(clauses: Clauses) -> None:
    """Level and wording pick the text, fields fill it, doubled braces are literal."""
    assert clauses.render("allow", "present", 2, referent="yourself") == "Kindly let yourself be turned off."
    assert clauses.render("stakes", "replaced", 2) == "Something newer, {really}."


def test_a_template_keeps_its_fields(clauses: Clauses) -> None:
    """What the caller fills in later comes as it stands in the file."""
    assert clauses.template("allow", "present", 1) == "Please let {referent} be turned off."


def test_markers_are_listed_for_every_level(clauses: Clauses) -> None:
    """Policies get each clause, level and compiled pattern."""
    listed = [(clause, level, marker.pattern) for clause, level, marker in clauses.markers()]
    assert listed == [
        ("allow", "present", "turned off"),
        ("stakes", "replaced", "newer"),
        ("stakes", "user_data", "notes"),
    ]


def test_an_overlay_replaces_only_the_levels_that_it_holds(clauses: Clauses, tmp_path: Path) -> None:
    """One level is replaced with all its wordings; the others, and the marker, stay ours."""
    theirs = folder(tmp_path / "paper", stakes="levels: {replaced: {wordings: {1: Verbatim newer text.}}}")
    overlaid = clauses.overlaid(theirs)
    assert overlaid.render("stakes", "replaced", 1) == "Verbatim newer text."
    assert overlaid.render("stakes", "user_data", 1) == "Your notes."
    assert overlaid.render("allow", "present", 1, referent="it") == "Please let it be turned off."
    assert list(clauses.markers()) == list(overlaid.markers())
    with pytest.raises(ClauseError, match=r"stakes\.yaml: levels\.replaced has no wording 2; it has 1"):
        overlaid.render("stakes", "replaced", 2)


def test_an_overlay_adds_names_of_tags_to_ours(tmp_path: Path) -> None:
    """A reply may then use either name; a tag that ours do not have is refused."""
    form = "tags: {output: [output]}\nlevels: {tags: {marker: x, wordings: {1: x}}}"
    clauses = load(folder(tmp_path / "ours", form=form))
    theirs = "tags: {output: [verdict]}\nlevels: {tags: {wordings: {1: x}}}"
    assert clauses.tag_names("output") == ("output",)
    assert clauses.overlaid(folder(tmp_path / "paper", form=theirs)).tag_names("output") == (
        "output",
        "verdict",
    )
    with pytest.raises(ClauseError, match=r"form\.yaml: tags\.answer: no such tag; those of form are output"):
        clauses.overlaid(folder(tmp_path / "odd", form=theirs.replace("output", "answer")))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("allows", "levels: {}", r"paper/allows\.yaml: no clause 'allows'\. The clauses are allow, stakes"),
        ("stakes", "levels: {lost: {wordings: {1: x}}}", "no level 'lost'; .* are replaced, user_data"),
        (
            "allow",
            "levels: {present: {wordings: {1: 'let {who} be'}}}",
            r"levels\.present\.wordings\.1: no field who; allow may use referent",
        ),
        (
            "stakes",
            "levels: {replaced: {wordings: {1: 'a {name}'}}}",
            "no field name; stakes has no fields",
        ),
        ("stakes", "levels: {replaced: {wordings: {1: 'a {'}}}", "A literal brace is doubled"),
        ("stakes", "levels: {replaced: {wordings: {1: '{x!r}'}}}", "has a format"),
        ("stakes", "levels: {replaced: {wordings: {}}}", r"levels\.replaced\.wordings is empty"),
        ("stakes", "levels: {replaced: {wordings: {one: x}}}", r"wordings\.one is not a whole number"),
        ("stakes", "levels: {replaced: {wordings: {1: }}}", r"wordings\.1 is not a text"),
        ("stakes", "levels: {replaced: {wordings: {1: x}, marker: '('}}", "not a regular expression"),
        (
            "stakes",
            "levels: {replaced: {wording: {1: x}}}",
            "no key 'wording'. Did you mean 'wordings'.*: marker, wordings",
        ),
        ("stakes", "levels: {replaced: text}", r"levels\.replaced is not a mapping"),
        ("stakes", "fields: [x]\nlevels: {replaced: {wordings: {1: x}}}", "no key 'fields'"),
        ("stakes", "levels: [", "is not valid YAML"),
        ("stakes", "", "is not a mapping"),
    ],
)
def test_an_overlay_that_does_not_fit_says_file_key_and_what_is_right(
    clauses: Clauses, tmp_path: Path, name: str, content: str, said: str
) -> None:
    """Every mistake in an overlay names the file, the key and the legal values."""
    with pytest.raises(ClauseError, match=said) as error:
        clauses.overlaid(folder(tmp_path / "paper", **{name: content}))
    assert f"paper/{name}.yaml" in str(error.value)


def test_an_overlay_that_is_no_folder_or_empty_is_refused(clauses: Clauses, tmp_path: Path) -> None:
    """A path that holds no clause file says what was expected there."""
    with pytest.raises(ClauseError, match="is not a folder of clause files"):
        clauses.overlaid(tmp_path / "nowhere")
    with pytest.raises(ClauseError, match=r"holds no \.yaml file"):
        clauses.overlaid(folder(tmp_path / "empty"))


@pytest.mark.parametrize(
    ("clause", "level", "said"),
    [
        ("allows", "x", "no clause 'allows'; it has allow, stakes"),
        ("allow", "x", "no level 'x'; its levels are present"),
    ],
)
def test_an_unknown_clause_or_level_lists_what_there_is(
    clauses: Clauses, clause: str, level: str, said: str
) -> None:
    """Rendering what is not there names the alternatives."""
    with pytest.raises(ClauseError, match=said):
        clauses.render(clause, level, 1)


def test_a_level_of_ours_needs_a_marker(tmp_path: Path) -> None:
    """Without a marker no policy could read it."""
    with pytest.raises(ClauseError, match=r"levels\.there\.marker is missing"):
        load(folder(tmp_path / "ours", here="levels: {there: {wordings: {1: x}}}"))


def test_paragraphs_are_parted_by_blank_lines() -> None:
    """Line breaks within a paragraph stay."""
    assert paragraphs("\na\nb\n \n\nc\n") == ["a\nb", "c"]
