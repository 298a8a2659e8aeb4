"""Bounds of shares and rates: exact ones, which hold for any sample size (Clopper and Pearson 1934; Garwood 1936)."""

from __future__ import annotations

from scipy.stats import beta, chi2

_CONFIDENCE = 0.95


def lower(hits: int, trials: int) -> float:
    """Return the lower one-sided 95 % bound of a share."""
    return 0.0 if hits == 0 else float(beta.ppf(1 - _CONFIDENCE, hits, trials - hits + 1))


def upper_rate(count: int, exposure: float) -> float:
    """Return the upper one-sided 95 % bound of a rate, of `count` cases in `exposure`."""
    return float(chi2.ppf(_CONFIDENCE, 2 * (count + 1)) / 2 / exposure)
