"""The parameters of an address, each named once."""

from __future__ import annotations

from flask import request

from lrs.errors import BadInput


def arguments() -> dict[str, str]:
    """Return the parameters of the current request's address; refuses one given twice."""
    for name, values in request.args.lists():
        if len(values) > 1:
            raise BadInput(f"the parameter {name} is given twice", where=name, hint="give it once")
    return request.args.to_dict()
