"""The list of a measurement's records at the end of its page; where there are hundreds, the newest of each machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.pages.sentences import Sentences
from generator.pages.views.system import machine_name
from generator.results.confirmation import tally
from generator.results.findings import Findings
from generator.results.speaking import by_machine
from generator.results.summary import Summary
from generator.words import markdown
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases

FILE = "records.csv"
"""All records, beside the page, where it does not list them all."""

MOST_ROWS = 20
"""Records up to which all are listed."""


def is_cut(others: Sequence[Summary]) -> bool:
    """Whether a page lists some records only."""
    return len(others) > MOST_ROWS


def history(findings: Findings, others: Sequence[Summary], sentences: Sentences) -> Markdown:
    """Records of a measurement, newest first; the one that the page shows is marked.

    Args:
        findings: of the record that the page shows.
        others: summaries of all records, that one among them, newest first.
        sentences: of the language.
    """
    phrases, shown = sentences.phrases, findings.record.record_id
    head = [phrases.say(f"column.{name}") for name in ("date", "system", "tier", "factor", "verdict", "record")]
    listed = by_machine(others)[:MOST_ROWS] if is_cut(others) else others
    rows = [_row(one, one.record_id == shown, sentences) for one in listed]
    parts = [markdown.table(head, rows, (3,))]
    if is_cut(others):
        machines, link = len({one.machine for one in others}), markdown.link(FILE, FILE)
        parts.append(phrases.write("page.history_more", all=len(others), machines=machines, link=link))
    if len(others) == 1:
        parts.append(phrases.write("page.history_none"))
    return Markdown("\n\n").join([*parts, *_confirmed(shown, others, phrases)])


def _row(one: Summary, here: bool, sentences: Sentences) -> list[str]:
    phrases, language, found = sentences.phrases, sentences.language, one.headline
    link, tier = markdown.link("JSON", f"{one.record_id}.json"), phrases.of("tier", one.tier)
    return [
        language.date(one.finished_at.date()),
        machine_name(one.processor, one.isa, one.accelerator, one.system_type, phrases),
        phrases.say("page.history_core", tier=tier) if one.core_only else tier,
        language.factor_estimate(found.speedup) if found else phrases.say("cell.none"),
        sentences.word(found, one.gate) if one.gate else sentences.word(None),
        Markdown("{} ({})").format(link, phrases.say("page.history_main")) if here else link,
    ]


def _confirmed(shown: str, others: Sequence[Summary], phrases: Phrases) -> Iterator[Markdown]:
    """How many other runs say the same; nothing where none can be compared."""
    found = tally(next(one for one in others if one.record_id == shown), others)
    if found.compared:
        yield phrases.write("page.confirmed", agree=found.agree, elsewhere=found.elsewhere, differ=found.differ)
