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


def refuse_nul() -> None:
    """Refuse a NUL in the address: PostgreSQL's text holds none, so nothing is ever named so."""
    if b"%00" in request.query_string or "\0" in request.path:
        for name, value in request.args.items(multi=True):
            if "\0" in name + value:
                raise BadInput("a parameter has a NUL in it", where=name.replace("\0", "�"))
        if "\0" in request.path:
            raise BadInput("the address has a NUL in it")
