"""Tables and lists of a measurement's page, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from generator.pages.sentences import Sentences
from generator.pages.token_table import tokens
from generator.pages.views.system import SystemView
from generator.pages.views.variant import VariantView
from generator.pages.views.workload import WorkloadView
from generator.results.estimate import Unknown
from generator.results.findings import Findings, VariantFindings, accuracy_metric, agreement_metric
from generator.words import markdown
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases
from generator.words.translations import translated

_DETAILS = (
    "mean_speedup",
    "accuracy_kept",
    "errors",
    "queries",
    "samples_per_query",
    "throughput",
    "tokens_per_second",
    "cpu",
    "file",
    "compressed_file",
    "memory",
    "work",
    "roof_share",
    "energy",
    "energy_per_token",
    "cost",
    "load",
    "first_call",
)
"""Rows of the table of details, by the names of `VariantView`."""

_WHERE_KNOWN = frozenset({"compressed_file", "energy_per_token", "tokens_per_second"})
"""Rows that stand only where some variant has them: a size where one was noted, tokens where some are generated."""

_NOT_OF_A_SERVER = frozenset({"mean_speedup", "throughput"})
"""Rows that a server has no use for: it is compared by the rate that it keeps, and that stands with the speedup."""

MOST_OPERATORS = 10
"""Operators shown, the most frequent ones; the record has them all."""


def speed(workload: WorkloadView, phrases: Phrases) -> Markdown:
    """Speed of every variant; one that failed has its reason where the number would be."""
    times = ("rate",) if workload.findings.served else ("p50", "mean")
    head = [phrases.say(f"column.{name}") for name in ("variant", "speedup", "verdict", *times)]
    rows = [
        [v.title, _speedup(v), v.verdict, *(_rate(v) if workload.findings.served else _times(v))]
        for v in workload.variants
    ]
    return markdown.table(head, rows, (1, 3, 4)[: 1 + len(times)])


def _speedup(variant: VariantView) -> Markdown:
    found = variant.found.against_baseline
    value = found.speedup.point if found else None
    return markdown.sortable(variant.speedup, 1.0 if variant.is_baseline else value)


def _times(variant: VariantView) -> tuple[Markdown, Markdown]:
    latency = variant.found.latency
    p50, mean = (latency.p50_ns.median, latency.mean_ns.median) if latency else (None, None)
    return markdown.sortable(variant.p50, p50), markdown.sortable(variant.mean, mean)


def _rate(variant: VariantView) -> tuple[Markdown]:
    latency = variant.found.latency
    rate = latency.rate_served if latency else None
    return (markdown.sortable(variant.rate, rate.median if rate else None),)


def quality(workload: WorkloadView, phrases: Phrases) -> Markdown:
    """What each variant costs in accuracy; those that the machine cannot run are in the table of speeds."""
    able = [v for v in workload.variants if not v.lacking]
    if not able:
        return Markdown("")
    metric = workload.accuracy_name
    say = phrases.say
    change = say("column.change" if workload.changes_in_points else "column.change_plain")
    if not workload.labelled:
        # Fidelity has the column of quality, and there is no second one of it.
        return markdown.table([say("column.variant"), metric], [[v.title, _accuracy(v)] for v in able])
    head = [say("column.variant"), metric, change]
    agree = workload.agreement
    if agree:
        head.append(phrases.of("metric", agree.metric))
    rows = [[v.title, _accuracy(v), v.change, *([v.agreement] if agree else [])] for v in able]
    return markdown.table(head, rows)


def _accuracy(variant: VariantView) -> Markdown:
    found = accuracy_metric(variant.found) or agreement_metric(variant.found)
    return markdown.sortable(variant.accuracy, found.estimate.point if found else None)


def details(workload: WorkloadView, phrases: Phrases) -> Markdown:
    """Everything else that was measured, variants as columns; those that the machine cannot run have none."""
    say, able = phrases.say, [v for v in workload.variants if not v.lacking]
    if not able:
        return Markdown("")
    rows = [
        [say("column.bound", name=name), *(v.percentile(share) for v in able)]
        for share, name in zip(workload.percentile_shares, workload.percentile_names(), strict=True)
        if not workload.findings.served
    ]
    none = say("cell.none")
    for name in _DETAILS:
        if workload.findings.served and name in _NOT_OF_A_SERVER:
            continue
        cells = [getattr(variant, name) for variant in able]
        if name not in _WHERE_KNOWN or any(cell != none for cell in cells):
            rows.append([say(f"column.{name}"), *cells])
    metrics = workload.other_metrics
    rows += [[phrases.of("metric", name), *(v.metric(name) for v in able)] for name in metrics]
    return markdown.table(["", *(v.title for v in able)], rows)


def operators(workload: WorkloadView, phrases: Phrases) -> Markdown:
    """Operators that the runtimes really ran, variants as columns; nothing where no runtime tells."""
    counted = [variant for variant in workload.variants if variant.operators()]
    if not counted:
        return Markdown.escape(phrases.say("reason.no_operators"))
    total = dict[str, int]()
    for variant in counted:
        for name, count in variant.operators().items():
            total[name] = max(total.get(name, 0), count)
    chosen = sorted(total, key=lambda name: (-total[name], name))[:MOST_OPERATORS]
    rows = [
        [name, *(phrases.language.decimal(variant.operators().get(name, 0), 0) for variant in counted)]
        for name in chosen
    ]
    head = [phrases.say("column.operator"), *(variant.title for variant in counted)]
    return Markdown("\n\n").join([phrases.write("page.operators"), markdown.table(head, rows)])


def variants(workload: WorkloadView, phrases: Phrases) -> Markdown:
    """What was run."""
    head = [phrases.say(f"column.{name}") for name in ("variant", "runtime", "precision", "transforms")]
    return markdown.table(head, [[v.title, v.runtime, v.precision, v.transforms] for v in workload.variants], ())


def start(workload: WorkloadView, phrases: Phrases) -> Markdown:
    """How long each variant takes until its first answer; compilation from nothing where what it makes is kept."""
    names = ["variant", "load", "first_call"]
    rows = [[v.title, v.load, v.first_call] for v in workload.variants]
    if any(v.found.record.uncached_first_call_ns for v in workload.variants):
        names.append("uncached_first_call")
        rows = [[*row, v.uncached_first_call] for row, v in zip(rows, workload.variants, strict=True)]
    return markdown.table([phrases.say(f"column.{name}") for name in names], rows)


TABLES: Mapping[str, Callable[[WorkloadView, Phrases], Markdown]] = MappingProxyType(
    {
        "speed": speed,
        "quality": quality,
        "details": details,
        "operators": operators,
        "start": start,
        "tokens": tokens,
        "variants": variants,
    }
)
"""Tables that a template may ask for."""


def facts(findings: Findings, system: SystemView, phrases: Phrases) -> Markdown:
    """The machine and the run, as a list of definitions."""
    say, record, language = phrases.say, findings.record, phrases.language
    commit = record.provenance.generator_commit
    generator = record.provenance.generator_version + (f" ({commit[:12]})" if commit else "")
    queries = sum(v.latency.queries for w in findings.workloads for v in w.variants if v.latency)
    timed = [v for w in findings.workloads for v in w.variants if v.latency]
    threads = {v.variant.threads or record.controls.threads for v in timed} or {record.controls.threads}
    pairs = [
        (say("fact.processor"), system.processor),
        (say("fact.type"), system.type),
        (say("fact.cores"), system.cores),
        (say("fact.memory"), system.memory),
        (say("fact.accelerator"), record.system.accelerator_model_name or say("fact.no_accelerator")),
        (say("fact.os"), record.system.operating_system),
        (say("fact.kernel"), record.system.kernel),
        (say("fact.threads"), ", ".join(language.decimal(count, 0) for count in sorted(threads))),
        *((say("fact.allocator"), way) for way in _allocators(timed, phrases)),
        (say("fact.scenario"), phrases.of("scenario", record.scenario)),
        *((say("fact.model"), translated(one.model, language)) for one in record.workloads if one.model),
        *(
            (say("fact.samples"), say("count.samples", n=one.samples))
            for one in record.workloads
            if one.samples is not None
        ),
        (say("fact.queries"), language.decimal(queries, 0)),
        (say("fact.finished"), language.date(record.finished_at.date())),
        (say("fact.generator"), generator),
    ]
    items = "".join(f"<dt>{markdown.html_text(name)}</dt><dd>{markdown.html_text(value)}</dd>" for name, value in pairs)
    return Markdown(f'<dl class="facts">{items}</dl>')


def _allocators(variants: Sequence[VariantFindings], phrases: Phrases) -> Sequence[str]:
    """What PyTorch does with freed memory, for it decides how slow a baseline is; nothing where its variants differ."""
    kept = {bool(one.variant.options.get("keep_memory")) for one in variants if one.record.runtime == "pytorch"}
    if len(kept) != 1:
        return ()
    return (phrases.say("fact.memory_kept") if kept.pop() else phrases.say("fact.memory_returned"),)


def sources(findings: Findings, phrases: Phrases) -> Markdown:
    """Where weights and data came from, and on what terms."""
    found = findings.record.provenance.sources
    if not found:
        return Markdown("")
    head = [phrases.say(f"column.{name}") for name in ("source", "origin", "licence")]
    language = phrases.language
    rows = [[translated(one.name, language), one.origin, translated(one.licence, language)] for one in found]
    return Markdown("\n\n").join([phrases.write("page.sources"), markdown.table(head, rows, ())])


def trust(workload: WorkloadView, findings: Findings, sentences: Sentences) -> Markdown:
    """Control, blocks, why the run ended, energy; then every caveat."""
    phrases, found, record = sentences.phrases, workload.found, findings.record
    control = found.control
    if control is None:
        first = phrases.write("page.trust_control_none")
    else:
        good = control.speedup.interval.contains(1.0)
        key = "page.trust_control" if good else "page.trust_control_bad"
        first = phrases.write(key, estimate=Markdown(sentences.language.factor_estimate(control.speedup)))
    reason = record.stop_reason.get(found.choice.name)
    blocks = phrases.write(
        "page.trust_blocks",
        kept=found.blocks_kept,
        all=len(found.health),
        stop=phrases.of("stop", reason) if reason else phrases.say("fact.unknown"),
    )
    energy = (
        phrases.write("page.energy", reason=phrases.of("unknown", found.baseline.energy.key))
        if isinstance(found.baseline.energy, Unknown)
        else phrases.write("page.energy_measured", sources=", ".join(one.source for one in found.baseline.energy))
    )
    caveats = [sentences.caveat(one, found) for one in found.caveats]
    lines = [Markdown("- {}").format(one) for one in caveats] or [phrases.write("page.no_caveats")]
    return Markdown("\n\n").join([Markdown(" ").join([first, blocks, energy]), Markdown("\n").join(lines)])
