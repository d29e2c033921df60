"""What `try` prints: what is going to be tried, what was dropped, what came out; and the same as data."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from scipy import special

from generator.cli.console_progress import ratio
from generator.core import protocol
from generator.core.errors import RecordError
from generator.core.record import Record
from generator.results.best import one_sided
from generator.results.findings import VariantFindings, accuracy_metric, agreement_metric
from generator.results.quality import Gate
from generator.results.screening import Reason, Screening
from generator.results.trial import Trial

if TYPE_CHECKING:
    from generator.measure.trial.stage import Staged

_REASONS = {
    Reason.FAILED: "it does not run",
    Reason.SLOW: "far slower than the best",
    Reason.NO_GAIN: "slower than the best, and the quality is not kept",
    Reason.TIME: "no time for all; --minutes gives more",
}


def print_staged(console: Console, staged: Staged, minutes: float) -> None:
    """Inputs with their axes and values, variants, what is left out, how long it takes."""
    from generator.measure.trial.variants import WHY
    from generator.workloads.own.drawn import told

    workload, probed = staged.workload, staged.probed
    graph, sizes = workload.graph, workload.sizes
    console.print(f"[bold]{escape(workload.model_name)}[/], opset {graph.opset}, {graph.precision}", highlight=False)
    inputs = Table("Input", "Type", "Axes", "Shape", "Values", box=None, pad_edge=False)
    for port in graph.inputs:
        values = f"from {workload.inputs}" if workload.inputs else told(port)
        shape = "x".join(map(str, sizes.shapes[port.name])) or "a number"
        inputs.add_row(*map(_plain, (port.name, port.dtype, port.shown, shape, values)))
    console.print(inputs, highlight=False)
    for axis, said in sizes.said.items():
        console.print(f"  axis {_plain(axis)} = {_plain(said)}; --shape sets it", highlight=False, soft_wrap=True)
    how = "the largest element" if probed.metric == "argmax" else f"a relative error of at most {workload.tolerance:g}"
    against = "labels, and the file's own answers" if workload.labels else "the file's own answers"
    console.print(f"Quality: {how}, against {against}; 99 % must be kept.", highlight=False, soft_wrap=True)
    several = f"; {' and '.join(map(str, probed.rows))} rows at once" if probed.rows else ""
    said = f"Compared before anything is timed: {len(workload.single)} samples, one by one{several}."
    console.print(said, highlight=False, soft_wrap=True)
    if probed.rows_refused:
        said = f"Several rows at once are not compared: {probed.rows_refused}."
        console.print(_plain(said), style="yellow", highlight=False, soft_wrap=True)
    names = ", ".join(one.title.en for one in staged.measurement.variants)
    console.print(f"Tried, the first is the baseline: {escape(names)}.", highlight=False, soft_wrap=True)
    for what, why in staged.left_out.items():
        console.print(f"Not tried: {escape(what)}: {WHY[why]}.", style="dim", highlight=False, soft_wrap=True)
    console.print(f"Measuring takes about {minutes:g} min at most; Ctrl-C keeps what is finished.", highlight=False)


def _plain(text: str) -> str:
    """A stranger's text for the terminal: nothing in it is markup or moves the cursor."""
    return escape("".join(letter if letter.isprintable() else "?" for letter in text))


def print_screening(console: Console, screening: Screening, staged: Staged) -> None:
    """What two short blocks have dropped."""
    titles = {one.name: one.title.en for one in staged.measurement.variants}
    for one in screening.dropped:
        times = f" ({one.times:.2f} times the time of the best)" if one.times else ""
        detail = f": {one.detail}" if one.detail else ""
        said = f"Dropped: {titles[one.variant]}: {_REASONS[one.reason]}{times}{detail}"
        console.print(_plain(said), style="dim", highlight=False, soft_wrap=True)


def print_outcome(console: Console, found: Trial) -> None:
    """A table of all variants, then the answer in words."""
    table = Table("Variant", "Speed", "Median", "Quality", "Gate", "", box=None, pad_edge=False)
    members = found.best.members if found.best else ()
    for one in found.workload.variants:
        speed = "baseline" if one is found.workload.baseline else _speed(one)
        median = f"{one.latency.p50_ns.median / 1e6:.3g} ms" if one.latency else "-"
        among = "among the best" if one.variant.name in members else ""
        table.add_row(*map(escape, (one.variant.title.en, speed, median, _quality(one), str(one.gate), among)))
    console.print(table, highlight=False)
    for line in answer(found):
        console.print(escape(line), highlight=False, soft_wrap=True)


def answer(found: Trial) -> Iterator[str]:
    """The answer in sentences."""
    if found.best is None:
        yield "Nothing that keeps the quality was timed."
        return
    title = found.recommended.variant.title.en
    others = [found.workload.variant(name).variant.title.en for name in found.best.members]
    if len(others) > 1:
        yield f"Cannot be told from the best at 95 %: {'; '.join(others)}."
        yield f"Recommended, the simplest of them: {title}."
    else:
        yield f"The best: {title}; every other one that keeps the quality is shown to be slower."
    against = found.recommended.against_baseline
    if against:
        yield f"Against the file as it was given: {ratio(against)}."


def as_json(found: Trial, folder: Path, unmet: Sequence[str]) -> dict[str, Any]:
    """The outcome as data."""
    members = found.best.members if found.best else ()
    record = found.record
    return {
        "model": record.provenance.sources[0].name,
        "sha256": record.provenance.sources[0].sha256,
        "recommended": found.best.recommended if found.best else None,
        "best": list(members),
        "confidence": protocol.CONFIDENCE,
        "blocks": found.best.blocks if found.best else 0,
        "measured_to_standard": record.publishable,
        "variants": [_data(one, one.variant.name in members) for one in found.workload.variants],
        "dropped": [
            {"variant": one.variant, "reason": one.reason, "times_of_best": one.times, "detail": one.detail}
            for one in found.dropped
        ],
        "not_tried": dict(found.left_out),
        "unmet": list(unmet),
        "record": str(folder / f"{record.record_id}.json"),
        "page": str(folder / "index.html"),
        "command": record.provenance.command,
    }


def _data(one: VariantFindings, among_best: bool) -> dict[str, Any]:
    against = one.against_baseline
    return {
        "name": one.variant.name,
        "title": one.variant.title.en,
        "baseline": one.variant.baseline,
        "among_best": among_best,
        "gate": one.gate,
        "speedup": against.speedup.point if against else None,
        "speedup_low": against.speedup.interval.low if against else None,
        "speedup_high": against.speedup.interval.high if against else None,
        "verdict": against.verdict if against else None,
        "p50_ns": one.latency.p50_ns.median if one.latency else None,
        "quality": {quality.metric: quality.estimate.point for quality in one.quality},
        "failure": one.record.failure.message if one.record.failure else None,
    }


def unmet(found: Trial, at_least: float | None, before: Record | None, path: Path | None) -> list[str]:
    """What was demanded and is not met, a sentence each.

    Raises:
        RecordError: when the record of before is of another machine, and says nothing of this one.
    """
    said = list[str]()
    if at_least is not None and not _reached(found, at_least):
        said.append(f"no variant that keeps the quality is shown to be {at_least:g} times as fast as the file as given")
    if before is not None and path is not None:
        _refuse_incomparable(found.record, before, path)
        low = _slower_by(found, before, path)
        if low > 1:
            said.append(f"the file takes at least {low:.2f} times as long as in {path.name}")
    return said


def _refuse_incomparable(ours: Record, theirs: Record, path: Path) -> None:
    """Times compare only on one machine, with the same inputs and as many threads."""
    if theirs.system.fingerprint() != ours.system.fingerprint():
        remedy = "Measure both on one machine."
        raise RecordError(path.name, "it was measured on another machine, and times do not compare", remedy)
    if [one.data_sha256 for one in theirs.workloads] != [one.data_sha256 for one in ours.workloads]:
        remedy = "Give both the same --inputs and --shape."
        raise RecordError(path.name, "its inputs were others, and times do not compare", remedy)
    threads = [{one.threads for one in record.variants if one.baseline} for record in (ours, theirs)]
    if threads[0] != threads[1]:
        raise RecordError(path.name, "its baseline had another number of threads", "Give both the same --threads.")


def _reached(found: Trial, factor: float) -> bool:
    """Whether a variant that keeps the quality is shown to be so fast: one-sided, corrected for how many there are."""
    sound = [one for one in found.workload.variants if one.gate is Gate.PASSED and one.against_baseline]
    if factor <= 1 and found.workload.baseline.latency:
        return True
    for one in sound:
        values = [math.log(value) for value in one.against_baseline.block_values] if one.against_baseline else []
        if len(values) > 1 and statistics.fmean(values) - one_sided(values, len(sound)) >= math.log(factor):
            return True
    return False


RUN_TO_RUN = math.log(1.1)
"""What times of two runs differ by although nothing has changed: ratios within a run are steady, times are not."""


def _slower_by(found: Trial, before: Record, path: Path) -> float:
    """Lower bound of the baseline's time over that of the record of before: t over blocks, and `RUN_TO_RUN`."""
    ours = _block_logs(found.record, found.workload.baseline.variant.name)
    baselines = [one.name for one in before.variants if one.baseline]
    theirs = _block_logs(before, baselines[0])
    if len(ours) < 2 or len(theirs) < 2:
        raise RecordError(path.name, "there are fewer than two blocks to compare", "Measure for longer: --minutes.")
    error = math.sqrt(sum(statistics.variance(one) / len(one) for one in (ours, theirs)))
    quantile = float(special.stdtrit(min(len(ours), len(theirs)) - 1, protocol.CONFIDENCE))
    half = math.hypot(quantile * error, RUN_TO_RUN)
    return math.exp(statistics.fmean(ours) - statistics.fmean(theirs) - half)


def _block_logs(record: Record, variant: str) -> list[float]:
    kept = protocol.kept_blocks(record.blocks)
    medians = (
        [protocol.round_statistic(one, "p50") for one in block.rounds if one.variant == variant] for block in kept
    )
    return [math.log(statistics.median(block)) for block in medians if block]


def _speed(one: VariantFindings) -> str:
    if one.against_baseline:
        return ratio(one.against_baseline)
    return "not measured"


def _quality(one: VariantFindings) -> str:
    found = accuracy_metric(one) or agreement_metric(one)
    if found is None:
        return "-"
    return f"{found.estimate.point:.1%}" if found.kind == "proportion" else f"{found.estimate.point:.4g}"
