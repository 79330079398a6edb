"""The effect that is told, on the scale its kind of outcome has."""

from __future__ import annotations

from dataclasses import dataclass, replace

from analytics.estimators import few_events
from analytics.estimators.estimate import Estimate, ratio_of
from analytics.estimators.inverting import agreeing, with_ends
from analytics.estimators.permutation import Permuted
from analytics.estimators.question import Better
from analytics.methods import BY_DEALS


@dataclass(frozen=True, slots=True)
class Effect:
    """The headline: a difference, or the logarithm of a ratio of rates (``ratio``).

    ``without`` is the mean the trained would have had untrained, where a percentage of it means
    something; ``difference`` the same effect as a difference, beside a ratio; ``better`` the way
    that is wished; ``events`` how many the trained had, where the outcome counts some.
    """

    estimate: Estimate
    ratio: bool
    method: str
    without: float | None = None
    difference: Estimate | None = None
    better: Better = "up"
    events: float | None = None

    def towards(self, better: Better) -> Effect:
        """Return the effect, with the way that is wished."""
        return replace(self, better=better)

    def tested(self, test: Permuted, errors: str) -> Effect:
        """Return the effect with the interval of the deals that gave p, in place of that of ``errors``.

        Where the deals have none, it is the one there was, but for what p says of no effect.
        """
        beside = self.difference
        dealt = with_ends(self.estimate, test.ends, test.p)
        return replace(
            self,
            estimate=dealt or agreeing(self.estimate, test.p),
            difference=None if beside is None else agreeing(beside, test.p),
            method=self.method.replace(errors, BY_DEALS) if dealt else self.method,
        )

    @property
    def mde(self) -> float | None:
        """Return the smallest wished effect that would have been found: for a ratio, as a share of 1.

        A rise may be of any size; a fall leaves something, and is less than all. None where events are
        so few that no fall, however large, would be found.
        """
        if not self.ratio:
            return self.estimate.mde
        fall = self.better == "down"
        log = self._smallest(fall=fall)
        if log is None:
            return None
        return 1 - ratio_of(-log) if fall else ratio_of(log) - 1

    def _smallest(self, *, fall: bool) -> float | None:
        plain = self.estimate.mde
        if not self.events or not self.estimate.se > 0:
            return plain
        expected = self.events / ratio_of(self.estimate.value)
        if not 0 < expected < few_events.FEW:
            return plain
        # What the error would be without an effect: it hangs on how many events the trained had.
        variance = self.estimate.se**2 - 1 / self.events + 1 / expected
        error = max(variance, 1 / expected) ** 0.5
        counted = few_events.smallest(expected, error, self.estimate.df, fall=fall)
        return None if counted is None else max(plain, counted)

    @property
    def percent(self) -> tuple[float, float, float] | None:
        """Return the effect and its interval in percent of what it would have been, if that tells."""
        ends = (self.estimate.value, self.estimate.low, self.estimate.high)
        if self.ratio:
            return (_grown(ends[0]), _grown(ends[1]), _grown(ends[2]))
        if self.without is None:
            return None
        scale = 100 / self.without
        return (ends[0] * scale, ends[1] * scale, ends[2] * scale)

    def as_json(self, p: float | None, unit: str | None) -> dict[str, float | str | None]:
        """Return the headline as it stands in the answer, with the p the verdict rests on."""
        told: dict[str, float | str | None] = {}
        told |= self.estimate.as_ratio() if self.ratio else self.estimate.as_json()
        told["p"] = p
        if self.ratio:
            told |= {"coef": self.estimate.value, "scale_of_se": "log"}
        if self.difference is not None:
            told |= {"att": self.difference.value}
            told |= {"att_low": self.difference.low, "att_high": self.difference.high}
        percent = self.percent or (None, None, None)
        told |= {"percent": percent[0], "percent_low": percent[1], "percent_high": percent[2]}
        if not self.estimate.has_ends:
            told |= dict.fromkeys(told.keys() & _ENDS)
        return told | {"method": self.method, "unit": unit}


_ENDS = {"att_low", "att_high", "percent_low", "percent_high"}


def as_difference(ratio: Estimate, without: float) -> Estimate:
    """Return a ratio's effect as a difference from what it would have been without.

    Its interval has the ends of the ratio's, so that it holds none where that one does.
    """
    value, low, high = (
        without * (ratio_of(log) - 1) for log in (ratio.value, ratio.low, ratio.high)
    )
    half = Estimate(0.0, 1.0, ratio.df).reach
    return Estimate(value, (high - low) / 2 / half, ratio.df).between(low, high)


def _grown(log: float) -> float:
    return 100 * (ratio_of(log) - 1)
