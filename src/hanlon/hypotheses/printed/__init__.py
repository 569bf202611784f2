"""What people read of hypotheses: tables, lines and notes, and the same as rows of plain values.

`report` is the whole of `hanlon verdict`: `verdict_tables` for each model, with its `notes` and `missing_controls`.
`folding` makes one line of a prediction's contexts, `prediction_text` says it. `matrix_tables` shows what is predicted
before anything is sampled; `separation` says which rivals a grid cannot part, `overrides` what to sweep that would.
"""
