"""Options that commands take, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from generator.cli.measure import SuiteChoice
from generator.core.record import Tier

Root = Annotated[Path, typer.Option("--root", help="The checkout to work in.", hidden=True)]
Only = Annotated[list[str] | None, typer.Option("--only", help="Only this measurement; may be given several times.")]
TierOption = Annotated[Tier, typer.Option(help="How thoroughly: smoke is a first look, standard may be published.")]
WallMeterOption = Annotated[
    Path | None,
    typer.Option(help="CSV of a meter at the wall, time,watts in UTC, that is being written while this runs."),
]
WattsOption = Annotated[
    float | None,
    typer.Option(help="Your own watts a busy core, for an estimate that is labelled so.", min=0.01, max=1000),
]
MinutesOption = Annotated[
    float | None,
    typer.Option(help="Stop each measurement after about so long, with the interval as it is then.", min=0.1),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Measure on every machine of a Dask cluster: its scheduler's address, or scheduler file.",
    ),
]
PatienceOption = Annotated[
    float, typer.Option(help="With --cluster: minutes to wait for a machine that has left, or for the first.", min=0)
]
SuiteOption = Annotated[
    SuiteChoice | None,
    typer.Option(
        help="core: the variants that take ten minutes in all; all: everything, within two hours. core when left out, "
        "but of measurements that are named everything."
    ),
]
