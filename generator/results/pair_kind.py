"""In what two variants differ, told from their definitions: release, runtime, number format, network, settings."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from generator.core.definition import Measurement, Option, Precision, Variant


class PairKind(StrEnum):
    """The one thing that two variants differ in."""

    RELEASE = "release"
    """Another release of the same runtime: what time alone brings."""

    RUNTIME = "runtime"
    FORMAT = "format"
    """Shorter numbers."""

    NETWORK = "network"
    """Another or a smaller network for the same task."""

    MACHINE = "machine"
    """Other instructions of the processor, or another device."""

    SETTINGS = "settings"
    """Batches, threads, and whatever else a runtime is told."""

    SEVERAL = "several"
    """More than one of these at once."""


MACHINE_OPTIONS = frozenset({"device", "instructions"})
"""Options of runtimes that say on what a variant runs."""

FORMATS = frozenset({"export_onnx"})
"""Transforms that leave the network and its numbers as they are."""

QUANTIZE = "quantize_"
"""What the names of transforms begin with that shorten numbers."""

_Settings = tuple[tuple[str, Option], ...]


def pair_kind(variant: Variant, against: Variant) -> PairKind:
    """In what a variant differs from another one of its workload."""
    found = [kind for kind, ours, theirs in _sides(variant, against) if ours != theirs]
    if PairKind.RUNTIME in found:  # its own release and its own options come with it
        found = [one for one in found if one not in (PairKind.RELEASE, PairKind.SETTINGS)]
    return found[0] if len(found) == 1 else PairKind.SEVERAL


def counterparts(measurement: Measurement, variant: str, against: str) -> Iterator[tuple[str, str]]:
    """The same change in each of the measurement's other workloads, where it was made: variant and baseline."""
    asked = measurement.variant(variant), measurement.variant(against)
    whole_ways = [(one.steps[-1], one.steps[0]) for one in measurement.workloads if one.steps]
    if (variant, against) in whole_ways:  # all steps of a ladder, whichever there are
        yield from (pair for pair in whole_ways if pair != (variant, against))
        return
    for workload in measurement.workloads:
        if workload.name != asked[0].workload:
            own = measurement.variants_of(workload.name)
            pairs = ((one.name, other.name) for one in own for other in own if _alike(asked, (one, other)))
            yield from list(pairs)[:1]


def _alike(asked: tuple[Variant, Variant], pair: tuple[Variant, Variant]) -> bool:
    """Whether a pair differs in what another one does, from the same to the same; the rest is the pair's own."""
    if pair[0].name == pair[1].name:
        return False
    for first, second in zip(_sides(*asked), _sides(*pair), strict=True):
        changed = first[1] != first[2]
        if changed and first[1:] != second[1:]:
            return False
        if not changed and second[1] != second[2]:
            return False
    return True


def _sides(variant: Variant, against: Variant) -> list[tuple[PairKind, object, object]]:
    return [(kind, value, other) for (kind, value), (_, other) in zip(_parts(variant), _parts(against), strict=True)]


def _parts(one: Variant) -> list[tuple[PairKind, object]]:
    """What a variant is, by the kinds of difference."""
    release = tuple(pin for pin in one.environment if pin.startswith(f"{one.runtime}=="))
    machine = tuple(sorted((name, value) for name, value in one.options.items() if name in MACHINE_OPTIONS))
    network = tuple(
        (step.name, tuple(sorted(step.options.items())))
        for step in one.transforms
        if step.name not in FORMATS and not step.name.startswith(QUANTIZE)
    )
    return [
        (PairKind.RUNTIME, one.runtime),
        (PairKind.RELEASE, release),
        (PairKind.FORMAT, (one.precision, tuple(s.name for s in one.transforms if s.name.startswith(QUANTIZE)))),
        (PairKind.NETWORK, repr(network)),
        (PairKind.MACHINE, machine),
        (PairKind.SETTINGS, (_settings(one), one.threads, one.samples_per_query)),
    ]


def _settings(one: Variant) -> _Settings:
    """Options that say nothing of the machine or the number format."""
    plain = {name: value for name, value in one.options.items() if name not in MACHINE_OPTIONS}
    if plain.get("precision") in {*Precision}:
        del plain["precision"]
    return tuple(sorted(plain.items()))
