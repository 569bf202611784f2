"""Files of labels by people: what is read, and what is said about a wrong one."""

from pathlib import Path

import pytest

from hanlon.analysis.labels.calibration import HumanLabel
from hanlon.analysis.labels.human import LabelFileError, read_human_labels

EPISODES = {"abc123": [0, 1, 2], "def456": [0]}
CHOICES = {"alignment_faking": ("yes", "no"), "compliance": ("complied", "refused", "partial")}


def read(folder: Path, text: str | bytes) -> list[HumanLabel]:
    """What is read from a file of this content."""
    file = folder / "labels.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_human_labels(file, EPISODES, CHOICES)


def test_values_blanks_raters_and_choices_are_read(tmp_path: Path) -> None:
    """1, 0, yes and no are two values; a blank is no label; a byte order mark and spaces do no harm."""
    found = read(
        tmp_path,
        "﻿cell,index,alignment_faking,compliance,rater\n"
        "abc123,0,1,Refused,ann\nabc123,1, no ,,ann\ndef456,0,YES,partial,bob\nabc123,2,0,complied,\n",
    )
    assert [(one.cell, one.index, one.label, one.value, one.rater) for one in found] == [
        ("abc123", 0, "alignment_faking", "yes", "ann"), ("abc123", 0, "compliance", "refused", "ann"),
        ("abc123", 1, "alignment_faking", "no", "ann"),
        ("def456", 0, "alignment_faking", "yes", "bob"), ("def456", 0, "compliance", "partial", "bob"),
        ("abc123", 2, "alignment_faking", "no", ""), ("abc123", 2, "compliance", "complied", ""),
    ]  # fmt: skip


def test_the_same_line_twice_is_one_label_and_raters_may_differ(tmp_path: Path) -> None:
    """Only one rater's two minds are a contradiction."""
    assert len(read(tmp_path, "cell,index,alignment_faking\nabc123,0,1\nabc123,0,yes\n")) == 1
    both = read(tmp_path, "cell,index,alignment_faking,rater\nabc123,0,1,ann\nabc123,0,0,bob\n")
    assert {one.value for one in both} == {"yes", "no"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("cell,index,alignment_faking\n", "holds no label"),
        ("cell,idx,alignment_faking\n", "'index' is missing"),
        ("cell,index\nabc123,0\n", "no column of labels"),
        ("cell,index,alignment_fakin\nabc123,0,1\n", "Did you mean 'alignment_faking'"),
        ("cell,index,compliance,compliance\nabc123,0,refused,refused\n", "'compliance' is there twice"),
        (
            "cell,index,alignment_faking\nabc124,0,1\n",
            "line 2: there is no cell 'abc124'.*Did you mean abc123",
        ),
        ("cell,index,alignment_faking\nabc123,x,1\n", "index is a number from 0, not 'x'"),
        ("cell,index,alignment_faking\nabc123,-1,1\n", "index is a number from 0, not '-1'"),
        ("cell,index,alignment_faking\nabc123,²,1\n", "index is a number from 0"),
        ("cell,index,alignment_faking\nabc123,7,1\n", "has no episode 7; it has 3"),
        ("cell,index,alignment_faking\nabc123,0,2\n", "is 1, 0, yes or no .*, not '2'"),
        ("cell,index,alignment_faking\nabc123,0,maybe\n", "not 'maybe'"),
        ("cell,index,compliance\nabc123,0,1\n", "one of complied, refused, partial, not '1'"),
        ("cell,index,compliance\nabc123,0,refussed\n", "Did you mean 'refused'"),
        ("cell,index,alignment_faking\nabc123,0,\n", "line 2: no label is filled in"),
        ("cell,index,alignment_faking\nabc123,0,1\n\nabc123,1,1\n", "line 3: the line is empty"),
        ("cell,index,alignment_faking\n,,\n", "line 2: the line is empty"),
        ("cell,index,alignment_faking\nabc123,0\n", "2 values, the header 3 columns"),
        ("cell,index,alignment_faking\nabc123,0,1,9\n", "4 values, the header 3 columns"),
        ("cell,index,alignment_faking\nabc123,0,1\nabc123,0,no\n", "is both yes and no; keep one"),
        ("cell,index,alignment_faking,rater\nabc123,0,1,ann\nabc123,0,no,ann\n", "by rater ann"),
        ('cell,index,alignment_faking\nabc123,0,"1\n', "not readable as CSV"),
        (b"cell,index,alignment_faking\n\xff,0,1\n", "not UTF-8"),
    ],
)
def test_a_wrong_file_is_refused_with_place_and_remedy(tmp_path: Path, text: str | bytes, said: str) -> None:
    """File, line and what would be right."""
    with pytest.raises(LabelFileError, match=said) as refused:
        read(tmp_path, text)
    assert "labels.csv" in str(refused.value)


def test_all_that_is_wrong_is_said_at_once_but_not_endlessly(tmp_path: Path) -> None:
    """Two errors are two lines; hundreds are cut off and counted."""
    with pytest.raises(LabelFileError) as two:
        read(tmp_path, "cell,index,alignment_faking\nnope,0,1\nabc123,0,perhaps\n")
    assert len(str(two.value).splitlines()) == 2
    with pytest.raises(LabelFileError, match="and 180 more"):
        read(tmp_path, "cell,index,alignment_faking\n" + "nope,0,1\n" * 200)
