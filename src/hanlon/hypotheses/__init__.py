"""Rival explanations as data: what each predicts of a grid, which of them it can part, and what is left of them.

In the order of use: `files` reads hypotheses and controls into what `schema` says they are; `selection` finds the
contrasts that they speak of, `matrix` lays their predictions side by side. `registered` says what a sweep wrote down
before its first call, `reading` loads the sweep and judges it: `observing` and `claims` test one prediction, `gates`
reads the controls, `verdict` puts the endings together. A verdict is a table, never a score.
`expected/` is what a sweep could show, before it is sampled; `printed/` what people read, and the same as data.
"""
