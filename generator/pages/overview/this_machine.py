"""The page "This machine": what the machine that builds the site answers, beside what is published."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from generator.core.record import Failure
from generator.draw.gallery import Gallery
from generator.pages.charts.own import own_answers
from generator.pages.figure import figure
from generator.pages.overview.measured import Results
from generator.pages.sentences import localized
from generator.pages.side_by_side import headline
from generator.pages.template import Environment, render
from generator.pages.views.pair import PairView
from generator.pages.views.system import SystemView
from generator.results.comparison import difference
from generator.results.confirmation import AGREEMENT
from generator.results.findings import Findings
from generator.results.quality import Gate
from generator.results.this_machine import Answer, Reason, Standing, ThisMachine
from generator.words import markdown
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases

PLACE = "this-machine"

MOST_PACKAGES = 6
"""Packages of other versions that a page names for each measurement; the rest is in the records."""


@dataclass(frozen=True)
class OwnPage:
    """The page in one language."""

    machine: ThisMachine
    results: Results
    gallery: Gallery

    @property
    def phrases(self) -> Phrases:
        """The words."""
        return self.results.phrases

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The page and its chart, by path."""
        chart = own_answers(self.machine, self.phrases)
        records = tuple(one.own.here.record.record_id for one in self.machine.measured if one.own)
        cited = self.phrases.say("own.title")
        drawn = figure(chart, self.gallery, self.phrases, PLACE, cited, records) if chart else None
        body = render(
            Environment(self.results.language),
            f"{self.results.language.value}/this-machine.md.j2",
            {**self._context(), "chart": drawn.markdown() if drawn else Markdown("")},
        )
        head = markdown.front_matter(title=self.phrases.say("own.title"), description=self.phrases.say("own.lede"))
        yield f"{PLACE}/index.md", (head + Markdown("\n" + body)).encode()
        for name, content in drawn.files() if drawn else ():
            yield f"{PLACE}/{name}", content

    def _context(self) -> dict[str, object]:
        machine, say = self.machine, self.phrases.say
        doubtful = machine.of(Standing.DIFFERS, Standing.CANNOT_TELL)
        return {
            "agreement": self.results.language.percent(AGREEMENT, 0),
            "all_command": markdown.code_block("python -m generator build --suite all", "bash"),
            "answers": self._answers(),
            "command": markdown.code_block("python -m generator build", "bash"),
            "facts": self._facts(),
            "failed": [self._failed(one) for one in machine.answers if one.failed],
            "install": markdown.code_block("pip install -e '.[measure]' -c constraints.txt", "bash"),
            "known": machine.system is not None,
            "left": self._left(),
            "measured": bool(machine.measured),
            "one_kind": any(one.one_kind for one in machine.measured),
            "only_command": markdown.code_block("python -m generator build --only NAME", "bash"),
            "say": say,
            "summary": self._summary(),
            "whole_time": self._whole_time(),
            "why": [self._why(one) for one in doubtful],
            "write": self.phrases.write,
        }

    def _summary(self) -> Markdown:
        machine = self.machine
        return self.phrases.write(
            "own.summary",
            measured=len(machine.measured),
            all=len(machine.answers),
            agree=len(machine.of(Standing.AGREES)),
            differ=len(machine.of(Standing.DIFFERS)),
            unknown=len(machine.of(Standing.CANNOT_TELL)),
        )

    def _facts(self) -> Markdown:
        """What the machine is."""
        if self.machine.system is None:
            return Markdown("")
        say, view = self.phrases.say, SystemView(self.machine.system, self.results.sentences)
        pairs = {
            "processor": view.short_name,
            "cores": view.cores,
            "memory": view.memory,
            "os": self.machine.system.operating_system,
        }
        items = "".join(
            f"<dt>{markdown.html_text(say(f'fact.{name}'))}</dt><dd>{markdown.html_text(value)}</dd>"
            for name, value in pairs.items()
        )
        return Markdown(f'<dl class="facts">{items}</dl>')

    def _answers(self) -> Markdown:
        """What was measured here, a row each."""
        head = [self.phrases.say(f"column.{name}") for name in ("measurement", "own_here", "own_published", "own_said")]
        return markdown.table(head, [self._row(one) for one in self.machine.measured], ())

    def _row(self, answer: Answer) -> list[str]:
        here, published = answer.own.here if answer.own else None, answer.published
        return [
            self.results.link(answer.measurement),
            self._told(here, self._link(answer, here)) if here else self.phrases.say("cell.none"),
            self._told(published, self._machine(answer, published)) if published else self.phrases.say("cell.none"),
            self._said(answer),
        ]

    def _told(self, findings: Findings, where: Markdown) -> Markdown:
        """An answer with its quality, and where it is from."""
        view = headline(findings, self.results.sentences)
        return Markdown("{}<br>{}").format(self._number(view), where)

    def _number(self, view: PairView | None) -> Markdown:
        say = self.phrases.say
        if view is None or view.comparison.found is None:
            return Markdown.escape(say("verdict.not_measured"))
        quality = say("cell.quality", change=view.quality)
        gate = view.comparison.variant.gate
        parts = [quality] if gate is Gate.UNKNOWN else [quality, say(f"own_gate.{gate}")]
        return Markdown("**{}**<br>{}").format(view.factor, "; ".join(parts))

    def _link(self, answer: Answer, here: Findings) -> Markdown:
        """To this machine's own page of the measurement; to its record where it has none."""
        page = self.results.pages.get(answer.measurement.name)
        ours, record = here.record.system.fingerprint(), here.record
        own = next((one for one in page.systems if one.record.system.fingerprint() == ours), None) if page else None
        day = self.results.language.date(record.finished_at.date())
        if own and record.publishable:
            return self.results.link(answer.measurement, self.phrases.say("own.page", date=day), findings=own)
        address = f"../measurements/{answer.measurement.name}/{record.record_id}.json"
        return markdown.link(self.phrases.say("own.record", date=day), address)

    def _machine(self, answer: Answer, published: Findings) -> Markdown:
        if answer.one_kind:
            return Markdown.escape(self.phrases.say("own.same_kind"))
        return Markdown.escape(SystemView(published.record.system, self.results.sentences).short_name)

    def _said(self, answer: Answer) -> Markdown:
        say = self.phrases.say
        text = Markdown("**{}**").format(say(f"own_standing.{answer.standing}"))
        if answer.doubt:
            text += Markdown("<br>{}").format(say(f"own_doubt.{answer.doubt}"))
        elif size := self._size(answer):
            text += Markdown("<br>{}").format(size)
        if answer.own and answer.own.speaks:
            text += Markdown("<br>{}").format(say("own.speaks"))
        return text

    def _size(self, answer: Answer) -> str:
        """How far the two answers are from each other; what else parts them where that is not their speed."""
        ours = answer.own.here.headline if answer.own else None
        theirs = answer.published.headline if answer.published else None
        if ours is None or theirs is None:
            return ""
        mean = difference(ours.speedup, theirs.speedup).mean
        if answer.standing is Standing.AGREES:
            share = self.results.language.percent(math.expm1(abs(mean)))
            return self.phrases.say("own.apart", share=share)
        key = "own.less" if mean < 0 else "own.more"
        return self.phrases.say(key, times=self.results.language.factor(math.exp(abs(mean)), 2))

    def _why(self, answer: Answer) -> tuple[Markdown, Markdown]:
        """A measurement, and what its two records differ in, a line each."""
        reasons = list(answer.reasons)
        packages = [one for one in reasons if one.key == "package"]
        lines = [self._reason(one) for one in reasons if one.key != "package"]
        if packages:
            named = [f"{one.name} {one.ours} ({one.theirs})" for one in packages[:MOST_PACKAGES]]
            more = len(packages) - len(named)
            key = "own.packages_more" if more else "own.packages"
            lines.append(self.phrases.say(key, packages=", ".join(named), more=more))
        if not lines:
            key = "own.alone" if answer.published is None else "own.nothing_known"
            lines.append(self.phrases.say(key))
        title = Markdown("{}: {}").format(
            self.results.link(answer.measurement), self.phrases.say(f"own_standing.{answer.standing}")
        )
        return title, Markdown("\n").join(Markdown("- {}").format(line) for line in lines)

    def _reason(self, reason: Reason) -> str:
        return self.phrases.say(f"own_why.{reason.key}", ours=reason.ours, theirs=reason.theirs)

    def _failed(self, answer: Answer) -> tuple[Markdown, Markdown]:
        """A measurement, and what of it failed here: why, and how to mend it."""
        found = dict[str, tuple[list[str], Failure]]()
        for one in answer.failed:
            known = {variant.name: variant for variant in answer.measurement.variants}
            workloads = {workload.name: workload for workload in answer.measurement.workloads}
            part = known.get(one.variant or "") or workloads.get(one.workload or "")
            name = localized(part.title, self.results.language) if part else self.phrases.say("own.all_of_it")
            found.setdefault(one.failure.model_dump_json(), ([], one.failure))[0].append(name)
        lines = [
            Markdown("- **{}**: {}").format(", ".join(names), self.results.sentences.failure_and_remedy(failure))
            for names, failure in found.values()
        ]
        return self.results.link(answer.measurement), Markdown("\n").join(lines)

    def _left(self) -> Markdown:
        """What this machine has no record of, or of only a part, a row each."""
        say = self.phrases.say
        rows = []
        for one in self.machine.answers:
            if reason := self._why_left(one):
                view = headline(one.published, self.results.sentences) if one.published else None
                number = view.factor if view else say("cell.none")
                rows.append([self.results.link(one.measurement), reason, number, self._time(one.expected_s)])
        head = [say(f"column.{name}") for name in ("measurement", "own_reason", "own_published", "own_time")]
        return markdown.table(head, rows, ()) if rows else Markdown("")

    def _why_left(self, one: Answer) -> str:
        """Why a measurement is among what is left; empty where it is not."""
        if one.own is None:
            key = "own.failed" if one.attempt else "own.extended" if one.measurement.suite != "core" else "own.not_yet"
            return self.phrases.say(key)
        if not one.own.here.record.publishable:
            return self.phrases.say("own.first_look")
        return self.phrases.say("own.core_only") if one.own.here.record.core_only else ""

    def _time(self, seconds: float | None) -> str:
        if seconds is None:
            return self.phrases.say("fact.unknown")
        return self.phrases.say("own.minutes", n=max(1, round(seconds / 60)))

    def _whole_time(self) -> str:
        left = [one.expected_s for one in self.machine.answers if self._why_left(one)]
        return self._time(sum(one for one in left if one))
