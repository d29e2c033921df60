"""The page of machines: what each is, what it can do at most, how steady it is, and its answers beside others'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.core.record import Ceiling
from generator.pages import side_by_side
from generator.pages.overview.measured import Results
from generator.pages.sentences import bound, localized
from generator.pages.template import Environment, render
from generator.pages.views.system import SystemView
from generator.results.estimate import Spread, spread
from generator.results.findings import Findings
from generator.results.overview import by_system
from generator.words import markdown
from generator.words.language import Language
from generator.words.markdown import Markdown

MOST_MACHINES = 12
"""Machines that the page describes, those with most measurements first, and as many columns of its first table."""


@dataclass(frozen=True)
class Machine:
    """One system and everything published of it."""

    fingerprint: str
    findings: tuple[Findings, ...]
    """The newest publishable ones of each measurement; at least one."""

    results: Results

    @property
    def system(self) -> SystemView:
        """The machine itself, as its newest record describes it."""
        return self.results.system(self._newest)

    @property
    def _newest(self) -> Findings:
        return max(self.findings, key=lambda one: one.record.finished_at)

    def facts(self) -> Markdown:
        """What it consists of, as a list of definitions."""
        say, view, system = self.results.phrases.say, self.system, self._newest.record.system
        pairs = {
            "processor": view.processor,
            "type": view.type,
            "cores": view.cores,
            "caches": system.host_processor_caches or say("fact.unknown"),
            "memory": view.memory,
            "accelerator": system.accelerator_model_name or say("fact.no_accelerator"),
            "os": system.operating_system,
            "kernel": system.kernel,
        }
        items = "".join(
            f"<dt>{markdown.html_text(say(f'fact.{name}'))}</dt><dd>{markdown.html_text(value)}</dd>"
            for name, value in pairs.items()
        )
        return Markdown(f'<dl class="facts">{items}</dl>')

    def isa(self) -> list[str]:
        """Instruction sets that matter, explained."""
        return self.system.isa

    def ceilings(self) -> Markdown:
        """The most that was seen of it: products of matrices by number format, and memory by working set."""
        phrases, record = self.results.phrases, self._with_ceilings()
        if record is None or record.record.ceilings is None:
            return Markdown("")
        head = [phrases.say(f"column.{name}") for name in ("ceiling", "threads", "most_seen", "ran_by")]
        rows = [self._ceiling(one) for one in _best(record.record.ceilings.found)]
        return markdown.table(head, rows, (1,))

    def _with_ceilings(self) -> Findings | None:
        having = [one for one in self.findings if one.record.ceilings]
        return max(having, key=lambda one: one.record.finished_at, default=None)

    def _ceiling(self, one: Ceiling) -> list[str]:
        say, language, seen = self.results.phrases.say, self.results.language, spread(one.per_second)
        if one.kind == "matrix product":
            what = say("ceiling.matrix", precision=str(one.precision))
            most = say("ceiling.flops", number=_range(seen, 1e9, language))
        else:
            what = say("ceiling.memory", size=language.size(one.working_set_bytes))
            most = say("ceiling.bytes", number=_range(seen, 1e9, language))
        ran = f"{one.runtime}, {one.kernel or one.kind}"
        return [what, language.decimal(one.threads, 0), most, ran]

    def noise(self) -> str:
        """How far the baseline was from itself, over all its A/A controls."""
        say, language = self.results.phrases.say, self.results.language
        controls = [one.control for found in self.findings for one in found.workloads if one.control]
        if not controls:
            return say("systems.no_control")
        return say(
            "systems.noise",
            runs=len(controls),
            alarms=sum(not one.speedup.interval.contains(1.0) for one in controls),
            bound=language.plus_minus(max(abs(one.speedup.point - 1) for one in controls)),
            reach=language.plus_minus(max(bound(one.speedup) for one in controls)),
        )

    def records(self) -> Markdown:
        """Its measurements with their answers."""
        phrases, results = self.results.phrases, self.results
        head = [phrases.say(f"column.{name}") for name in ("measurement", "answer", "tier", "date")]
        rows = []
        for one in self.findings:
            view = results.headline(one)
            answer = side_by_side.cell(view) if view else phrases.say("verdict.not_measured")
            day = results.language.date(one.record.finished_at.date())
            tier = phrases.of("tier", one.record.tier)
            rows.append([results.link(one.measurement, findings=one), answer, tier, day])
        return markdown.table(head, rows, ())


def _best(found: Sequence[Ceiling]) -> Iterator[Ceiling]:
    """The fastest of each number format or working set, with as many threads."""
    best = dict[tuple[str, int, int], Ceiling]()
    for one in found:
        size = one.working_set_bytes if one.precision is None else 0
        # A triad's three arrays may fill their working set a few bytes short of a copy's two.
        key = (str(one.precision), one.threads, round(size / 2**10))
        if key not in best or spread(one.per_second).median > spread(best[key].per_second).median:
            best[key] = one
    yield from best.values()


def _range(seen: Spread, scale: float, language: Language) -> str:
    """A median and the range around it, in one unit."""
    centre, low, high = (language.number(value / scale) for value in (seen.median, seen.least, seen.most))
    return f"{centre} ({low}–{high})" if low != high else centre


def systems_page(results: Results) -> str:
    """The page of all systems that have published records."""
    say = results.phrases.say
    grouped = by_system({page.findings.measurement.name: page.systems for page in results.published})
    every = [Machine(name, found, results) for name, found in grouped.items()]
    machines = every[:MOST_MACHINES]
    shared = [page for page in results.published if len(page.systems) > 1]
    context = {
        "beside": [
            (
                results.link(page.findings.measurement),
                localized(page.findings.measurement.question, results.language),
                results.table(page.systems),
            )
            for page in shared
        ],
        "overview": _overview(machines, results) if len(machines) > 1 else Markdown(""),
        "machines": machines,
        "more": say("systems.more", shown=len(machines), all=len(every)) if len(every) > len(machines) else "",
        "say": say,
        "write": results.phrases.write,
    }
    head = markdown.front_matter(title=say("systems.title"), description=say("systems.lede"))
    return head + Markdown("\n" + render(Environment(results.language), "systems.md.j2", context))


def _overview(machines: Sequence[Machine], results: Results) -> Markdown:
    """Answers of all measurements, a column a system."""
    say = results.phrases.say
    answers: Mapping[str, Mapping[str, Findings]] = {
        page.findings.measurement.name: {one.record.system.fingerprint(): one for one in page.systems}
        for page in results.published
    }
    head = [say("column.measurement"), *(one.system.name for one in machines)]
    rows = []
    for page in results.published:
        found = answers[page.findings.measurement.name]
        cells = []
        for machine in machines:
            one = found.get(machine.fingerprint)
            view = results.headline(one) if one else None
            cells.append(side_by_side.cell(view) if view else say("cell.none"))
        link = results.link(page.findings.measurement)
        part = page.answer_part  # the answer speaks of one workload of several
        rows.append([Markdown("{}<br>{}").format(link, part) if part else link, *cells])
    return markdown.table(head, rows, ())
