"""The article that the site exists for: which records and published figures it cites, and the sentences it checks.

`articles/twice-in-two-years/` holds `story.toml` (what each table and chart of the article cites), `claims.toml` (every
sentence of the post that can be true or false) and the prose in both languages. A citation names a measurement and two
of its variants; one that nobody has measured yet is shown as such.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from generator.core.definition import Application, Name, Technology, Text
from generator.core.errors import DefinitionError, suggest
from generator.core.problem import Problem
from generator.core.toml import not_toml

STORY_FOLDER = "articles/twice-in-two-years"
STORY_FILE, CLAIMS_FILE = "story.toml", "claims.toml"
MAX_FILE_BYTES = 256 * 1024

FigureId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9-]*$")]
Ratio = Annotated[float, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Pick(_Part):
    """A ratio of one of our records."""

    measurement: Name
    """One that is not defined yet may be named too: it is shown as not measured."""

    variant: Name | None = None
    against: Name | None = None
    """Both, or neither for the measurement's own headline."""

    window_years: Ratio | None = None
    """Years that lie between the two, where the variants differ in age."""

    label: Text | None = None
    """What a reader knows it by; the measurement's title where it is not given."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.variant is None) is not (self.against is None):
            raise ValueError("names one of 'variant' and 'against'; name both, or neither for the headline")
        return self


class ChartChoice(_Part):
    """A chart of the article: ratios in groups, ours and published apart."""

    name: Name
    title: Text
    ours: tuple[Pick, ...] = ()
    published: tuple[FigureId, ...] = ()


class Series(_Part):
    """Ratios that one sentence speaks of together."""

    name: Name
    picks: Annotated[tuple[Pick, ...], Field(min_length=1)]


class OpeningRow(_Part):
    """A bar of the picture that the article opens with: how far apart the ratios of one kind lie."""

    name: Name
    label: Text
    """What is held fixed, and what is new."""

    series: Name | None = None
    """Of our ratios; or"""

    published: tuple[FigureId, ...] = ()
    """of others' figures: all of their kind whose window is two years, as a test holds."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.series is None) is not bool(self.published):
            raise ValueError("needs either 'series' or 'published': ours and others' are never joined into one bar")
        return self


class TechnologyRow(_Part):
    """A row of the post's table of technologies."""

    page: Technology
    """Whose page of the site tells more."""

    name: Text
    meaning: Text
    """What it is, with the post's errors mended."""

    picks: Annotated[tuple[Pick, ...], Field(min_length=1)]
    limits: Text
    """When it does not help."""


class ApplicationRow(_Part):
    """One of the nine applications that the post names."""

    page: Application
    name: Text
    pick: Pick


class DecisionRow(_Part):
    """A row of the conclusion: what to do, by what the record says."""

    situation: Text
    pick: Pick
    faster: Text
    slower: Text
    no_difference: Text


class Story(_Part):
    """What the article cites."""

    schema_version: Literal[1]
    published: date
    title: Text
    description: Text
    author: Text
    tags: Annotated[tuple[Text, ...], Field(min_length=1)]
    ladder: Name
    """Measurement whose steps the article shows one after another; its chart is named "ladder"."""

    opening: tuple[OpeningRow, ...] = ()
    """Bars of the picture that article and home page open with; its chart is named "opening"."""

    charts: tuple[ChartChoice, ...]
    series: tuple[Series, ...]
    technologies: tuple[TechnologyRow, ...]
    applications: tuple[ApplicationRow, ...]
    decisions: tuple[DecisionRow, ...]

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        for kind, names in (
            ("chart", ["ladder", "opening", *(c.name for c in self.charts)]),
            ("series", [s.name for s in self.series]),
            ("opening row", [row.name for row in self.opening]),
        ):
            _refuse_twins(kind, names)
        known = [s.name for s in self.series]
        for row in self.opening:
            if row.series and row.series not in known:
                raise ValueError(f"the opening row '{row.name}' names the unknown series '{row.series}'")
        return self


class ClaimVerdict(StrEnum):
    """What may be said of a sentence."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    DEPENDS = "depends"
    """Some of its numbers reach what it says, others do not."""

    OPEN = "open"
    """There are numbers to be had, but none of them decides yet."""

    NOT_MEASURABLE = "not_measurable"


class ClaimMetric(StrEnum):
    """What a sentence is about; speed, energy and price are never judged together."""

    SPEED = "speed"
    ENERGY = "energy"
    PRICE = "price"
    QUALITY = "quality"
    MEANING = "meaning"
    """What a word means: settled by its definition."""


class Claim(_Part):
    """One sentence of the post that can be true or false, and what it is judged by."""

    id: Name
    section: Literal[
        "title", "lead", "components", "efficiency", "progress", "technologies", "applications", "conclusion"
    ]
    """Where in the post it stands."""

    text: Text
    """A short quotation or our paraphrase."""

    metric: ClaimMetric
    at_least: Annotated[float, Field(ge=1)] | None = None
    """Factor that the sentence asserts; 1 where it only says "more efficient". None where there is no number to it."""

    over_two_years: bool = False
    """Whether it says so of two years: a shorter window can then support it, but not contradict it."""

    ours: tuple[Pick, ...] = ()
    published: tuple[FigureId, ...] = ()
    held: Text | None = None
    """What the numbers hold fixed."""

    depends: Text | None = None
    """What it depends on; said when the numbers part."""

    note: Text | None = None
    """What else is to be known; the reason, where there is no number."""

    sources: tuple[Annotated[str, StringConstraints(pattern=r"^https://[^\s<>\"]+$")], ...] = ()
    verdict: ClaimVerdict | None = None
    """Stated where no number decides; where numbers do, it is derived, and one that is stated has to agree."""

    @model_validator(mode="after")
    def _numbers_or_reasons(self) -> Self:
        numbers = bool(self.ours or self.published)
        if numbers is not (self.at_least is not None):
            raise ValueError("'at_least' goes with 'ours' or 'published': name the numbers and the factor, or neither")
        if numbers and self.held is None:
            raise ValueError("says no 'held': write what the numbers hold fixed")
        if not numbers and (self.verdict is None or self.note is None):
            raise ValueError("has no numbers: state its 'verdict', and in 'note' the reason")
        if not numbers and self.verdict in (ClaimVerdict.OPEN, ClaimVerdict.SUPPORTED):
            raise ValueError(f"no sentence is '{self.verdict}' without numbers: name them, or change the verdict")
        if not numbers and self.verdict is ClaimVerdict.DEPENDS and self.depends is None:
            raise ValueError("depends, but 'depends' does not say on what")
        return self


class _Claims(_Part):
    schema_version: Literal[1]
    claims: Annotated[tuple[Claim, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        _refuse_twins("claim", [one.id for one in self.claims])
        return self


@dataclass(frozen=True, slots=True)
class Article:
    """The story, its claims, and the folder where its prose lies."""

    folder: Path
    story: Story
    claims: tuple[Claim, ...]


def load_article(root: Path) -> Article | None:
    """Read the article's folder; None when the checkout has none.

    Raises:
        DefinitionError: with everything that is wrong with one of its files.
    """
    folder = root / STORY_FOLDER
    if not folder.is_dir():
        return None
    return Article(folder, _read(folder / STORY_FILE, Story), _read(folder / CLAIMS_FILE, _Claims).claims)


def _refuse_twins(kind: str, names: Iterable[str]) -> None:
    every = list(names)
    if twice := sorted({name for name in every if every.count(name) > 1}):
        raise ValueError(f"the {kind} '{twice[0]}' stands twice; rename one")


Model = TypeVar("Model", Story, _Claims)


def _read(path: Path, model: type[Model]) -> Model:
    where = f"{STORY_FOLDER}/{path.name}"
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            problem = Problem(f"is larger than {MAX_FILE_BYTES // 1024} KiB", "Shorten it.")
            raise DefinitionError(where, [problem])
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise DefinitionError(where, [Problem("is missing", "Restore it, or remove the folder.")]) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise DefinitionError(where, [not_toml(error)]) from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise DefinitionError(where, [_problem(one, data) for one in error.errors()]) from error


def _problem(error: ErrorDetails, data: object) -> Problem:
    """Says which table and which key, and what to do."""
    place, here = [], data
    for part in error["loc"]:
        here = here[part] if isinstance(here, (list, dict)) and part in _keys(here) else None  # type: ignore[index]
        name = here.get("id") or here.get("name") if isinstance(here, dict) and isinstance(part, int) else None
        place.append(f"'{name}'" if isinstance(name, str) else f"no. {part + 1}" if isinstance(part, int) else part)
    key = str(error["loc"][-1]) if error["loc"] else ""
    match error["type"]:
        case "missing":
            reason, remedy = "is missing", "Add it."
        case "extra_forbidden":
            reason, remedy = "is not known", suggest(key, _FIELDS)
        case _:
            reason, remedy = error["msg"].removeprefix("Value error, ").rstrip("."), ""
    return Problem(f"{', '.join(place)}: {reason}" if place else reason, remedy, error["loc"])


_PARTS: tuple[type[_Part], ...] = (
    *(Story, Claim, Pick, ChartChoice, Series, OpeningRow),
    *(TechnologyRow, ApplicationRow, DecisionRow),
)
_FIELDS = sorted({name for part in _PARTS for name in part.model_fields})


def _keys(here: list[object] | dict[str, object]) -> Iterable[object]:
    return range(len(here)) if isinstance(here, list) else here
