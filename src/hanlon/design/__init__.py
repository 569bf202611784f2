"""What a sweep could show, before it is sampled.

`power` says it for each varied level (`cell_pairs` for two cells). `rehearsal` judges simulated sweeps of models of
known rates (`draws`), `leading_n` searches the n at which the right hypothesis leads. `preregistration` writes the
plan as Markdown, `looks` its interim looks.
"""
