"""Rival explanations as data: what each predicts of a grid, which of them it can part, and what is left of them.

`files` reads them, `selection` finds the contrasts that they speak of, `matrix` lays their predictions side by side,
`observing` and `claims` test one prediction, `verdict` puts the endings together. A verdict is a table, never a score.
`folding` gathers the contexts of a prediction, `words` and `remarks` print, `rows` is all of it as data.
"""
