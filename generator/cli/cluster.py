"""`measure --cluster`: the same suite on every machine of a Dask cluster. Prints; `measure/fleet/` does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from generator.cli import console_cluster as show
from generator.contribute.faults import faults
from generator.core.cache import Cache
from generator.core.definition import Measurement
from generator.core.problem import Level
from generator.core.record import Record, SystemDescription
from generator.measure.fleet import events
from generator.measure.fleet.arrivals import Arrivals, Errand
from generator.measure.fleet.cluster import DaskCluster
from generator.measure.fleet.dispatch import Fleet
from generator.measure.fleet.remote import describe_checkout
from generator.measure.plan import Planned

out = Console()

ASIDE = "put-aside"
"""Folder of the cache for records that were not believed."""


def measure(
    root: Path,
    address: str,
    names: Sequence[str],
    planned: Callable[[SystemDescription], Planned],
    patience_s: float,
    only_plan: bool,
) -> bool:
    """Measure on every machine of a cluster, and put the verified records into their folders.

    Args:
        root: this checkout.
        address: of the scheduler, or a scheduler file.
        names: the measurements.
        planned: what a machine of a kind is to run.
        patience_s: how long to wait for a machine that has left, or for the first one.
        only_plan: only say what would run.

    Returns:
        Whether everything that was asked for was measured everywhere, without a failed variant.
    """
    ours, plans, failed = describe_checkout(root, names), dict[str, Planned](), list[str]()

    def plan_of(machine: events.Machine) -> Planned:
        kind = machine.system.fingerprint()
        if kind not in plans:
            plans[kind] = planned(machine.system)
        return plans[kind]

    def order(machine: events.Machine) -> list[Errand]:
        plan = plan_of(machine)
        return [Errand(run.measurement, run.tier, plan.most_s, run.part.core) for run in plan.runs]

    def tell(happened: events.News) -> None:
        display(happened)
        if isinstance(happened, events.Arrived):
            failed.extend(variant.name for variant in happened.record.variants if variant.failed)

    arrivals = Arrivals(root / "measurements", Cache.default(root).root / ASIDE, ours, doubts)
    with DaskCluster(address) as cluster:
        display = show.FleetDisplay(out, lambda machine: plan_of(machine).runs)
        fleet = Fleet(cluster, ours, order, arrivals.keep, tell, patience_s)
        machines = fleet.muster()
        show.print_fleet(out, machines, plans)
        if only_plan:
            return True
        with display:
            complete = fleet.measure()
    return complete and not failed


def doubts(record: Record, measurement: Measurement) -> list[str]:
    """What `check` would call an error in this record, were it a contributed file."""
    found = faults(record, measurement, datetime.now(UTC))
    return [fault.reason for fault in found if fault.level is Level.ERROR]
