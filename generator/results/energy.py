"""Energy of a sample: from counters, with its ratio to the baseline; and a person's estimate, which enters no ratio."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.core import protocol
from generator.core.definition import CONTROL
from generator.core.record import Block, EnergyWindow, Record
from generator.results.estimate import Estimate, Spread, Unknown, ratio, spread

ACCELERATOR = "gpu"
"""What the domains of accelerators begin with."""


@dataclass(frozen=True, slots=True)
class DomainEnergy:
    """Energy of one variant in one domain of one counter."""

    domain: str
    source: str
    gross_joules: Spread
    """A sample's, with what the idle machine takes meanwhile."""

    net_joules: Spread
    """A sample's above what the machine takes while all workers sleep."""

    watts: Spread
    """Mean power while the variant answers back to back."""

    idle_watts: Spread
    """Mean power while all workers sleep."""

    saving: Estimate | None
    """The baseline's gross energy a sample over the variant's: above 1 takes less. None for the baseline itself, where
    the domain is not the baseline's, and where fewer than two blocks hold both."""

    net_saving: Estimate | None
    """The same above idle; None also where some block shows no more than idle."""


@dataclass(frozen=True, slots=True)
class EnergyEstimate:
    """What a sample would take if a busy core took what a person said. No measurement, and part of no ratio."""

    joules: Spread
    watts_per_core: float


def energy(record: Record, blocks: Sequence[Block], variant: str, baseline: str) -> tuple[DomainEnergy, ...] | Unknown:
    """Energy of a variant in every domain whose counter is trusted, an accelerator's where the variant computes there.

    An accelerator that idles beside a busy processor takes energy too, but not for the processor's samples.

    Args:
        record: the run.
        blocks: those of its workload that count.
        variant: name of the variant, or `control`.
        baseline: what it is compared with.
    """
    if record.energy is None:
        return Unknown("energy-not-recorded")
    if record.energy.unknown is not None:
        refused = [counter for counter in record.energy.counters if counter.refused]
        lost = any(not counter.failed_check for counter in refused)
        key = ("energy-counter-lost" if lost else "energy-counter-refused") if refused else "energy-no-counter"
        return Unknown(key, record.energy.unknown)
    trusted = [counter for counter in record.energy.counters if counter.refused is None]
    own = [counter for counter in trusted if _covers(counter.domain, record, variant, baseline)]
    if trusted and not own:
        return Unknown("energy-counter-elsewhere")
    found = (
        _in_domain(
            blocks,
            variant,
            counter.domain,
            counter.source,
            baseline if _covers(counter.domain, record, baseline) else None,
        )
        for counter in own
    )
    return tuple(one for one in found if one) or Unknown("energy-not-timed")


def energy_estimate(record: Record, cpu_s_per_sample: Spread | None) -> EnergyEstimate | None:
    """Processor time times the watts that a person gave for a core; None where none were given."""
    watts = record.energy.watts_per_core if record.energy else None
    if watts is None or cpu_s_per_sample is None:
        return None
    cpu = cpu_s_per_sample
    return EnergyEstimate(Spread(cpu.median * watts, cpu.least * watts, cpu.most * watts), watts)


def _covers(domain: str, record: Record, variant: str, baseline: str = "") -> bool:
    """Whether a domain's energy is spent on a variant's samples; the control is the baseline once more."""
    if not domain.startswith(ACCELERATOR):
        return True
    computes_on = record.variant(baseline if variant == CONTROL else variant).options.get("device", "cpu")
    return str(computes_on) != "cpu"


def _in_domain(
    blocks: Sequence[Block], variant: str, domain: str, source: str, baseline: str | None
) -> DomainEnergy | None:
    found = [(own, idle) for block in blocks for own, idle in _windows(block, variant, domain)]
    if not found:
        return None
    return DomainEnergy(
        domain=domain,
        source=source,
        gross_joules=spread([_gross(own, domain) for own, _ in found]),
        net_joules=spread([_net(own, idle, domain) for own, idle in found]),
        watts=spread([_watts(own, domain) for own, _ in found]),
        idle_watts=spread([_watts(idle, domain) for _, idle in found]),
        saving=_saving(blocks, variant, baseline, domain, net=False),
        net_saving=_saving(blocks, variant, baseline, domain, net=True),
    )


def _saving(blocks: Sequence[Block], variant: str, baseline: str | None, domain: str, *, net: bool) -> Estimate | None:
    """Ratio of the energies over blocks, as the ratios of latencies are formed."""
    if variant == baseline or baseline is None:
        return None
    values = []
    for block in blocks:
        energies = [
            _net(own, idle, domain) if net else _gross(own, domain)
            for name in (baseline, variant)
            for own, idle in _windows(block, name, domain)
        ]
        if len(energies) == 2:
            if min(energies) <= 0:
                return None
            values.append(math.log(energies[0] / energies[1]))
    interval = protocol.log_interval(values)
    return ratio(interval) if interval else None


def _windows(block: Block, variant: str, domain: str) -> Iterator[tuple[EnergyWindow, EnergyWindow]]:
    """A variant's window with the block's idle one; nothing where either is missing."""
    named = {window.variant: window for window in block.energy if domain in window.joules}
    if variant in named and None in named and named[variant].samples:
        yield named[variant], named[None]


def _gross(window: EnergyWindow, domain: str) -> float:
    return window.joules[domain] / window.samples


def _net(window: EnergyWindow, idle: EnergyWindow, domain: str) -> float:
    return (window.joules[domain] - _watts(idle, domain) * window.wall_ns / 1e9) / window.samples


def _watts(window: EnergyWindow, domain: str) -> float:
    return window.joules[domain] / (window.wall_ns / 1e9)
