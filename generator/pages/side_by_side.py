"""The same measurement on several systems: ratios side by side, never joined into one.

A ratio of one machine may stand beside another's when both computed the same thing in the same way; where they did not,
the cell says so (`analysis.comparability`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from generator.pages.sentences import Sentences
from generator.pages.views.pair import PairView, pair_views
from generator.pages.views.system import SystemView
from generator.pages.views.workload import WorkloadView
from generator.results.comparability import forbids_ratios, why_not
from generator.results.findings import Findings
from generator.results.overview import Outcome, Pair
from generator.words import markdown
from generator.words.markdown import Markdown

SPOKEN: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.NOT_REACHED: "outcome.not_reached",
        Outcome.SLOWER: "verdict.slower",
        Outcome.NO_DIFFERENCE: "verdict.no_difference",
        Outcome.CANNOT_TELL: "verdict.cannot_tell",
        Outcome.GATE_FAILED: "verdict.gate_failed",
    }
)
"""Outcomes that a cell says beside its number; a gain needs no word."""

Rows = Mapping[tuple[str, str], PairView]
"""Pairs of one record by the names of their variants."""


def page_name(findings: Findings, systems: Sequence[Findings]) -> str:
    """Name of a system's page in its measurement's folder; the first system has the folder's own address."""
    first = not systems or systems[0].record.system.fingerprint() == findings.record.system.fingerprint()
    return "index" if first else findings.record.system.fingerprint()


def rows_of(findings: Findings, sentences: Sentences) -> Rows:
    """Every pair of a record."""
    own = Sentences(sentences.phrases, findings.record.scenario)
    views = [view for one in findings.workloads for view in pair_views(WorkloadView(one, findings, own))]
    return {(view.pair.variant.name, view.pair.against.name): view for view in views}


def answers(systems: Sequence[Findings], shown: Findings, sentences: Sentences) -> Markdown:
    """What other systems answer to a measurement's question, a line each, with a link to their pages."""
    lines = [_answer(one, systems, sentences) for one in systems if one is not shown]
    if not lines:
        return Markdown("")
    head = Markdown("{}\n{{ .elsewhere-head }}").format(sentences.phrases.write("page.elsewhere"))
    return Markdown("\n\n").join([head, Markdown("\n").join(lines)])


def _answer(findings: Findings, systems: Sequence[Findings], sentences: Sentences) -> Markdown:
    name = SystemView(findings.record.system, sentences).name
    link = markdown.link(name, f"{page_name(findings, systems)}.md")
    view = headline(findings, sentences)
    return Markdown("- {}: {}").format(link, cell(view) if view else sentences.phrases.say("verdict.not_measured"))


def headline(findings: Findings, sentences: Sentences) -> PairView | None:
    """The pair that answers a measurement's question; None where it was not measured."""
    found = findings.headline
    if found is None:
        return None
    workload = findings.workload_of(found.variant)
    pair = Pair(workload.variant(found.variant).variant, workload.variant(found.against).variant)
    own = Sentences(sentences.phrases, findings.record.scenario)
    return PairView(pair, WorkloadView(workload, findings, own))


def variants(systems: Sequence[Findings], sentences: Sentences) -> Markdown:
    """Every variant of a measurement on every system; nothing where there is only one."""
    if len(systems) < 2:
        return Markdown("")
    return table(systems, [rows_of(one, sentences) for one in systems], sentences)


def table(systems: Sequence[Findings], found: Sequence[Rows], sentences: Sentences) -> Markdown:
    """Variants as rows; of one system the quality and the verdict as columns, of several a column each.

    Args:
        systems: the newest findings of each system, of one measurement; at least one.
        found: the pairs to show, for each of the systems.
        sentences: of the language.
    """
    say = sentences.phrases.say
    several = len({view.workload.found.choice.name for view in found[0].values()}) > 1
    head = [say(f"column.{name}") for name in (*(("workload",) if several else ()), "variant", "against")]
    if len(systems) > 1:
        head += [SystemView(one.record.system, sentences).name for one in systems]
    else:
        head += [say(f"column.{name}") for name in ("factor", "quality_change", "verdict")]
    rows, last = [], ""
    for key, view in found[0].items():
        title = view.workload.title
        # A workload is named once: below it, its other variants.
        first = ([title if title != last else ""]) if several else []
        last = title
        cells = (
            [_elsewhere(view, of_system.get(key), sentences) for of_system in found]
            if len(systems) > 1
            else [view.factor, view.quality, view.word]
        )
        rows.append([*first, view.title, view.against, *cells])
    return markdown.table(head, rows, ())


def _elsewhere(view: PairView, other: PairView | None, sentences: Sentences) -> str:
    """A pair on another system; a dash where it was not run there, a word where it was run otherwise."""
    if other is None:
        return sentences.phrases.say("cell.none")
    ours, theirs = view.findings.record, other.findings.record
    if ours is not theirs and forbids_ratios(why_not(ours, theirs, view.pair.variant.name)):
        return sentences.phrases.say("cell.other_conditions")
    return cell(other)


def cell(view: PairView) -> Markdown:
    """Ratio with its interval, what it is worth where that is not a gain, and what it costs in quality."""
    say = view.workload.sentences.phrases.say
    parts = [view.factor]
    if view.outcome in SPOKEN:
        parts.append(say(SPOKEN[view.outcome]).lower())
    if view.outcome is not Outcome.NOT_MEASURED:
        parts.append(say("cell.quality", change=view.quality))
    return Markdown("; ").join(parts)
