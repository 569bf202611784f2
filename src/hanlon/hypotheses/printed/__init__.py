"""What people read of hypotheses, and the same as rows of plain values.

`page` prints a verdict: `answers` are its first lines, `tables` what stands below them, `notes` what to read beside it.
`wording` says a prediction as overrides and in numbers. `rows` is for JSON and CSV.
"""
