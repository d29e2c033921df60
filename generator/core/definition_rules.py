"""What the parts of a definition must have to do with each other; what each may be by itself, its own type says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.core.definition import Measurement, Scenario, WorkloadChoice
from generator.core.errors import suggest
from generator.core.problem import Location, Problem


def inconsistencies(m: Measurement) -> Iterator[Problem]:
    """What parts of a definition, each sound by itself, have against each other; with locations in the file."""
    yield from _repeated("workloads", [w.name for w in m.workloads])
    yield from _repeated("variants", [v.name for v in m.variants])
    workloads = {w.name for w in m.workloads}
    for index, variant in enumerate(m.variants):
        if not variant.workload:
            known = f"Known: {', '.join(sorted(workloads))}."
            yield Problem(f"variant '{variant.name}' names no workload", known, ("variants", index))
        elif variant.workload not in workloads:
            reason = f"variant '{variant.name}' names the unknown workload '{variant.workload}'"
            yield Problem(reason, suggest(variant.workload, workloads), ("variants", index, "workload"))
    for name in sorted(workloads):
        yield from _unsound_baselines(name, m)
    if (m.scenario is Scenario.SERVER) != (m.latency_bound_ms is not None):
        reason = "the key 'latency_bound_ms' belongs to the scenario 'server', which needs it"
        key = "scenario" if m.latency_bound_ms is None else "latency_bound_ms"
        yield Problem(reason, "Give both or neither.", (key,))
    for index, workload in enumerate(m.workloads):
        yield from _unsound_steps(workload, m, ("workloads", index))
    yield from _stray_batches(m)
    yield from _stray_card_options(m)
    yield from _unknown_in_headline(m)
    yield from _unasked(m)
    yield from _unsound_core(m)


def _repeated(table: str, names: list[str]) -> Iterator[Problem]:
    for name in sorted({n for n in names if names.count(n) > 1}):
        reason = f"{names.count(name)} {table} are called '{name}'"
        yield Problem(reason, "Give each one a name of its own.", (table, names.index(name, names.index(name) + 1)))


def _unsound_baselines(workload: str, m: Measurement) -> Iterator[Problem]:
    baselines = [(index, v.name) for index, v in enumerate(m.variants) if v.workload == workload and v.baseline]
    if not baselines:
        place = ("workloads", [w.name for w in m.workloads].index(workload))
        remedy = "Write 'baseline = true' in one of its variants."
        yield Problem(f"workload '{workload}' has no baseline", remedy, place)
    elif len(baselines) > 1:
        names = ", ".join(name for _, name in baselines)
        reason = f"workload '{workload}' has {len(baselines)} baselines ({names})"
        yield Problem(reason, "Keep one.", ("variants", baselines[1][0], "baseline"))


def _unsound_steps(workload: WorkloadChoice, m: Measurement, table: Location) -> Iterator[Problem]:
    steps, own = workload.steps, [v.name for v in m.variants_of(workload.name)]
    said, place = f"workloads '{workload.name}'", (*table, "steps")
    for index, name in enumerate(steps):
        if name not in own:
            yield Problem(f"{said}: steps name the unknown variant '{name}'", suggest(name, own), (*place, index))
    for name in sorted({name for name in steps if steps.count(name) > 1}):
        again = (*place, steps.index(name, steps.index(name) + 1))
        yield Problem(f"{said}: '{name}' stands twice among the steps", "Keep one.", again)
    if len(steps) == 1:
        yield Problem(f"{said}: one step is no ladder", "Name the variants in their order, or none.", place)
    if steps and own and steps[0] in own and steps[0] != own[0]:
        yield Problem(f"{said}: steps must begin with the baseline '{own[0]}'", "Put it first.", place)


def _stray_batches(m: Measurement) -> Iterator[Problem]:
    for index, variant in enumerate(m.variants):
        if variant.samples_per_query and m.scenario is not Scenario.OFFLINE:
            key = "the key 'samples_per_query', which belongs to the scenario 'offline'"
            remedy = "Delete it, or change the scenario."
            yield Problem(f"variant '{variant.name}' has {key}", remedy, ("variants", index, "samples_per_query"))


def _stray_card_options(m: Measurement) -> Iterator[Problem]:
    for index, variant in enumerate(m.variants):
        place = ("variants", index, "options")
        asked = [f"'{name}'" for name in ("graph", "pinned") if variant.options.get(name)]
        asked += ["precision = 'tf32'"] if variant.options.get("precision") == "tf32" else []
        if asked and variant.options.get("device") != "cuda":
            options = f"the options {', '.join(asked)}, which need the option device = 'cuda'"
            yield Problem(f"variant '{variant.name}' has {options}", "Add it, or delete them.", place)
        if variant.options.get("graph") and variant.options.get("compile"):
            options = "the options 'graph' and 'compile', of which one excludes the other"
            yield Problem(f"variant '{variant.name}' has {options}", "", place)


def _unknown_in_headline(m: Measurement) -> Iterator[Problem]:
    if m.headline:
        for role, chosen in (("variant", m.headline.variant), ("against", m.headline.against)):
            if chosen not in m.variant_names:
                reason = f"headline.{role} names the unknown variant '{chosen}'"
                yield Problem(reason, suggest(chosen, m.variant_names), ("headline", role))


_ASKS = re.compile(r"\b(?:вдвое|втрое|вчетверо|в (?:два|три|четыре) раза|twice|(?:three|four) times)\b", re.IGNORECASE)
"""Words of a question that is answered by yes or no: whether a factor is reached."""


def _unasked(m: Measurement) -> Iterator[Problem]:
    """A question of a factor whose answer could not say whether it is reached."""
    if m.headline is None or m.headline.asked is None:
        for language, text in (("ru", m.question.ru), ("en", m.question.en)):
            if found := _ASKS.search(text):
                reason = f"the question asks whether something is '{found[0]}', and no answer could say so"
                remedy = "Write the factor into the table 'headline': asked = 2."
                yield Problem(reason, remedy, ("question", language))
                return


def _unsound_core(m: Measurement) -> Iterator[Problem]:
    if m.core and m.suite != "core":
        reason = f"the key 'core' belongs to the suite 'core', this is '{m.suite}'"
        yield Problem(reason, "Delete it, or change the suite.", ("core",))
    for index, name in enumerate(m.core):
        if name not in m.variant_names:
            reason = f"core names the unknown variant '{name}'"
            yield Problem(reason, suggest(name, m.variant_names), ("core", index))
    for workload in (one.name for one in m.workloads) if m.core else ():
        own = [v for v in m.variants_of(workload) if v.name in m.core]
        if len(own) == 1:
            reason = f"core names of workload '{workload}' one variant alone, '{own[0].name}'"
            yield Problem(reason, "Add what is compared with it, or delete it.", ("core", m.core.index(own[0].name)))
    for name in (m.headline.variant, m.headline.against) if m.core and m.headline else ():
        if name in m.variant_names and name not in m.core:
            reason = f"core leaves out '{name}' of the headline, so that it answers no question"
            yield Problem(reason, "Add it.", ("core",))
