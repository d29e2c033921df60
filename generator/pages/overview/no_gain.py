"""The page of what did not help: negative results, from the same records and with the same care."""

from __future__ import annotations

from generator.pages.overview.measured import Results, lines
from generator.pages.template import Environment, render
from generator.pages.views.pair import PairView
from generator.results.overview import NO_GAIN
from generator.words import markdown
from generator.words.markdown import Markdown


def no_gain_page(results: Results) -> str:
    """Every published comparison that is slower, shows no difference, or pays for speed with quality."""
    say = results.phrases.say
    found = [view for view in results.pairs if view.outcome in NO_GAIN]
    context = {
        "groups": [
            (
                say(f"no_gain.{one}"),
                one.replace("_", "-"),
                _table([view for view in found if view.outcome is one], results),
            )
            for one in NO_GAIN
            if any(view.outcome is one for view in found)
        ],
        "say": say,
        "sentences": lines(results.without_gain(_answers(results))),
        "tally": results.tally(results.pairs),
        "write": results.phrases.write,
    }
    head = markdown.front_matter(title=say("no_gain.title"), description=say("no_gain.lede"))
    return head + Markdown("\n" + render(Environment(results.language), "no_gain.md.j2", context))


def _answers(results: Results) -> list[PairView]:
    """Pairs that answer a measurement's question, on each system."""
    every = [findings for page in results.published for findings in page.systems]
    return [view for one in every if (view := results.headline(one))]


def _table(found: list[PairView], results: Results) -> Markdown:
    head = [results.phrases.say(f"column.{name}") for name in ("comparison", "factor", "quality_change", "measurement")]
    rows = []
    for view in found:
        say = results.phrases.say
        compared = say("cell.compared", variant=view.title, against=view.against)
        place = results.link(view.findings.measurement, findings=view.findings)
        where = Markdown("{}, {}").format(place, results.system(view.findings).name)
        rows.append([compared, view.factor, view.quality, where])
    return markdown.table(head, rows, ())
