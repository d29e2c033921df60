"""What others published: figures with their sources and results of MLPerf's rounds, read from `evidence/`.

Nothing here was measured by this project. Every figure keeps the window that it was seen in, and no window is carried
on to two years; only a source's own even rate is.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from generator.core.definition import Text
from generator.core.errors import DefinitionError, suggest
from generator.core.problem import Problem

EVIDENCE_FOLDER = "evidence"
FIGURES_FILE, RESULTS_FILE, RATIOS_FILE = "figures.csv", "mlperf.csv", "mlperf_ratios.csv"

TWO_YEARS = (1.75, 2.25)
"""Windows of so many years count as two."""

MAX_FILE_BYTES = 1024 * 1024


class Metric(StrEnum):
    """What became better."""

    SPEED = "speed"
    ENERGY = "energy"
    PRICE = "price"
    SIZE = "size"
    """Parameters that a fixed capability takes."""

    TRAINING = "training"
    """Computation that training to a fixed quality takes."""


class Subject(StrEnum):
    """Whose figure it is."""

    INFERENCE = "inference"
    HARDWARE = "hardware"
    MODEL = "model"
    TRAINING = "training"


class Basis(StrEnum):
    """What a figure rests on."""

    MEASURED = "measured"
    REPORTED = "reported"
    """Its owner says so; nobody else could check."""

    DERIVED = "derived"
    """Our arithmetic on others' measurements."""

    MODELLED = "modelled"
    """A trend fitted through many values."""

    LIST_PRICE = "list-price"
    MARKET_PRICE = "market-price"


class Confidence(StrEnum):
    """How well the source was read."""

    PRIMARY = "primary"
    ABSTRACT = "abstract"
    FORK = "fork"
    ESTIMATED = "estimated"
    DERIVED = "derived"
    SECONDARY = "secondary"


def _pairs(value: Any) -> Any:
    """Row pairs as the file writes them: "5>12 6>13"."""
    return tuple(tuple(pair.split(">")) for pair in value.split()) if isinstance(value, str) else value


def _flag(value: Any) -> Any:
    return {"yes": True, "no": False}.get(value, value)


Ratio = Annotated[float, Field(gt=0)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Address = Annotated[str, StringConstraints(pattern=r"^https://[^\s<>\"]+$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Figure(_Part):
    """One published figure."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9-]*$")]
    metric: Metric
    of: Subject
    basis: Basis
    confidence: Confidence
    start: str
    end: str
    """Dates as the source gives them: "2023-09-11", "~2012"."""

    window_years: Ratio | None
    """Years in which the factor came about; None for a rate and for a comparison at one time."""

    factor: Ratio | None
    factor_high: Ratio | None
    """How many times better; the second is the range's upper end, where there is a range."""

    per_year: Ratio | None
    per_year_high: Ratio | None
    """The same for a source that gives a rate a year."""

    convertible: Flag
    """Whether a rate a year may be carried on to two; a window never is."""

    mlperf: Annotated[tuple[tuple[int, int], ...], BeforeValidator(_pairs)]
    """Pairs of MLPerf results that it was reckoned from."""

    label: Text
    claim: Text
    held: Text
    """What was held fixed."""

    note: Text | None
    source: Line
    authors: Line
    source_year: Line
    addresses: tuple[Address, ...]
    seen: Line
    """Where in the source, in English."""

    @model_validator(mode="after")
    def _one_kind_of_number(self) -> Self:
        if self.factor is not None and self.per_year is not None:
            raise ValueError("has a factor and a rate a year; keep the one that the source gives")
        if self.window_years is not None and self.factor is None:
            raise ValueError("has a window but no factor in it; give 'factor', or leave 'window_years' empty")
        for low, high in ((self.factor, self.factor_high), (self.per_year, self.per_year_high)):
            if high is not None and (low is None or low > high):
                raise ValueError("a range's upper end stands below its lower one; exchange them")
        if not self.addresses and self.basis is not Basis.DERIVED:
            raise ValueError("has no address of its source; only our own arithmetic may do without")
        return self

    @property
    def range(self) -> tuple[float, float] | None:
        """The source's own figure, as its two ends; a single number has equal ones."""
        if self.factor is not None:
            return self.factor, self.factor_high or self.factor
        if self.per_year is not None:
            return self.per_year, self.per_year_high or self.per_year
        return None

    @property
    def covers_two_years(self) -> bool:
        """Whether the factor was observed over two years, so that nothing has to be reckoned."""
        return self.window_years is not None and TWO_YEARS[0] <= self.window_years <= TWO_YEARS[1]

    @property
    def in_two_years(self) -> tuple[float, float] | None:
        """Where a chart of two years places the figure, as two ends; None where it has no place there.

        What was observed stands as it was observed, however long its window: nothing is carried on. Only a source that
        itself gives an even rate a year has it doubled, unless it may not be.
        """
        if self.window_years is not None:
            return self.range
        if self.per_year is None or not self.convertible:
            return None
        return self.per_year**2, (self.per_year_high or self.per_year) ** 2


class Result(_Part):
    """One result of a public MLPerf Inference round."""

    row: Annotated[int, Field(ge=1)]
    round: Annotated[str, StringConstraints(pattern=r"^v\d\.\d$")]
    published: date | None
    """None where the round's date could not be verified."""

    division: Literal["closed", "open"]
    submitter: Line
    system: Line
    availability: Line
    accelerator: str
    """Empty for results on processors alone."""

    accelerators: Annotated[int, Field(ge=0)]
    processor: str
    """Empty where the result did not say."""

    benchmark: Line
    scenario: Literal["Offline", "Server"]
    value: Ratio
    unit: Literal["Samples/s", "Queries/s", "Tokens/s"]
    wall_watts: Ratio | None
    """Power of the whole system at the wall, where it was measured."""

    weights: str
    software: str
    repository: Line
    path: Line
    commit: Line
    read_in: Line
    """File of the result that the value was read in."""

    fork: Flag
    """Whether it was read in a copy of the official repository."""

    note: str


class RatioKind(StrEnum):
    """What two results differ in, and so what their values are divided by before they are compared."""

    SOFTWARE = "software"
    """The same accelerator with newer software, per accelerator."""

    HARDWARE = "hardware"
    """A newer accelerator, per accelerator."""

    ENERGY = "energy"
    """A newer system, per joule at the wall."""

    PROCESSOR_SOFTWARE = "processor-software"
    """The same processor with newer software, per server."""

    PROCESSOR_HARDWARE = "processor-hardware"
    """A newer processor, per server."""


@dataclass(frozen=True, slots=True)
class ResultRatio:
    """Two results of MLPerf rounds and their ratio: our arithmetic, which MLCommons has not verified."""

    kind: RatioKind
    start: Result
    end: Result

    @property
    def ratio(self) -> float:
        """The later value over the earlier one, in what the kind compares."""
        return amount(self.end, self.kind) / amount(self.start, self.kind)

    @property
    def years(self) -> float | None:
        """Between the rounds; None where a date could not be verified."""
        if self.start.published is None or self.end.published is None:
            return None
        return (self.end.published - self.start.published).days / 365.25


def amount(result: Result, kind: RatioKind) -> float:
    """Throughput per accelerator, per joule or per server.

    Raises:
        DefinitionError: when the result lacks what it has to be divided by.
    """
    match kind:
        case RatioKind.SOFTWARE | RatioKind.HARDWARE:
            divisor: float | None = result.accelerators or None
        case RatioKind.ENERGY:
            divisor = result.wall_watts
        case _:
            divisor = 1.0
    if divisor is None:
        reason = f"row {result.row} has no accelerators or watts that a ratio of kind '{kind}' is divided by"
        raise DefinitionError(f"{EVIDENCE_FOLDER}/{RATIOS_FILE}", [Problem(reason)])
    return result.value / divisor


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that others published and that the site cites."""

    figures: tuple[Figure, ...]
    results: Mapping[int, Result]
    """By row."""

    ratios: tuple[ResultRatio, ...]

    def figure(self, name: str, where: str) -> Figure:
        """The figure of this id.

        Args:
            name: the id: "M10".
            where: who asks, for the error.

        Raises:
            DefinitionError: when there is none.
        """
        found = {one.id: one for one in self.figures}
        if name not in found:
            problem = Problem(f"there is no published figure '{name}'", suggest(name, found))
            raise DefinitionError(where, [problem])
        return found[name]


def load_evidence(root: Path) -> Evidence | None:
    """Read the folder of published figures; None when the checkout has none.

    Args:
        root: the checkout.

    Raises:
        DefinitionError: with everything that is wrong with one of its files.
    """
    folder = root / EVIDENCE_FOLDER
    if not folder.is_dir():
        return None
    figures = tuple(_parsed(folder / FIGURES_FILE, Figure))
    results = {one.row: one for one in _parsed(folder / RESULTS_FILE, Result)}
    _refuse_twins(figures)
    _refuse_unknown_rows(figures, results)
    return Evidence(figures, results, tuple(_ratios(folder / RATIOS_FILE, results)))


Row = TypeVar("Row", Figure, Result)

_LANGUAGES = ("ru", "en")
_WORDS = ("label", "claim", "held", "note")


def _parsed(path: Path, kind: type[Row]) -> Iterator[Row]:
    problems = list[Problem]()
    for line, raw in _lines(path):
        try:
            yield kind.model_validate(_typed(raw, kind))
        except ValidationError as error:
            for one in error.errors():
                place = ".".join(str(part) for part in one["loc"])
                message = one["msg"].removeprefix("Value error, ")
                reason = f"line {line}{f', {place}' if place else ''}: {message}"
                problems.append(Problem(reason, "Mend that cell.", line=line))
    if problems:
        raise DefinitionError(_where(path), problems)


def _typed(raw: Mapping[str, str], kind: type[BaseModel]) -> dict[str, Any]:
    """Cells as the model wants them: an empty optional one is None, words of two languages stand together."""
    fields: dict[str, Any] = {
        name: None if text == "" and type(None) in _types(kind, name) else text for name, text in raw.items()
    }
    if kind is Figure:
        for word in _WORDS:
            pair = {language: fields.pop(f"{word}_{language}", "") for language in _LANGUAGES}
            fields[word] = pair if any(pair.values()) else None
        fields["addresses"] = tuple((fields.get("addresses") or "").split())
    return fields


def _types(kind: type[BaseModel], name: str) -> tuple[Any, ...]:
    field = kind.model_fields.get(name)
    return getattr(field.annotation, "__args__", ()) if field else ()


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with the number of their line; a row without all cells, or with more, is an error."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            problem = Problem(f"is larger than {MAX_FILE_BYTES // 1024} KiB", "Shorten it.")
            raise DefinitionError(_where(path), [problem])
        reader = csv.DictReader(path.read_text("utf-8").splitlines(), strict=True)
        for row in reader:
            if None in row or None in row.values():
                reason = f"line {reader.line_num}: has more or fewer cells than the head"
                problem = Problem(reason, "Quote cells with commas.", line=reader.line_num)
                raise DefinitionError(_where(path), [problem])
            yield reader.line_num, row
    except FileNotFoundError:
        raise DefinitionError(_where(path), [Problem("is missing", "Restore it, or remove the folder.")]) from None
    except (UnicodeDecodeError, csv.Error) as error:
        problem = Problem(f"is not CSV in UTF-8: {error}", "Mend that line.")
        raise DefinitionError(_where(path), [problem]) from error


def _ratios(path: Path, results: Mapping[int, Result]) -> Iterator[ResultRatio]:
    for line, raw in _lines(path):
        try:
            found = ResultRatio(RatioKind(raw["kind"]), results[int(raw["from_row"])], results[int(raw["to_row"])])
        except (KeyError, ValueError) as error:
            reason = f"line {line}: {error} is no kind of ratio or no row of {RESULTS_FILE}"
            raise DefinitionError(_where(path), [Problem(reason, "Mend that cell.", line=line)]) from error
        if not math.isfinite(found.ratio):
            problem = Problem(f"line {line}: the ratio is not finite", "Mend that cell.", line=line)
            raise DefinitionError(_where(path), [problem])
        yield found


def _refuse_twins(figures: tuple[Figure, ...]) -> None:
    names = [one.id for one in figures]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        problem = Problem(f"the id '{twice[0]}' stands twice", "Rename one.")
        raise DefinitionError(f"{EVIDENCE_FOLDER}/{FIGURES_FILE}", [problem])


def _refuse_unknown_rows(figures: tuple[Figure, ...], results: Mapping[int, Result]) -> None:
    for figure in figures:
        if stray := sorted({row for pair in figure.mlperf for row in pair} - results.keys()):
            reason = f"'{figure.id}' rests on row {stray[0]}, which {RESULTS_FILE} has not"
            raise DefinitionError(f"{EVIDENCE_FOLDER}/{FIGURES_FILE}", [Problem(reason, "Mend its pairs.")])


def _where(path: Path) -> str:
    return f"{EVIDENCE_FOLDER}/{path.name}"
