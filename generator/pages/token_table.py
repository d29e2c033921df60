"""Table of generated text: time to first token, between tokens, rates, and the ratios to the baseline."""

from __future__ import annotations

from collections.abc import Iterator

from generator.core.token_times import END, ITL_P50, ITL_P90, TPOT, TTFT
from generator.pages.charts.latency import percentile_name
from generator.pages.views.variant import VariantView
from generator.pages.views.workload import WorkloadView
from generator.results.estimate import Spread, Unknown
from generator.results.tokens import TokenFindings
from generator.words import markdown
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases

Column = tuple[VariantView, TokenFindings]

_BLOCKS = (("first_token", "first_token_ns", TTFT), ("per_token", "per_token_ns", TPOT), ("end", "end_ns", END))
"""Times: the phrase of the row, the field of the findings, and the ratio that stands below."""

_RATES = (("prefill", "prefill_per_second"), ("decode", "decode_per_second"))

ROWS = frozenset({*(row for row, *_ in (*_BLOCKS, *_RATES)), "against", "gap_against"})
"""Rows whose phrases are chosen by name."""


def tokens(workload: WorkloadView, phrases: Phrases) -> Markdown:
    """When tokens came, variants as columns; nothing where no text is generated or the record does not tell."""
    told = [(variant, found) for variant in workload.variants if (found := variant.found.tokens)]
    if not told:
        return Markdown("")
    rows = [*_times(told, phrases), *_gaps(told, phrases), *_counts(told, phrases)]
    table = markdown.table(["", *(variant.title for variant, _ in told)], rows)
    return Markdown("\n\n").join([phrases.write("tokens.lede"), table])


def _times(told: list[Column], phrases: Phrases) -> Iterator[list[str]]:
    for (row, name, statistic), rate in zip(_BLOCKS, (*_RATES, None), strict=True):
        yield [phrases.say(f"tokens.{row}"), *(_time(getattr(found, name), phrases) for _, found in told)]
        yield _ratios(told, statistic, phrases)
        if rate:
            row, name = rate
            yield [phrases.say(f"tokens.{row}"), *(_number(getattr(found, name), phrases) for _, found in told)]


def _gaps(told: list[Column], phrases: Phrases) -> Iterator[list[str]]:
    """Percentiles that at least one variant's gaps permit; below two of them the ratio, which is no speedup."""
    shares = sorted({one.share for _, found in told for one in found.gaps})
    for share in shares:
        name = percentile_name(share, phrases.language)
        yield [phrases.say("tokens.gap", name=name), *(_gap(found, share, phrases) for _, found in told)]
        if statistic := {0.5: ITL_P50, 0.9: ITL_P90}.get(share):
            yield _ratios(told, statistic, phrases, "gap_against")


def _counts(told: list[Column], phrases: Phrases) -> Iterator[list[str]]:
    if any(isinstance(found.bandwidth_share, Spread) for _, found in told):
        yield [phrases.say("tokens.bandwidth"), *(_share(found.bandwidth_share, phrases) for _, found in told)]
    yield [phrases.say("tokens.prompt"), *(_count(found.prompt_tokens, phrases) for _, found in told)]
    yield [phrases.say("tokens.answer"), *(_count(found.answer_tokens, phrases) for _, found in told)]
    yield [phrases.say("tokens.answers"), *(phrases.language.decimal(found.answers, 0) for _, found in told)]


def _ratios(told: list[Column], statistic: str, phrases: Phrases, row: str = "against") -> list[str]:
    """A row of paired ratios to the baseline; those of percentiles are not called a speedup."""
    cells = list[str]()
    for variant, found in told:
        estimate = found.ratios.get(statistic)
        if variant.is_baseline:
            cells.append(phrases.say("cell.baseline"))
        else:
            cells.append(phrases.language.factor_estimate(estimate) if estimate else phrases.say("cell.none"))
    return [phrases.say(f"tokens.{row}"), *cells]


def _time(found: Spread | Unknown, phrases: Phrases) -> str:
    if isinstance(found, Unknown):
        return _why(found, phrases)
    return phrases.language.duration_spread(found.median, found.least, found.most)


def _number(found: Spread | Unknown, phrases: Phrases) -> str:
    return _why(found, phrases) if isinstance(found, Unknown) else phrases.language.number(found.median)


def _share(found: Spread | Unknown, phrases: Phrases) -> str:
    return _why(found, phrases) if isinstance(found, Unknown) else phrases.language.percent(found.median, 0)


def _gap(found: TokenFindings, share: float, phrases: Phrases) -> str:
    if isinstance(found.per_token_ns, Unknown):
        return _why(found.per_token_ns, phrases)
    gap = next((one for one in found.gaps if one.share == share), None)
    if gap is None:
        return phrases.say("cell.none")
    return f"{phrases.language.duration(gap.value_ns)} ({phrases.language.duration(gap.bound_ns)})"


def _count(found: Spread | Unknown, phrases: Phrases) -> str:
    """How many tokens, with the range over the texts."""
    if isinstance(found, Unknown):
        return _why(found, phrases)
    least, most = (phrases.language.decimal(one, 0) for one in (found.least, found.most))
    return least if least == most else f"{least}–{most}"


def _why(unknown: Unknown, phrases: Phrases) -> str:
    return phrases.say("cell.not_measured", reason=phrases.of("unknown", unknown.key))
