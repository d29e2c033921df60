"""`measurement.toml` becomes a `Measurement`, or an error that names all that is wrong with it, with the remedies."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from generator.core.definition import Headline, Measurement, Text, TransformStep, Variant, WorkloadChoice
from generator.core.definition_rules import inconsistencies
from generator.core.errors import DefinitionError, suggest
from generator.core.files import Unreadable, read_plain
from generator.core.problem import Problem
from generator.core.refusal import refusals
from generator.core.toml import not_toml

DEFINITION_FILE = "measurement.toml"
"""Name of the definition in a measurement's folder."""

MAX_DEFINITION_BYTES = 256 * 1024
"""A larger definition is refused unread: definitions come from strangers too."""

_TABLES: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "workloads": WorkloadChoice,
        "variants": Variant,
        "transforms": TransformStep,
        "title": Text,
        "question": Text,
        "headline": Headline,
    }
)


def load_measurement(folder: Path) -> Measurement:
    """Read `folder/measurement.toml`.

    Raises:
        DefinitionError: with everything that is wrong with the file, each with its remedy.
    """
    path = folder / DEFINITION_FILE
    where = f"{folder.parent.name}/{folder.name}/{DEFINITION_FILE}"
    if folder.is_symlink():
        raise DefinitionError(where, [Problem("lies behind a link", "Put the folder itself there.")])
    try:
        data = tomllib.loads(read_plain(path, MAX_DEFINITION_BYTES))
    except FileNotFoundError as error:
        problem = Problem("is not there", "Each folder of measurements/ needs one.")
        raise DefinitionError(where, [problem]) from error
    except Unreadable as error:
        raise DefinitionError(where, [Problem(error.problem, error.remedy)]) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DefinitionError(where, [not_toml(error)]) from error
    if "name" in data:
        reason = "unknown key 'name': the folder's name is the measurement's"
        raise DefinitionError(where, [Problem(reason, "Delete the line.", ("name",))])
    return parse_measurement(folder.name, data, where)


def parse_measurement(name: str, data: Mapping[str, Any], where: str) -> Measurement:
    """Verify the decoded TOML of a definition; see `load_measurement`."""
    try:
        measurement = Measurement.model_validate({"name": name, **data})
    except ValidationError as error:
        raise DefinitionError(where, list(_problems(error, data))) from error
    if problems := list(inconsistencies(measurement)):
        raise DefinitionError(where, problems)
    return measurement


def measurement_folders(folder: Path) -> tuple[Path, ...]:
    """Every measurement's folder in `measurements/`, by name; hidden ones and those that begin with _ are none."""
    children = sorted(folder.iterdir()) if folder.is_dir() else []
    return tuple(child for child in children if child.is_dir() and not child.name.startswith((".", "_")))


def load_sound(folder: Path) -> tuple[tuple[Measurement, ...], Mapping[str, DefinitionError]]:
    """Read every measurement of `folder` that can be read, in the order of their names.

    Returns:
        Those, and for each other folder, by its name, what is wrong with its definition.
    """
    measurements, problems = list[Measurement](), dict[str, DefinitionError]()
    for child in measurement_folders(folder):
        try:
            measurements.append(load_measurement(child))
        except DefinitionError as error:
            problems[child.name] = error
        except OSError as error:
            where = f"{folder.name}/{child.name}/{DEFINITION_FILE}"
            problem = Problem(f"cannot be read ({error.strerror})", "Mend its rights, or the disk.")
            problems[child.name] = DefinitionError(where, [problem])
    return tuple(measurements), problems


def load_suite(folder: Path) -> tuple[Measurement, ...]:
    """Read every measurement of `folder`, in the order of their names.

    Raises:
        DefinitionError: with the problems of all files, so that they can be mended in one go.
    """
    measurements, broken = load_sound(folder)
    errors = list(broken.values())
    if len(errors) == 1:
        raise errors[0]
    if errors:
        every = [replace(problem, file=error.where) for error in errors for problem in error.problems]
        raise DefinitionError(f"{folder.name}/", [Problem(f"{len(errors)} definitions have problems"), *every])
    return measurements


def _problems(error: ValidationError, data: Mapping[str, Any]) -> Iterator[Problem]:
    details = error.errors()
    inside = {detail["loc"][0] for detail in details if len(detail["loc"]) > 1}
    for detail in details:
        if detail["type"] == "too_short" and detail["loc"][0] in inside:
            continue  # only because an entry of that list is wrong, which is said by itself
        place = _place(detail["loc"], data)
        for problem in refusals(detail) or [_problem(detail)]:
            yield replace(problem, reason=f"{place}{problem.reason}")


def _problem(detail: ErrorDetails) -> Problem:
    """What pydantic itself refuses a value with."""
    location = detail["loc"]
    # In a list of words the place is a number, and the list's own key says what they are.
    last = next((part for part in reversed(location) if isinstance(part, str)), "")
    match detail["type"]:
        case "extra_forbidden":
            return Problem(f"unknown key '{last}'", suggest(last, _known_keys(location)), location)
        case "missing":
            return Problem(f"the key '{last}' is missing", "Add it.", location)
        case "enum":
            known = re.findall(r"'([^']+)'", str(detail.get("ctx", {}).get("expected", "")))
            return Problem(f"unknown {last} '{detail['input']}'", suggest(str(detail["input"]), known), location)
        case "string_pattern_mismatch":
            reason = f"{last} '{detail['input']}' may hold only a-z, 0-9 and single hyphens between them"
            return Problem(reason, "", location)
        case _:
            return Problem(f"{last}: {detail['msg'].rstrip('.')}", "", location)


def _place(loc: tuple[str | int, ...], data: Mapping[str, Any]) -> str:
    """Name the table that a problem is in: "variants 'ort-fp32': "."""
    match loc:
        case (str(table), int(index), *_):
            entries = data.get(table)
            entry = entries[index] if isinstance(entries, list) and index < len(entries) else None
            name = entry.get("name") if isinstance(entry, dict) else None
            return f"{table} '{name}': " if name else f"{table} no. {index + 1}: "
        case (str(table), str(), *_):
            return f"[{table}]: "
        case _:
            return ""


def _known_keys(loc: tuple[str | int, ...]) -> list[str]:
    table = next((part for part in reversed(loc[:-1]) if isinstance(part, str)), "")
    model = _TABLES.get(table, Measurement)
    return [key for key in model.model_fields if not (model is Measurement and key == "name")]
