"""The page on which a reader's own record stands over the published ones: everything happens in the browser.

What the script (theme/assets/js/your-record) knows, it reads from `published.json`: the ratios of every published
record, and the constants of the protocol by which it forms the reader's own. Every word is the page's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from generator.core import protocol
from generator.core.cell import tidy
from generator.core.record import SCHEMA_VERSION
from generator.core.record_file import MAX_RECORD_BYTES
from generator.pages import script_rules
from generator.pages.downloads import LICENCE, LICENCE_ADDRESS
from generator.pages.sentences import Sentences, localized
from generator.pages.template import Environment, render
from generator.pages.views.system import SystemView
from generator.results.comparability import baseline_of
from generator.results.findings import Findings, WorkloadFindings
from generator.words import markdown
from generator.words.markdown import Markdown, html_text
from generator.words.phrases import Phrases

MOST_BLOCKS = 200
"""Blocks up to which Student's quantiles are given; a run has 60 at most."""

SCRIPT = "your-record/page.js"
"""Below assets/js; loaded on this page alone."""

_PREFIX = "your_record."


def files(found: Mapping[str, Sequence[Findings]], words: Phrases) -> Iterator[tuple[str, bytes]]:
    """The page and what its script reads, by path; `found` has the findings of every measurement by its name."""
    context = {
        "command": markdown.code_block("python -m generator measure NAME", "bash"),
        "compare": markdown.code_block("python -m generator compare RECORD.json RECORD", "bash"),
        "widget": widget(words),
    }
    body = render(Environment(words.language), f"{words.language.value}/your-record.md.j2", context)
    title, description = words.say("your_record.title"), words.say("your_record.description")
    head = markdown.front_matter(title=title, description=description, script=SCRIPT)
    yield "your-record/index.md", (head + Markdown("\n" + body)).encode()
    yield "your-record/published.json", published(found, words)


def widget(phrases: Phrases) -> Markdown:
    """The form and the places for what the script finds, as raw HTML on one line."""
    words = {
        key.removeprefix(_PREFIX): text
        for key, text in phrases.texts.items()
        if key.startswith(_PREFIX) and isinstance(text, str)
    }
    label, hint = (html_text(words[name]) for name in ("choose", "drop"))
    return Markdown(
        f'<div class="your-record" data-search-exclude data-published="published.json" '
        f'data-words="{html_text(json.dumps(words, ensure_ascii=False))}"><form class="reader-form" hidden><p>'
        f'<label for="your-record-file">{label}</label>'
        f'<input id="your-record-file" type="file" accept=".json,application/json"></p>'
        f'<p class="your-record__hint">{hint}</p></form>'
        f'<p class="your-record__error" role="alert" hidden></p><p class="your-record__status" role="status">'
        f"{html_text(words['needs'])}</p>"
        f'<div class="your-record__result"></div></div>'
    )


def published(main: Mapping[str, Iterable[Findings]], phrases: Phrases) -> bytes:
    """What a reader's record is compared with: the published records of each measurement, newest first.

    Args:
        main: findings of every measurement by its name.
        phrases: of the language that the titles are in.
    """
    sentences = Sentences(phrases)
    measurements = {
        name: {
            "title": localized(found[0].measurement.title, phrases.language),
            "address": f"../measurements/{name}/",
            "workloads": {one.name: localized(one.title, phrases.language) for one in found[0].measurement.workloads},
            "variants": _titles(found[0], sentences),
            "records": [_record(one, sentences) for one in found],
        }
        for name, findings in main.items()
        if (found := [one for one in findings if one.record.publishable])
    }
    data = {
        "schema_version": SCHEMA_VERSION,
        "most_bytes": MAX_RECORD_BYTES,
        "statistics": {str(scenario): statistic for scenario, statistic in protocol.STATISTICS.items()},
        **script_rules.statistic(MOST_BLOCKS),
        "measurements": measurements,
        "licence": {"name": LICENCE, "address": LICENCE_ADDRESS},
    }
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def _titles(findings: Findings, sentences: Sentences) -> dict[str, str]:
    return {one.variant.name: sentences.title(one) for work in findings.workloads for one in work.variants}


def _record(findings: Findings, sentences: Sentences) -> dict[str, Any]:
    record = findings.record
    return {
        "record": record.record_id,
        "system": SystemView(record.system, sentences).name,
        "date": sentences.language.date(record.finished_at.date()),
        # What must be alike before two ratios stand side by side: see results/comparability.py.
        "protocol_version": record.protocol_version,
        "scenario": str(record.scenario),
        "threads": record.controls.threads,
        "workloads": {one.record.name: _workload(findings, one) for one in findings.workloads},
    }


def _workload(findings: Findings, workload: WorkloadFindings) -> dict[str, Any]:
    baseline = baseline_of(findings.record, workload.record.name)
    return {
        "kind": workload.record.kind,
        "model": workload.record.model,
        "data_sha256": workload.record.data_sha256,
        "timed_inputs": workload.record.timed_inputs,
        "baseline": [baseline.runtime, str(baseline.precision), *baseline.transforms],
        "variants": {
            one.variant.name: {
                "precision": str(one.record.precision),
                "speedup": [tidy(estimate.point), tidy(estimate.interval.low), tidy(estimate.interval.high)],
            }
            for one in workload.variants
            if one.against_baseline and (estimate := one.against_baseline.speedup)
        },
    }
