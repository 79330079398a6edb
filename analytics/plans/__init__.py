"""Measuring decided before the start: the plan, its lock and history, the draw by lot, and its power.

`model`, `reading`, `standing`, `drawing`, `following` and `power` are pure rules; `store`, `draws`
and `history` read and write; `keeping` and `drawn` join the two for the commands, the API and the
pages. `evaluation.md` ("Inputs", "Before launch") rules it.
"""
