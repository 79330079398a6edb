"""One module a design: each takes a spec and its table, and returns an answer.

A module has ``KEYS``, the keys of the spec that it reads beside the common ones, and
``answer(spec, provenance) -> dict``. A new design is a new module and a row in `analytics.evaluate`.
"""
