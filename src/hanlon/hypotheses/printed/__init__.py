"""What people read of hypotheses, and the same as rows of plain values.

`tables` prints a verdict and `notes` what to read beside it; `folding` makes one line of a prediction's contexts,
`wording` says it. `matrix` shows what is predicted before anything is sampled. `rows` is for JSON and CSV.
"""
