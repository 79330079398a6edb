"""How seldom Python looks for garbage where statements come by the thousand."""

from __future__ import annotations

import gc


def look_seldom() -> None:
    """A batch is thousands of small objects that live for a moment and hold no circles: looking for
    circles among them every 700 objects took a quarter of the time that its rules take.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
