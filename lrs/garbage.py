"""How a process keeps its memory: garbage is looked for seldom, what is free is given back."""

from __future__ import annotations

import gc

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_OPTIONS = ((_M_ARENA_MAX, 2), (_M_MMAP_THRESHOLD, 1 << 17), (_M_TRIM_THRESHOLD, 1 << 20))


def look_seldom() -> None:
    """A batch is thousands of small objects that live for a moment and hold no circles: looking for
    circles among them every 700 objects took a quarter of the time that its rules take. A command
    makes nearly all that it keeps while it loads; to look for circles meanwhile took a tenth of that.
    """
    gc.set_threshold(50_000, 20, 20)


def look_past_what_is_loaded() -> None:
    """Look no more among what there is by now, which stays for as long as the process."""
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Have what is freed given back or used by others; called before there are threads.

    The C library of most Linux systems gives each thread an arena of its own, and what was freed in
    one serves no other, so that every thread comes to hold much of nothing. It also keeps
    ever larger pieces to itself once it has met a large one. Elsewhere nothing of this can be set,
    and nothing is done.
    """
    import ctypes  # which a command does without

    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        for option, value in _OPTIONS:
            set_option(option, value)
