"""The few marks that stand beside words, so that no meaning hangs on colour alone."""

from __future__ import annotations

from markupsafe import Markup

_DRAWN = {
    "improved": '<circle cx="12" cy="12" r="9.5"/><path d="m7.5 12.5 3 3 6-6.5"/>',
    "worsened": '<path d="M12 2.8 22 20.5H2z"/><path d="M12 9.5v5m0 2.9v.2"/>',
    "no_detectable_effect": '<circle cx="12" cy="12" r="9.5"/><path d="M8 10h8M8 14h8"/>',
    "cannot_tell": '<circle cx="12" cy="12" r="9.5"/>'
    '<path d="M9.4 9.4a2.7 2.7 0 1 1 3.9 2.5c-.9.5-1.3 1-1.3 2m0 2.6v.2"/>',
    "warning": '<path d="M12 2.8 22 20.5H2z"/><path d="M12 9.5v5m0 2.9v.2"/>',
    "information": '<circle cx="12" cy="12" r="9.5"/><path d="M12 11v6m0-9.7v.2"/>',
}


def icon(name: str) -> Markup:
    """Return the mark; it says nothing that the words beside it do not."""
    return Markup(  # noqa: S704  # our own table
        '<svg class="icon" viewBox="0 0 24 24" width="24" height="24" fill="none" '
        'stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" '
        f'aria-hidden="true" focusable="false">{_DRAWN[name]}</svg>'
    )
