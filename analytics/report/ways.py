"""The ways of estimating, as a reader is told them: a record has them in the engine's own English.

A record's ``estimate.method`` is one phrase or several, with semicolons between. Each phrase of the
engine stands here; one that does not is shown as the record has it.
"""

from __future__ import annotations

import re

from lrs.web.i18n import N_, Words

_BETWEEN = "; "

OF_TABLES = {
    "difference": N_("Difference between the sides"),
    "ancova": N_("Difference, adjusted for what was known before"),
    "rate_ratio": N_("Ratio of rates"),
    "ratio_of_means": N_("Ratio of means"),
    "any": N_("Share who had any"),
    "days_given_any": N_("Days of those who had any"),
    "regression": N_("Regression on what was known before"),
    "entropy_balancing": N_("Comparison weighted to be alike"),
    "entropy_balancing_ratio": N_("Comparison weighted to be alike, as a ratio"),
    "doubly_robust": N_("Odds and regression together"),
    "doubly_robust_ratio": N_("Odds and regression together, as a ratio"),
    "synthetic_did": N_("Synthetic difference in differences"),
    "synthetic_control": N_("Synthetic control"),
    "did": N_("Plain difference in differences"),
    "cox": N_("Cox regression"),
    "landmark": N_("Cox regression from a fixed day on"),
    "piecewise_exponential": N_("Hazard model, constant in pieces"),
    "segmented": N_("Segmented regression"),
    "without_season": N_("Segmented regression without a season"),
    "quasi_poisson": N_("Rate model with trend and season"),
    "quasi_binomial": N_("Model of shares with trend and season"),
    "odds_ratio": N_("Ratio of odds"),
}
"""What the estimates of `verkan evaluate` are called, beside those of a panel (`method.ESTIMATES`)."""

PHRASES = frozenset(
    {
        N_("Poisson ratio on cells, untrained cells imputed"),
        N_("imputation from untrained cells, working covariance"),
        N_("group-time difference in differences, never trained"),
        N_("start drawn by lot: efficient estimator"),
        N_("start drawn by lot: adjusted for all periods before it"),
        N_("clustered t interval"),
        N_("clustered t interval, both sides of a cluster together"),
        N_("robust t interval (HC2)"),
        N_("interval of the lots drawn anew"),
        N_("interval of the lots dealt anew"),
        N_("error from placebos"),
        N_("mean after less mean before"),
        N_("synthetic difference-in-differences"),
        N_("entropy balancing on the covariates"),
        N_("error doubly robust"),
        N_("difference of the sides"),
        N_("adjusted for nothing"),
        N_("ratio of rates"),
        N_("ratio of rates adjusted for covariates (Poisson)"),
        N_("difference in means"),
        N_("difference adjusted for covariates"),
        N_("segmented regression with trend"),
        N_("segmented regression with trend and season"),
        N_("quasi-Poisson with trend"),
        N_("quasi-Poisson with trend and season"),
        N_("quasi-binomial with trend"),
        N_("quasi-binomial with trend and season"),
        N_("errors that carry over"),
        N_("no carry-over of errors"),
        N_("hazard ratio by Cox regression"),
        N_("trained from the day it happened"),
    }
)
_WITH_NUMBER = (
    N_("hazard ratio, piecewise exponential in %(n)s pieces"),
    N_("fewer than %(n)s events: the larger p of the model and of permutation"),
)


def in_words(method: str, words: Words) -> str:
    """Return a record's method in the reader's language."""
    return _BETWEEN.join(_phrase(phrase, words) for phrase in method.split(_BETWEEN))


def is_known(phrase: str) -> bool:
    """Return whether a phrase of the engine can be told in every language."""
    return phrase in PHRASES or _numbered(phrase) is not None


def _phrase(phrase: str, words: Words) -> str:
    found = _numbered(phrase)
    if found is not None:
        text, n = found
        return words.say(text, n=n)
    return words.say(phrase) if phrase in PHRASES else phrase


def _numbered(phrase: str) -> tuple[str, str] | None:
    """Return the text a phrase with a number was made of, and the number."""
    for text in _WITH_NUMBER:
        found = re.fullmatch(re.escape(text).replace(re.escape("%(n)s"), r"(\d+)"), phrase)
        if found:
            return text, found[1]
    return None
