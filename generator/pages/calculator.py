"""What a million samples cost at the reader's own price: a table of measured rates, and a form that multiplies.

No price is invented. Without JavaScript the table and the formula stand alone; the form appears where the script runs
(theme/assets/js/calculator.js), which takes every number from the table's attributes and every word from the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from generator.pages.views.variant import VariantView
from generator.pages.views.workload import WorkloadView
from generator.results.cost import Cost
from generator.results.energy import DomainEnergy
from generator.results.estimate import Spread, Unknown
from generator.words.markdown import Markdown, html_text
from generator.words.phrases import Phrases

Columns = tuple[tuple[str, str], ...]
"""Name of each column that the script fills, and the key of its title."""

HOURS_PER_MONTH = 730
"""A year's 8,760 hours over twelve; calculator.js reads it from the page."""


def calculator(workloads: Sequence[WorkloadView], phrases: Phrases) -> Markdown:
    """The calculator of a page, as raw HTML on one line; nothing where no variant was timed.

    Of several workloads the form shows the one that the reader chooses; without the script, all are shown.
    """
    timed = [(one, rated) for one in workloads if (rated := _rated(one))]
    if not timed:
        return Markdown("")
    domain = _domain([variant for _, rated in timed for variant in rated])
    parts = "".join(_part(one, rated, domain, len(timed) > 1, phrases) for one, rated in timed)
    titles = {one.found.choice.name: one.title for one, _ in timed}
    return Markdown(
        f'<div class="calculator" data-hours="{HOURS_PER_MONTH}" data-search-exclude>'
        f"{_form(titles, domain, phrases)}{_example(timed[0][1][0], phrases)}"
        f'<p class="calculator__answer" role="status" data-words="{_said(phrases, "calculator.cheapest")}"></p>'
        f"{parts}</div>"
    )


def _rated(workload: WorkloadView) -> list[VariantView]:
    return [one for one in workload.variants if one.found.latency and one.found.latency.sustained]


def _part(workload: WorkloadView, rated: list[VariantView], domain: str | None, named: bool, phrases: Phrases) -> str:
    """One workload's table; its name as a caption where there are several."""
    caption = f"<caption>{html_text(workload.title)}</caption>" if named else ""
    columns = _calculated(domain, any(_token_rates(one) for one in rated))
    return (
        f'<table data-workload="{workload.found.choice.name}">{caption}'
        f"<thead><tr>{''.join(_head(domain, columns, phrases))}</tr></thead>"
        f"<tbody>{''.join(_row(variant, domain, columns, phrases) for variant in rated)}</tbody></table>"
    )


def _said(phrases: Phrases, key: str) -> str:
    """A phrase for raw HTML; its placeholders are the script's to fill."""
    phrase = phrases.texts[key]
    return html_text(phrase if isinstance(phrase, str) else phrase["other"])


def _domain(timed: list[VariantView]) -> str | None:
    """The counter's domain that most variants have, and of those the one that covers most: domains may overlap, so none
    are added up.
    """
    energies = [
        one for variant in timed if not isinstance(variant.found.energy, Unknown) for one in variant.found.energy
    ]
    known = {one.domain: sum(other.domain == one.domain for other in energies) for one in energies}
    return max(energies, key=lambda one: (known[one.domain], one.gross_joules.median)).domain if energies else None


def _form(titles: Mapping[str, str], domain: str | None, phrases: Phrases) -> str:
    fields = [
        ("price", "calculator.price", ""),
        ("utilisation", "calculator.utilisation", phrases.language.decimal(100, 0)),
        ("samples", "calculator.samples", ""),
        *([("energy", "calculator.energy_price", "")] if domain else []),
    ]
    inputs = "".join(
        f'<p><label for="calculator-{field}">{_said(phrases, key)}</label>'
        f'<input id="calculator-{field}" name="{field}" type="text" inputmode="decimal" autocomplete="off" '
        f'value="{value}" aria-describedby="calculator-error"></p>'
        for field, key, value in fields
    )
    error = '<p class="calculator__error" id="calculator-error" role="alert" hidden>'
    choice = _choice(titles, phrases) if len(titles) > 1 else ""
    return f'<form class="reader-form" hidden>{choice}{inputs}{error}{_said(phrases, "calculator.error")}</p></form>'


def _choice(titles: Mapping[str, str], phrases: Phrases) -> str:
    options = "".join(f'<option value="{name}">{html_text(title)}</option>' for name, title in titles.items())
    label = f'<label for="calculator-workload">{_said(phrases, "calculator.workload")}</label>'
    select = f'<select id="calculator-workload" name="workload">{options}</select>'
    return f'<p class="calculator__workload">{label}{select}</p>'


def _example(variant: VariantView, phrases: Phrases) -> str:
    """The price that `prices.toml` gives for the machine, with its source; nothing where it gives none."""
    cost = variant.found.cost
    if not isinstance(cost, Cost):
        return ""
    price, language = cost.price, phrases.language
    words = phrases.say(
        "calculator.example",
        name=price.name,
        price=language.number(price.price_per_hour),
        currency=price.currency,
        utilisation=language.percent(price.utilisation, 0),
        source=price.source,
        date=language.date(price.seen),
    )
    values = f'data-price="{price.price_per_hour!r}" data-utilisation="{100 * price.utilisation!r}"'
    button = f'<button type="button" class="md-button" hidden {values}>{_said(phrases, "calculator.use")}</button>'
    return f'<p class="calculator__example">{html_text(words)} {button}</p>'


def _head(domain: str | None, columns: Columns, phrases: Phrases) -> Iterator[str]:
    yield f'<th scope="col">{_said(phrases, "column.variant")}</th>'
    yield f'<th scope="col" class="num">{_said(phrases, "column.throughput")}</th>'
    if domain:
        title = phrases.say("calculator.energy", domain=domain)
        yield f'<th scope="col" class="num">{html_text(title)}</th>'
    for name, key in columns:
        yield f'<th scope="col" class="num" data-cell="{name}" hidden>{_said(phrases, key)}</th>'


def _calculated(domain: str | None, tokens: bool) -> Columns:
    """Columns that the script fills, and their titles."""
    return (
        ("million", "calculator.million"),
        *((("read", "calculator.tokens_read"), ("written", "calculator.tokens_written")) if tokens else ()),
        ("machines", "calculator.machines"),
        ("month", "calculator.month"),
        *((("electricity", "calculator.electricity"),) if domain else ()),
    )


def _token_rates(variant: VariantView) -> dict[str, float]:
    """Tokens a second of the prompt and of the answer, each while nothing else is done; those that are known."""
    found = variant.found.tokens
    rates = {"read": found.prefill_per_second, "written": found.decode_per_second} if found else {}
    return {name: rate.median for name, rate in rates.items() if isinstance(rate, Spread)}


def _row(variant: VariantView, domain: str | None, columns: Columns, phrases: Phrases) -> str:
    latency = variant.found.latency
    rate, energy = latency.sustained if latency else None, _energy(variant, domain)
    if rate is None:
        return ""
    # A variant that lost too much quality has a price, but is not recommended by it.
    counts = " data-counts" if variant.is_baseline or variant.gate_passed else ""
    kilowatt_hours = energy.gross_joules.median / 3.6 if energy else None
    attributes = f'data-rate="{rate.median:.6g}" data-least="{rate.least:.6g}" data-most="{rate.most:.6g}"{counts}'
    attributes += "".join(f' data-{name}="{tokens:.6g}"' for name, tokens in _token_rates(variant).items())
    cells = [
        f'<th scope="row">{html_text(variant.title)}</th>',
        f'<td class="num">{html_text(variant.throughput)}</td>',
    ]
    if domain:
        none = phrases.say("cell.none")
        shown = phrases.language.number(kilowatt_hours) if kilowatt_hours is not None else none
        cells.append(f'<td class="num">{html_text(shown)}</td>')
        if kilowatt_hours is not None:
            attributes += f' data-kwh="{kilowatt_hours:.6g}"'
    cells += [f'<td class="num" data-cell="{name}" hidden></td>' for name, _ in columns]
    return f"<tr {attributes}>{''.join(cells)}</tr>"


def _energy(variant: VariantView, domain: str | None) -> DomainEnergy | None:
    """Energy of the chosen domain; None where this variant has none."""
    found = variant.found.energy
    return None if isinstance(found, Unknown) else next((one for one in found if one.domain == domain), None)
