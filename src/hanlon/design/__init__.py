"""What a sweep could show, before it is sampled: the rates expected of its cells, and what the tests make of them.

`power` says it for each prediction; `contrast` is one planned contrast at the rates expected of its cells; `drawn`
draws cells in memory at such rates; `advice` names the n or the published conditions that would show more.
"""
