"""Sentences that are right for every verdict, because the record writes their direction."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from generator.core.definition import Scenario
from generator.core.record import Failure
from generator.results.caveat import Caveat
from generator.results.change import quality_change
from generator.results.comparison import Comparison, Verdict
from generator.results.estimate import Estimate, Interval
from generator.results.findings import VariantFindings, WorkloadFindings, accuracy_metric, agreement_metric
from generator.results.quality import GATE_SHARE, Gate, Quality, skill
from generator.words.language import NO_BREAK, SMALLEST_PLAIN, Language, decimals_of, ratio_decimals
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases


def negated(estimate: Estimate) -> Estimate:
    """The estimate of minus the quantity."""
    interval = Interval(-estimate.interval.high, -estimate.interval.low)
    return Estimate(-estimate.point, interval, estimate.count, estimate.level)


def inverted(estimate: Estimate) -> Estimate:
    """The estimate of one over a ratio: a speedup of 0.5 is a slowdown by a factor of 2."""
    interval = Interval(1 / estimate.interval.high, 1 / estimate.interval.low)
    return Estimate(1 / estimate.point, interval, estimate.count, estimate.level)


def bound(estimate: Estimate) -> float:
    """How far a ratio's interval reaches from 1, as a share."""
    return max(abs(estimate.interval.low - 1), abs(estimate.interval.high - 1))


_PARENTHESES = re.compile(r"\([^)]*\)")

NEGLIGIBLE = 0.001
"""A change of less than this share of an error or a score is told as such, and not in its digits."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """What is said in one language, as plain text; pages escape it."""

    phrases: Phrases
    scenario: Scenario = Scenario.SINGLE_STREAM
    """What speed means: latency, samples per second, or queries per second."""

    @property
    def language(self) -> Language:
        """The language."""
        return self.phrases.language

    def comparison(
        self, found: Comparison | None, variant: str, against: str, reason: str = "", interval: bool = True
    ) -> str:
        """One sentence on the speed of two variants, as plain text.

        Args:
            found: the comparison; None when it was not measured.
            variant: title of the one.
            against: title of the other.
            reason: why it was not measured.
            interval: whether the interval follows the number; where it is drawn, it need not.
        """
        key, values = self._compared(found, reason, interval)
        return self.phrases.say(key, variant=_first(self._named(variant)), against=self._named(against), **values)

    def comparison_markdown(self, found: Comparison | None, variant: str, against: str, reason: str = "") -> Markdown:
        """The same with its number in bold."""
        key, values = self._compared(found, reason)
        if "times" in values:
            values["times"] = Markdown("**{}**").format(Markdown(values["times"]))
        if "factor" in values:
            values["factor"] = Markdown("**{}**").format(Markdown(values["factor"]))
        return self.phrases.write(key, variant=_first(self._named(variant)), against=self._named(against), **values)

    def _named(self, title: str) -> str:
        """A variant's title inside a sentence; in quotes where it would not read as one word of it.

        A ladder's step begins with a plus, "2 threads" with a number that would rule the verb, and the comma of
        "batch 8, 2 threads" would split the sentence.
        """
        loose = title[:1] == "+" or title[:1].isdigit() or ", " in _PARENTHESES.sub("", title)
        return self.phrases.say("sentence.step", variant=title) if loose else title

    def _compared(self, found: Comparison | None, reason: str, interval: bool = True) -> tuple[str, dict[str, str]]:
        """Phrase that the verdict asks for, and its values."""
        if found is None:
            return "sentence.not_measured", {"reason": reason or self.phrases.say("reason.too_few_blocks")}
        speedup = found.speedup
        match found.answer:
            case Verdict.REACHED | Verdict.NOT_REACHED:
                factor = self.language.factor_estimate(speedup) if interval else self.language.factor(speedup.point)
                return f"sentence.{found.answer}", {"asked": self.asked(found), "factor": factor}
            case Verdict.FASTER:
                return self._by_scenario("faster"), {"times": self._times(speedup, interval)}
            case Verdict.SLOWER:
                return self._by_scenario("slower"), {"times": self._times(inverted(speedup), interval)}
            case Verdict.NO_DIFFERENCE:
                return "sentence.no_difference", {"bound": self.language.plus_minus(bound(speedup))}
            case Verdict.CANNOT_TELL:
                low, high = self.ends(speedup)
                # A verdict's interval is the wider, the more comparisons there are; the one that is shown never is.
                alone = speedup.interval.contains(1.0)
                key = "sentence.cannot_tell" if alone else "sentence.cannot_tell_among_many"
                return key, {"low": low, "high": high}

    def _times(self, estimate: Estimate, interval: bool) -> str:
        if interval:
            return self.language.times_estimate(estimate)
        return self.language.times(estimate.point, ratio_decimals(estimate))

    def _by_scenario(self, direction: str) -> str:
        """Phrase that says faster or slower of what the scenario compares."""
        own = f"sentence.{self.scenario}_{direction}"
        return own if self.phrases.has(own) else f"sentence.{direction}"

    def ends(self, estimate: Estimate) -> tuple[str, str]:
        """Both ends of a ratio's interval, as charts write ratios."""
        interval = estimate.interval
        half = (interval.high - interval.low) / 2
        decimals = min(3, max(2, -math.floor(math.log10(half)))) if half > 0 else 2
        return self.language.factor(interval.low, decimals), self.language.factor(interval.high, decimals)

    def word(self, found: Comparison | None, gate: Gate = Gate.PASSED) -> str:
        """The verdict in a word or two."""
        if found is None:
            return self.phrases.say("verdict.not_measured")
        if found.verdict is Verdict.FASTER and gate is Gate.FAILED:
            return self.phrases.say("verdict.gate_failed")
        if found.answer in (Verdict.REACHED, Verdict.NOT_REACHED):
            return self.phrases.say(f"verdict.{found.answer}", asked=self.asked(found))
        return self.phrases.of("verdict", found.answer)

    def asked(self, found: Comparison) -> str:
        """The factor that was asked about, as an adverb: "вдвое", "twice"."""
        factor = found.asked or 1.0
        key = f"asked.{factor:g}"
        return self.phrases.say(key) if self.phrases.has(key) else self.language.times(factor, decimals=0)

    def metric(self, name: str) -> str:
        """A quality metric's name."""
        return self.phrases.of("metric", name)

    def accuracy(self, variant: VariantFindings, baseline: VariantFindings) -> str:
        """What became of a variant's accuracy, in percentage points where both answered the same samples."""
        metric = accuracy_metric(baseline) or accuracy_metric(variant)
        quality = variant.quality_of(metric.metric) if metric else None
        if metric is None or quality is None:
            # Nothing is known on labels: how often the answers stay the same stands for quality where that is known.
            fidelity = self.agreement(variant) if metric is None else ""
            return fidelity or self.phrases.say("quality.not_measured", reason=self.quality_unknown(variant, baseline))
        words = {"metric": self.metric(metric.metric)}
        change = quality_change(variant.record, baseline.record, metric.metric)
        if change is None or variant is baseline:
            return self.phrases.say("quality.unpaired", metric=words["metric"], value=self.value(quality))
        finest = 0 if metric.kind == "proportion" else estimate_decimals(change)
        ours, theirs = (self.value(one, interval=False, least_decimals=finest) for one in (quality, metric))
        words.update(share=ours, reference=theirs, against=self.title(baseline))
        return self._change(change, metric, words)

    def _change(self, change: Estimate, metric: Quality, words: dict[str, str]) -> str:
        if self.below(change, metric):
            return self.phrases.say("quality.same", **words, bound=self.language.percent(NEGLIGIBLE))
        if change.interval.contains(0.0):
            interval = self._points_interval(change.interval, metric)
            return self.phrases.say("quality.unchanged", **words, interval=interval)
        key = "quality.lower" if change.point < 0 else "quality.higher"
        size = negated(change) if change.point < 0 else change
        if metric.kind == "proportion":
            points = self.language.points(size.point, signed=False)
            return self.phrases.say(key, **words, points=points, interval=self.language.interval(size.interval, 1, 100))
        decimals = estimate_decimals(size)
        points = self.with_unit(self.language.decimal(size.point, decimals), metric.unit)
        return self.phrases.say(key, **words, points=points, interval=self.language.interval(size.interval, decimals))

    def below(self, change: Estimate, metric: Quality) -> str:
        """That a change is too small to be told in digits, in a table's cell; empty where it is not.

        Of what is no share: 0.0000002 of an error of 0.01 tells a reader less than "below 0.1 %".
        """
        most = max(abs(change.interval.low), abs(change.interval.high))
        if metric.kind == "proportion" or most >= NEGLIGIBLE * abs(metric.estimate.point):
            return ""
        return self.phrases.say("cell.change_below", bound=self.language.percent(NEGLIGIBLE))

    def _points_interval(self, interval: Interval, metric: Quality) -> str:
        if metric.kind == "proportion":
            return self.language.points_interval(interval)
        decimals = estimate_decimals(Estimate(0.0, interval, 0))
        return self.with_unit(self.language.interval(interval, decimals), metric.unit)

    def value(self, quality: Quality, interval: bool = True, least_decimals: int = 0) -> str:
        """A quality metric's value: a share as a percentage, anything else as a number; with its interval.

        Beside another one a number has at least as many digits as the difference of the two.
        """
        estimate = quality.estimate
        if quality.kind == "proportion":
            return self.language.percent_estimate(estimate) if interval else self.language.percent(estimate.point)
        tiny = 0 < abs(estimate.point) < SMALLEST_PLAIN
        if tiny or estimate.interval.low == estimate.interval.high:
            return self.with_unit(self.language.number(estimate.point), quality.unit)
        decimals = max(least_decimals, estimate_decimals(estimate))
        number = self.with_unit(self.language.decimal(estimate.point, decimals), quality.unit)
        return f"{number} {self.language.interval(estimate.interval, decimals)}" if interval else number

    def with_unit(self, number: str, unit: str) -> str:
        """A number and its unit: "484 МВт", "0.5%"; the number alone where it has none."""
        if not unit:
            return number
        sign = self.phrases.of("unit", unit)
        return f"{number}{sign}" if sign == "%" and self.language is Language.EN else f"{number}{NO_BREAK}{sign}"

    def skill(self, variant: VariantFindings) -> str:
        """How a model's error compares with that of the naive forecast; nothing where there is none to compare with."""
        metric = accuracy_metric(variant)
        found = skill(variant.record, metric.metric) if metric else None
        if found is None:
            return ""
        if found.interval.contains(0.0):
            most = max(abs(found.interval.low), abs(found.interval.high))
            return self.phrases.say("quality.skill_none", bound=self.language.percent(most))
        key, size = ("quality.skill_better", found) if found.point > 0 else ("quality.skill_worse", negated(found))
        share, interval = self.language.percent(size.point), self.language.interval(size.interval, 1, 100)
        return self.phrases.say(key, share=share, interval=interval)

    def agreement(self, variant: VariantFindings) -> str:
        """How often a variant's answers are the baseline's; nothing when that was not measured."""
        found = agreement_metric(variant)
        if found is None:
            return ""
        share = self.language.percent(found.estimate.point)
        interval = self.language.interval(found.estimate.interval, 1, 100)
        return self.phrases.say("quality.agreement", share=share, interval=interval)

    def fidelity(self, variant: VariantFindings) -> str:
        """The same in a table's cell, with its interval; nothing when that was not measured."""
        found = agreement_metric(variant)
        return self.phrases.say("cell.agreement", share=self.language.percent_estimate(found.estimate)) if found else ""

    def gate(self, gate: Gate) -> str:
        """That the quality gate was failed, or could not be checked; nothing where it was passed."""
        if gate is Gate.PASSED:
            return ""
        if gate is Gate.UNKNOWN:
            return self.phrases.say("quality.gate_unknown")
        return self.phrases.say("quality.gate_failed", share=self.language.percent(GATE_SHARE, 0))

    def quality_unknown(self, variant: VariantFindings, baseline: VariantFindings) -> str:
        """Why there is no accuracy."""
        if variant.record.failure:
            return self.failure(variant.record.failure)
        reason = variant.record.quality_unknown or baseline.record.quality_unknown
        return self.phrases.of("reason", reason) if reason else self.phrases.say("reason.no_quality")

    def failure(self, failure: Failure) -> str:
        """Why a variant has no numbers: what the machine lacks, or what went wrong."""
        if failure.lacks:
            return self.phrases.of("lacks", failure.lacks)
        if failure.cause:
            return self.phrases.say(f"cause.{failure.cause}")
        return f"{self.phrases.of('stage', failure.stage)}: {failure.message}"

    def failure_and_remedy(self, failure: Failure) -> str:
        """The same with what to do about it, and the technical detail."""
        why = self.failure(failure)
        if not failure.cause:
            return why
        remedy = self.phrases.say(f"remedy.{failure.cause}")
        return self.phrases.say("failure.why", why=why, remedy=remedy, detail=failure.message)

    def reason(self, variant: VariantFindings) -> str:
        """Why a variant could not be compared."""
        if variant.record.failure:
            return self.failure(variant.record.failure)
        return self.phrases.say("reason.not_timed" if variant.latency is None else "reason.too_few_blocks")

    def title(self, variant: VariantFindings) -> str:
        """What a reader knows a variant by."""
        return localized(variant.variant.title, self.language)

    def caveat(self, caveat: Caveat, workload: WorkloadFindings) -> Markdown:
        """A doubt, and what it means; a workload's own note stands as its author wrote it."""
        values = {name: self._caveat_value(name, value) for name, value in caveat.values.items()}
        if "variant" in values:
            values["variant"] = self.title(workload.variant(values["variant"]))
        return Markdown.escape(self.phrases.of("caveat", caveat.key, **values))

    def _caveat_value(self, name: str, value: float | int | str) -> str:
        if isinstance(value, float):
            return self.language.decimal(value, 1) if name == "spread" else self.language.factor(value, 3)
        return self.language.decimal(value, 0) if isinstance(value, int) else value

    def workload(self, found: WorkloadFindings) -> str:
        """What a reader knows a workload by."""
        return localized(found.choice.title, self.language)


def _first(title: str) -> str:
    """A title as a sentence's first words: a word gets its capital, a name such as int8 stays as it is."""
    return title[:1].upper() + title[1:] if title.split(" ")[0].strip(",").isalpha() else title


def localized(text: object, language: Language) -> str:
    """One language of a definition's text."""
    chosen: str = getattr(text, language.value)
    return chosen


def estimate_decimals(estimate: Estimate) -> int:
    """Digits after the point that an estimate deserves: its half-width's first two."""
    half = (estimate.interval.high - estimate.interval.low) / 2
    return decimals_of(half, 2) if half > 0 else decimals_of(estimate.point, 3)
