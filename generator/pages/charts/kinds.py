"""Which charts there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.draw.chart import Chart
from generator.pages.charts.batching import batching
from generator.pages.charts.health import health
from generator.pages.charts.ladder import ladder
from generator.pages.charts.latency import latency
from generator.pages.charts.length import length
from generator.pages.charts.quality import quality
from generator.pages.charts.releases import releases
from generator.pages.charts.roofline import roofline
from generator.pages.charts.speed import blocks, speedup
from generator.pages.charts.subject import Subject
from generator.pages.charts.taken import taken
from generator.pages.sentences import Sentences
from generator.results.findings import Findings

KINDS: dict[str, Callable[[Subject], Chart | None]] = {
    "speedup": speedup,
    "ladder": ladder,
    "quality": quality,
    "latency": latency,
    "batching": batching,
    "taken": taken,
    "roofline": roofline,
    "blocks": blocks,
    "health": health,
}
"""Charts of one workload, by the name that templates use; one that has no numbers to show is None.

A package of somebody else's adds its own.
"""


WHOLE: dict[str, Callable[[Findings, Sentences], Chart | None]] = {"releases": releases, "length": length}
"""Charts of all workloads of a measurement together."""


def whole_charts(findings: Findings, sentences: Sentences) -> Iterator[Chart]:
    """All charts that a measurement's workloads make together."""
    for make in WHOLE.values():
        chart = make(findings, sentences)
        if chart is not None:
            yield chart


def charts(subject: Subject) -> Iterator[Chart]:
    """All charts for which a workload has numbers."""
    for make in KINDS.values():
        chart = make(subject)
        if chart is not None:
            yield chart
