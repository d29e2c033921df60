"""What `reproduce` and `list --stale` say: whether a result holds here, and which results are old."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.markup import escape

from generator.cli.console_compare import ratio_text
from generator.core.record import Record
from generator.results.confirmation import Confirmation, Outcome
from generator.results.freshness import Freshness

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "system.host_processor_model_name": "the processor",
        "system.host_processor_family_model_stepping": "the processor's stepping",
        "system.host_processor_isa": "the instruction set",
        "system.architecture": "the architecture",
        "system.accelerator_model_name": "the accelerator",
    }
)
"""Fields of a record in words; the others are called by their own names."""


def print_confirmation(console: Console, first: Record, found: Confirmation) -> None:
    """Say whether the second run agrees with the first, and what differs."""
    console.print(f"[bold]{verdict_text(found)}[/]", highlight=False, soft_wrap=True)
    for pair in found.pairs:
        if pair.ours.against_baseline and pair.theirs.against_baseline:
            there, here = pair.ours.against_baseline.speedup, pair.theirs.against_baseline.speedup
            text = f"  {pair.ours.variant.name}: {ratio_text(there)} there, {ratio_text(here)} here"
            console.print(escape(text), highlight=False, soft_wrap=True)
    for one in found.differences:
        text = f"  {one.field}: {one.ours} there, {one.theirs} here"
        console.print(escape(text), highlight=False, soft_wrap=True)
    console.print(f"  there: {first.record_id}\n  here:  {found.record.record_id}", highlight=False, soft_wrap=True)


def verdict_text(found: Confirmation) -> str:
    """One sentence: agrees within x %, or differs, and what else differs."""
    match found.outcome:
        case Outcome.AGREES:
            return f"It agrees within {found.largest or 0:.1%}."
        case Outcome.INCOMPARABLE:
            return "The two cannot be compared."
        case Outcome.DIFFERS:
            other = dict.fromkeys(NAMES.get(one.field, one.field) for one in found.differences)
            why = f"what else differs: {', '.join(other)}" if other else "nothing else that is known differs"
            return f"It differs by up to {found.largest or 0:.1%}; {why}."


def confirmation_json(first: Record, found: Confirmation) -> str:
    """The same as data."""
    data = {
        "first": first.record_id,
        "second": found.record.record_id,
        "outcome": found.outcome.value,
        "largest_difference": found.largest,
        "other_machine": found.elsewhere,
        "differences": [{"field": d.field, "first": d.ours, "second": d.theirs} for d in found.differences],
    }
    return json.dumps(data, ensure_ascii=False, indent=1)


def print_stale(console: Console, every: Iterable[Freshness]) -> None:
    """Results that are worth measuring again, and why."""
    stale = [one for one in every if one.stale]
    for one in stale:
        console.print(f"{one.record.record_id}: {escape('; '.join(reasons(one)))}", highlight=False, soft_wrap=True)
    if not stale:
        console.print("No result is stale.")


def reasons(found: Freshness) -> list[str]:
    """Why a result is stale, in words."""
    words = ["its definition has changed"] if found.definition_changed else []
    words += [f"{one.package} {one.measured}, now {one.available}" for one in found.newer]
    return words + ([f"{found.age_days} days old"] if found.is_old else [])


def freshness_data(found: Freshness) -> dict[str, Any]:
    """The same as data."""
    return {
        "record": found.record.record_id,
        "measurement": found.record.measurement,
        "machine": found.record.system.fingerprint(),
        "tier": found.record.tier.value,
        "finished_at": found.record.finished_at.isoformat(),
        "age_days": found.age_days,
        "definition_changed": found.definition_changed,
        "newer": [{"package": n.package, "measured": n.measured, "available": n.available} for n in found.newer],
        "stale": found.stale,
    }
