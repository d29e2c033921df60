"""What `compare` says: a sentence first, then the numbers, then why something is not said."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.markup import escape

from generator.core.record import Record, VariantRecord
from generator.results.across import Absolute, Across, QualityDifference, Side, Within
from generator.results.comparability import Difference, Forbids
from generator.results.comparison import Verdict
from generator.results.estimate import Estimate
from generator.results.quality import Gate

DOUBTS: Mapping[str, str] = MappingProxyType(
    {
        "smoke-tier": "only a first look (tier smoke): not to be published",
        "suspect": "suspect: its baseline differed from its own second start",
        "noisy": "noisy: more than a third of its blocks were disturbed",
        "goal-not-reached": "its intervals stayed wider than the goal",
        "timed-answers-differ": "a variant's timed answers differ from those that quality was measured on",
        "repeated-faster": "a variant answers a repeated sample faster: something may be cached",
        "modified-checkout": "measured from a checkout with changes",
    }
)
"""Caveats that bear on a comparison, in words; the others stand on the measurement's page."""

REFUSED = "These two cannot be compared, not even by their ratios:"
LEFT_OUT = "Left out, because they cannot be compared even by their ratios:"
ONLY_RATIOS = "Ratios only: latencies and throughputs are not put side by side, because they differ in"
ONLY_SPEED = "Ratios of speed only: quality was asked of other data, of one size with these, so it is not compared:"
MOVES = "Absolute values move by 10 to 20 % between runs on one machine: the range over blocks is no interval."


def print_comparisons(console: Console, found: Sequence[Within | Across]) -> None:
    """Say everything that may be said of the pairs, and name the fields that forbid more."""
    match found[0]:
        case Within() as one:
            _print_within(console, one)
        case Across() as first:
            _print_runs(console, (first.ours.record, first.theirs.record))
            pairs = [pair for pair in found if isinstance(pair, Across)]
            for pair in pairs:
                _print_across(console, pair)
            _print_differences(console, pairs)
    sides = [side for pair in found for side in (pair.ours, pair.theirs)]
    for record, key in dict.fromkeys((side.record.record_id, one.key) for side in sides for one in side.caveats):
        if key in DOUBTS:
            console.print(f"  [yellow]doubt[/] {record}: {DOUBTS[key]}", highlight=False, soft_wrap=True)


def as_json(found: Sequence[Within | Across]) -> str:
    """The same as data: a list of pairs, each `within` one run or `across` two."""
    return json.dumps([_pair_data(one) for one in found], indent=1, ensure_ascii=False)


def ratio_text(estimate: Estimate) -> str:
    """1.93 [1.90, 1.96]."""
    return f"{estimate.point:.3g} [{estimate.interval.low:.3g}, {estimate.interval.high:.3g}]"


def verdict_text(found: Verdict, estimate: Estimate, faster: str = "faster", slower: str = "slower") -> str:
    """The verdict in words; "equal" is not among them."""
    half = (math.log(estimate.interval.high) - math.log(estimate.interval.low)) / 2
    return {
        Verdict.FASTER: faster,
        Verdict.SLOWER: slower,
        Verdict.NO_DIFFERENCE: f"no difference shown (within ±{half:.1%})",
        Verdict.CANNOT_TELL: "cannot tell: the interval is too wide",
    }[found]


def absolute_text(absolute: Absolute | None) -> str:
    """12.1 ms (11.8 to 12.9 over the blocks)."""
    if absolute is None:
        return "not timed"
    scale, unit = {
        "ns": _time_scale(absolute.spread.median),
        "samples_per_second": (1.0, "samples/s"),
        "queries_per_second": (1.0, "queries/s"),
    }[absolute.unit]
    middle, least, most = (f"{value / scale:.3g}" for value in dataclasses.astuple(absolute.spread))
    return f"{middle} {unit} ({least} to {most} over the blocks)"


def _time_scale(nanoseconds: float) -> tuple[float, str]:
    return next(((s, u) for s, u in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")) if nanoseconds >= s), (1.0, "ns"))


def _print_within(console: Console, found: Within) -> None:
    ours, theirs = found.ours, found.theirs
    _print_runs(console, (ours.record,))
    console.print(f"[bold]{ours.variant.name}[/] against [bold]{theirs.variant.name}[/]:", highlight=False)
    if found.comparison is None:
        failed = [f"{s.variant.name}: {s.variant.failure.message}" for s in (ours, theirs) if s.variant.failure]
        console.print(f"  no ratio: fewer than two blocks hold both. {escape(' '.join(failed))}", soft_wrap=True)
    else:
        speedup = found.comparison.speedup
        words = verdict_text(found.comparison.verdict, speedup)
        blocks = f"95 % interval over {speedup.count} blocks"
        console.print(f"  speed    {escape(ratio_text(speedup))} times: {words} ({blocks})", soft_wrap=True)
        console.print(f"  means    {escape(ratio_text(found.comparison.mean_speedup))} times", soft_wrap=True)
    console.print(f"  absolute {absolute_text(ours.absolute)} against {absolute_text(theirs.absolute)}", soft_wrap=True)
    for metric in found.quality:
        console.print(f"  quality  {escape(_quality_text(metric))}", soft_wrap=True)
    _print_gates(console, (ours, theirs))


def _print_across(console: Console, found: Across) -> None:
    if found.refused:
        return
    ours, theirs = found.ours, found.theirs
    names = dict.fromkeys((ours.variant.name, theirs.variant.name))
    console.print(f"[bold]{' and '.join(names)}[/]:", highlight=False)
    for letter, side in zip("AB", (ours, theirs), strict=True):
        console.print(f"  {letter}      {escape(_speedup_text(side))}", soft_wrap=True)
        if found.absolute_allowed:
            console.print(f"         absolute {absolute_text(side.absolute)}", soft_wrap=True)
    if found.ratio_of_ratios and found.verdict:
        larger, smaller = "the gain in A is larger", "the gain in A is smaller"
        words = verdict_text(found.verdict, found.ratio_of_ratios, larger, smaller)
        console.print(f"  A / B: {escape(ratio_text(found.ratio_of_ratios))}: {words}", soft_wrap=True)
    else:
        console.print("  A / B: none, for a baseline or an untimed variant has no ratio of its own", soft_wrap=True)
    _print_gates(console, (ours, theirs))


def _print_differences(console: Console, pairs: Sequence[Across]) -> None:
    distinct = dict.fromkeys(one for pair in pairs for one in pair.differences)
    nothing_left = all(pair.refused for pair in pairs)
    _print_list(console, REFUSED if nothing_left else LEFT_OUT, [d for d in distinct if d.forbids is Forbids.RATIO])
    if not nothing_left:
        _print_list(console, ONLY_SPEED, [d for d in distinct if d.forbids is Forbids.QUALITY])
        _print_list(console, ONLY_RATIOS, [d for d in distinct if d.forbids is Forbids.ABSOLUTE])
    if not distinct:
        console.print(f"  {MOVES}", soft_wrap=True)


def _print_list(console: Console, title: str, differences: Sequence[Difference]) -> None:
    if differences:
        console.print(f"[yellow]{title}[/]", soft_wrap=True)
    for one in differences:
        console.print(f"  {one.field}: {escape(one.ours)} in A, {escape(one.theirs)} in B", soft_wrap=True)


def _print_runs(console: Console, records: Sequence[Record]) -> None:
    for letter, record in zip("AB", records, strict=False):
        machine = record.system.host_processor_model_name or "a processor that does not tell its name"
        label = f"{letter}: " if len(records) > 1 else ""
        about = f"{record.scenario}, {record.controls.threads} thread(s), {record.tier}, {record.started_at:%Y-%m-%d}"
        console.print(f"{label}{record.record_id} ({escape(machine)}; {about})", highlight=False, soft_wrap=True)


def _print_gates(console: Console, sides: Sequence[Side]) -> None:
    for side in sides:
        if side.gate is Gate.FAILED:
            text = f"{side.variant.name} fails the quality gate of its run: its speed counts as no gain"
            console.print(f"  [yellow]gate[/]     {text}", soft_wrap=True)


def _speedup_text(side: Side) -> str:
    if side.variant.baseline:
        return "it is the baseline"
    if side.against_baseline is None:
        return f"not timed: {side.variant.failure.message}" if side.variant.failure else "not timed in two blocks"
    found = side.against_baseline
    words = verdict_text(found.verdict, found.speedup)
    return f"{ratio_text(found.speedup)}: {words} against its own baseline, {side.baseline.name}"


def _quality_text(found: QualityDifference) -> str:
    percent = found.ours.kind == "proportion"
    scale, unit = (100.0, " %") if percent else (1.0, "")
    values = (f"{one.estimate.point * scale:.4g}{unit}" for one in (found.ours, found.theirs))
    text = f"{found.metric}: " + " against ".join(values)
    if found.difference:
        d = found.difference
        points = " points" if percent else ""
        low, high = d.interval.low * scale, d.interval.high * scale
        text += f", difference {d.point * scale:+.3g} [{low:+.3g}, {high:+.3g}]{points}"
    return text


def _pair_data(found: Within | Across) -> dict[str, Any]:
    sides = {"ours": _side_data(found.ours), "theirs": _side_data(found.theirs)}
    if isinstance(found, Within):
        return {
            "kind": "within",
            **sides,
            "comparison": _data(found.comparison),
            "quality": [
                {
                    "metric": one.metric,
                    "ours": one.ours.estimate.point,
                    "theirs": one.theirs.estimate.point,
                    "difference": _data(one.difference),
                }
                for one in found.quality
            ],
        }
    if not found.absolute_allowed:
        for one in sides.values():
            one["absolute"] = None
    if found.refused:
        for one in sides.values():
            one["against_baseline"] = None
    return {
        "kind": "across",
        "refused": found.refused,
        "differences": [_data(one) for one in found.differences],
        **sides,
        "ratio_of_ratios": _data(found.ratio_of_ratios),
        "verdict": _data(found.verdict),
    }


def _side_data(side: Side) -> dict[str, Any]:
    variant: VariantRecord = side.variant
    return {
        "record": side.record.record_id,
        "variant": variant.name,
        "workload": variant.workload,
        "baseline": side.baseline.name,
        "against_baseline": _data(side.against_baseline),
        "absolute": _data(side.absolute),
        "gate": side.gate.value,
        "caveats": [one.key for one in side.caveats],
    }


def _data(value: Any) -> Any:
    """Dataclasses, enumerations and tuples as JSON has them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _data(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [_data(one) for one in value]
    return value
