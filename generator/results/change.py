"""How much of a variant's quality the change cost: the same samples, answered twice."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import special

from generator.core.protocol import CONFIDENCE
from generator.core.record import Observations, VariantRecord
from generator.results.estimate import Estimate, Interval, mean


def paired_change(variant: Sequence[float], baseline: Sequence[float]) -> Estimate:
    """Difference of two proportions over the same samples, variant minus baseline.

    The interval is Bonett and Price's: it keeps its level on few samples, and does not shrink to nothing when no
    answer changed. Source: D. G. Bonett, R. M. Price, "Adjusted Wald confidence interval for a difference of binomial
    proportions based on paired data", Journal of Educational and Behavioral Statistics 37 (2012), 479-488.
    """
    count = len(variant)
    gained = sum(v > b for v, b in zip(variant, baseline, strict=True))
    lost = sum(v < b for v, b in zip(variant, baseline, strict=True))
    up, down = (gained + 1) / (count + 2), (lost + 1) / (count + 2)
    z = float(special.ndtri(1 - (1 - CONFIDENCE) / 2))
    half = z * math.sqrt((up + down - (up - down) ** 2) / (count + 2))
    centre = up - down
    return Estimate((gained - lost) / count, Interval(max(-1.0, centre - half), min(1.0, centre + half)), count)


def quality_change(variant: VariantRecord, baseline: VariantRecord, metric: str) -> Estimate | None:
    """Change of a metric against another variant; None where either did not measure it on the same samples.

    Both answered the same samples, so what one sample's difficulty does to both falls out of the difference: one of
    shares for a proportion, else the mean of the samples' differences. A maximum has none, and a BLEU no sample's.
    """
    ours, theirs = _observed(variant, metric), _observed(baseline, metric)
    if not ours or not theirs or len(ours.values) != len(theirs.values) or "maximum" in (ours.kind, theirs.kind):
        return None
    if ours.kind == "proportion":
        return paired_change(ours.values, theirs.values)
    return mean([v - b for v, b in zip(ours.values, theirs.values, strict=True)])


def _observed(variant: VariantRecord, metric: str) -> Observations | None:
    return next((one for one in variant.quality if one.metric == metric and one.values), None)
