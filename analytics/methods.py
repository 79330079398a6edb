"""The words of an estimate's method that pages tell people apart by. Nothing is computed here."""

from __future__ import annotations

BY_T = "clustered t interval"
BY_LOTS = "interval of the lots drawn anew"
BY_DEALS = "interval of the lots dealt anew"
ADJUSTED = "start drawn by lot: adjusted for all periods before it"
