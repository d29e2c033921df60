"""What a machine costs an hour: inputs that a person gives with their source, in `measurements/prices.toml`.

Nothing here is measured, and nothing is guessed: without an entry for a machine, its results have no cost.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from generator.core.errors import DefinitionError, suggest
from generator.core.files import Unreadable, read_plain
from generator.core.problem import Location, Problem
from generator.core.toml import not_toml

PRICES_FILE = "prices.toml"
MAX_PRICES_BYTES = 256 * 1024

Line = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class Price(BaseModel):
    """Price of one machine an hour, and how much of the hour it works."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    name: Line
    """What is paid for: "AWS c7i.large on demand, Frankfurt"."""

    machines: Annotated[tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")], ...], Field(min_length=1)]
    """Fingerprints of the machines that it is the price of: the last twelve digits of their records' names."""

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    """ISO 4217: USD, EUR, RUB."""

    price_per_hour: Annotated[float, Field(gt=0, le=1e6)]
    """Of the whole machine, whatever part of it a variant uses."""

    utilisation: Annotated[float, Field(gt=0, le=1)]
    """Share of the paid time in which the machine answers; 1 is a machine that never waits."""

    source: Line
    """Address of the price list, or what the price was reckoned from."""

    utilisation_source: Line
    """Where the utilisation comes from: "assumed", or a log."""

    seen: date
    """Day on which the price stood there."""

    note: str = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1]
    prices: tuple[Price, ...] = ()

    @model_validator(mode="after")
    def _one_price_a_machine(self) -> _File:
        machines = [machine for price in self.prices for machine in price.machines]
        if twice := sorted({one for one in machines if machines.count(one) > 1}):
            raise ValueError(f"the machine {twice[0]} has two prices; keep one")
        return self


def load_prices(path: Path) -> tuple[Price, ...]:
    """Read the prices; no file means that none is given.

    Raises:
        DefinitionError: with everything that is wrong with the file.
    """
    where = "/".join(path.parts[-2:])
    try:
        data = tomllib.loads(read_plain(path, MAX_PRICES_BYTES))
    except FileNotFoundError:
        return ()
    except Unreadable as error:
        raise DefinitionError(where, [Problem(error.problem, error.remedy)]) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DefinitionError(where, [not_toml(error)]) from error
    try:
        return _File.model_validate(data).prices
    except ValidationError as error:
        raise DefinitionError(
            where, [_problem(one["loc"], one["type"], one["msg"]) for one in error.errors()]
        ) from error


def _problem(location: Location, kind: str, message: str) -> Problem:
    number = next((f"prices no. {part + 1}: " for part in location if isinstance(part, int)), "")
    key = str(location[-1]) if location else ""
    match kind:
        case "missing":
            return Problem(f"{number}the key '{key}' is missing", "Add it.", location)
        case "extra_forbidden":
            known = Price.model_fields if number else _File.model_fields
            return Problem(f"{number}unknown key '{key}'", suggest(key, known), location)
        case _:
            named = f"{key}: " if key and not isinstance(location[-1], int) else ""
            return Problem(f"{number}{named}{message.rstrip('.')}", "", location)
