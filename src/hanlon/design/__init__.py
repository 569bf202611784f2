"""What a sweep could show, before it is sampled.

`power` says it for each prediction: `planned_contrast` simulates one contrast, `two_rates` two independent cells,
`draws` draws cells in memory. `rehearsal` judges many simulated sweeps of scripted policies, `least_n` searches the n
that they need. `preregistration` writes the plan as Markdown.
"""
