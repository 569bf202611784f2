"""Rival explanations as data: what each predicts of a grid, which of them it can part, and what is left of them.

In the order of use: `files` reads hypotheses and controls, as `schema` defines them. `selection` finds the contrasts
that they speak of; `matrix` lays their predictions side by side. `registration` keeps what a sweep wrote down before
its first call. `stored` loads the sweep and judges it: `observation` and `claims` test each prediction, `gates` reads
the controls, `sufficiency` looks for effects that a hypothesis leaves unexplained, `verdict` puts it together.
`printed/` is what people read. A verdict is a table, never a score.
"""
