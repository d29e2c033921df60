"""The page that says how often our intervals are wrong: A/A controls, and benchmarks of the measuring."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Annotated, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from generator.core.errors import PublishError
from generator.draw.gallery import Gallery
from generator.pages.charts.validity import Fared, controls, designs, repeats
from generator.pages.figure import Figure, figure
from generator.pages.sentences import Sentences
from generator.pages.template import Environment, render
from generator.results.estimate import Estimate, Interval
from generator.results.findings import Findings
from generator.results.repeated import repeated
from generator.results.summary import Summary, control_alarms
from generator.words import markdown
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases

RESULTS = Path("benchmarks") / "results" / "validity.json"
"""Written by `python -m benchmarks.validity`."""

TIME_RESULTS = RESULTS.with_name("time-to-precision.json")
"""Written by `python -m benchmarks.time_to_precision`."""

OVERHEAD_RESULTS = RESULTS.with_name("overhead.json")
"""Written by `python -m benchmarks.overhead`."""

DESIGNS: Mapping[str, str] = MappingProxyType(
    {
        "blocks of fresh workers, rounds in turns, t over blocks (this generator)": "blocks",
        "all of A, then all of B; t over samples": "sequential-samples",
        "all of A, then all of B; t over rounds": "sequential-rounds",
        "rounds in turns, one start each; bootstrap over 10 rounds": "bootstrap-rounds",
        "one fresh process a measurement, 8 + 8; t over processes": "processes",
        "one fresh process a measurement, 8 + 8; bootstrap over processes": "bootstrap-processes",
    }
)
"""Designs as the benchmark names them, and the keys of their phrases."""

MOST_CONTROLS = 60
"""Records whose A/A control the chart shows, the newest; more rows than that nobody reads."""

OURS = "this generator"
"""The name of this project among the tools that `time_to_precision` compares."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Design(_Part):
    """How one way of comparing two programs fared."""

    aa_runs: Annotated[int, Field(ge=1)]
    aa_alarms: Annotated[int, Field(ge=0)]
    """Runs in which the 95 % interval of a program against itself excluded 1."""

    ratio_runs: Annotated[int, Field(ge=1)]
    ratio_covered: Annotated[int, Field(ge=0)]
    """Runs in which the interval of two programs of known ratio covered the ratio."""

    half_width_median: Annotated[float, Field(ge=0)]


class Designs(_Part):
    """Designs on the same runs."""

    designs: dict[str, Design]


class Validity(_Part):
    """The benchmark's results."""

    finished_at: AwareDatetime
    command: str
    real: Designs
    simulated: Designs


class Trial(_Part):
    """One use of one tool, until its own interval was narrow enough or it gave up."""

    seconds: Annotated[float, Field(gt=0)]
    half_width: Annotated[float, Field(ge=0)]
    """Of the ratio's logarithm."""

    reached: bool
    """Whether the interval was narrow enough."""

    covers: bool
    """Whether it held the known ratio."""


class TimeToPrecision(_Part):
    """Tools on the same two programs of known ratio."""

    finished_at: AwareDatetime
    command: str
    tools: Annotated[dict[str, Annotated[tuple[Trial, ...], Field(min_length=1)]], Field(min_length=1)]


class Loop(_Part):
    """Our loop over a bare one around the same session."""

    bare_p50_ns: Annotated[float, Field(gt=0)]
    whole_loop: tuple[float, float, float]
    """Ratio of wall time a query: estimate, low and high end."""

    processes: int


class Overhead(_Part):
    """What measuring adds to a query, for models of several durations."""

    finished_at: AwareDatetime
    command: str
    models: dict[str, Loop]


_Results = TypeVar("_Results", Validity, TimeToPrecision, Overhead)


def validity_files(
    every: Sequence[Findings], counted: Markdown, root: Path | None, gallery: Gallery, words: Phrases
) -> Iterator[tuple[str, bytes]]:
    """The page and its chart, by path.

    Args:
        every: findings that pages show.
        counted: what `alarms` says of all records.
        root: the checkout; without it, the page has no benchmarks.
        gallery: draws.
        words: of the page's language.
    """
    published, language = _controlled(every), words.language
    chart = controls(published, Sentences(words))
    names = tuple(one.record.record_id for one in published)
    found = load_validity(root) if root else None
    ways = designs(fared(found, words), words) if found else None
    again = repeats(repeated(every), Sentences(words))
    drawn, compared, repeating = (
        figure(one, gallery, words, "validity", words.say("page.validity"), records) if one else None
        for one, records in ((chart, names), (ways, ()), (again, names))
    )
    tools = load_time_to_precision(root) if root else None
    loop = load_overhead(root) if root else None
    context = {
        "alarms": counted,
        "chart": _shown(drawn),
        "command": markdown.code_block("python -m benchmarks.validity", "bash"),
        "day": language.date(found.finished_at.date()) if found else "",
        "designs": _shown(compared),
        "repeats": _shown(repeating),
        "real": table(found.real, words) if found else "",
        "simulated": table(found.simulated, words) if found else "",
        "tools": tools_table(tools, words) if tools else "",
        "tools_command": markdown.code_block("python -m benchmarks.time_to_precision", "bash"),
        "tools_day": language.date(tools.finished_at.date()) if tools else "",
        "overhead": overhead_table(loop, words) if loop else "",
        "overhead_command": markdown.code_block("python -m benchmarks.overhead", "bash"),
        "overhead_day": language.date(loop.finished_at.date()) if loop else "",
    }
    body = render(Environment(language), f"{language.value}/validity.md.j2", context)
    head = markdown.front_matter(title=words.say("page.validity"), description=words.say("page.validity_lede"))
    yield "validity/index.md", (head + Markdown("\n" + body)).encode()
    for one in (drawn, compared, repeating):
        yield from ((f"validity/{name}", content) for name, content in (one.files() if one else ()))


def _shown(drawn: Figure | None) -> Markdown:
    return drawn.markdown() if drawn else Markdown("")


def alarms(summaries: Iterable[Summary], words: Phrases) -> Markdown:
    """How often the baseline differed from itself, over all records."""
    counted = control_alarms(summaries)
    if not counted.runs:
        return Markdown("")
    return words.write("page.alarms", alarms=counted.alarms, runs=counted.runs)


def _controlled(every: Iterable[Findings]) -> list[Findings]:
    """Newest published findings of each machine, as many as a chart has room for; all records are counted."""
    published = [one for one in every if one.record.publishable]
    newest = sorted(published, key=lambda one: (one.record.started_at, one.record.record_id))[-MOST_CONTROLS:]
    chosen = {id(one) for one in newest}
    return [one for one in published if id(one) in chosen]


def load_validity(root: Path) -> Validity | None:
    """Read the results of `benchmarks.validity`; None when it was never run.

    Raises:
        PublishError: when the file is not what the benchmark writes.
    """
    return _load(root, RESULTS, Validity)


def load_time_to_precision(root: Path) -> TimeToPrecision | None:
    """Read the results of `benchmarks.time_to_precision`; see `load_validity`."""
    return _load(root, TIME_RESULTS, TimeToPrecision)


def load_overhead(root: Path) -> Overhead | None:
    """Read the results of `benchmarks.overhead`; see `load_validity`."""
    return _load(root, OVERHEAD_RESULTS, Overhead)


def _load(root: Path, file: Path, kind: type[_Results]) -> _Results | None:
    path = root / file
    if not path.is_file():
        return None
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        module = file.stem.replace("-", "_")
        raise PublishError(file.as_posix(), problem, f"Run it again: python -m benchmarks.{module}.") from error


def table(found: Designs, phrases: Phrases) -> Markdown:
    """Designs with their shares of false alarms and of covered truths."""
    head = [phrases.say(f"column.{name}") for name in ("design", "false_alarms", "covered", "half_width")]
    rows = []
    for name, key in DESIGNS.items():
        if design := found.designs.get(name):
            alarms = _share(design.aa_alarms, design.aa_runs, phrases)
            covered = _share(design.ratio_covered, design.ratio_runs, phrases)
            width = phrases.language.plus_minus(design.half_width_median)
            rows.append([phrases.of("design", key), alarms, covered, width])
    return markdown.table(head, rows)


def fared(found: Validity, phrases: Phrases) -> dict[str, dict[str, Fared]]:
    """How each design fared, by its words, on real runs and on simulated ones: for the chart."""
    groups = {"real": found.real, "simulated": found.simulated}
    return {
        phrases.say(f"design.{group}"): {
            phrases.of("design", key): (
                *(one.aa_alarms, one.aa_runs),
                *(one.ratio_runs - one.ratio_covered, one.ratio_runs),
            )
            for name, key in DESIGNS.items()
            if (one := designs.designs.get(name))
        }
        for group, designs in groups.items()
    }


def tools_table(found: TimeToPrecision, phrases: Phrases) -> Markdown:
    """Tools with their time, whether their intervals got narrow enough, and whether they held the truth."""
    head = [phrases.say(f"column.{name}") for name in ("tool", "seconds", "half_width", "reached", "covered")]
    language, rows = phrases.language, []
    for name, trials in found.tools.items():
        seconds = median(one.seconds for one in trials)
        rows.append(
            [
                phrases.say("design.ours") if name == OURS else name,
                language.duration(seconds * 1e9, 2),
                language.plus_minus(math.expm1(median(one.half_width for one in trials))),
                _of(sum(one.reached for one in trials), len(trials), phrases),
                _of(sum(one.covers for one in trials), len(trials), phrases),
            ]
        )
    return markdown.table(head, rows)


def overhead_table(found: Overhead, phrases: Phrases) -> Markdown:
    """What our loop adds, a row a model."""
    head = [phrases.say(f"column.{name}") for name in ("bare_loop", "loop_ratio", "processes")]
    language, rows = phrases.language, []
    for loop in found.models.values():
        point, low, high = loop.whole_loop
        ratio = language.factor_estimate(Estimate(point, Interval(low, high), loop.processes))
        rows.append([language.duration(loop.bare_p50_ns), ratio, language.decimal(loop.processes, 0)])
    return markdown.table(head, rows)


def _of(count: int, runs: int, phrases: Phrases) -> str:
    return phrases.say("cell.count_of", count=count, runs=runs)


def _share(count: int, runs: int, phrases: Phrases) -> str:
    share = phrases.language.percent(count / runs)
    return phrases.say("cell.share_of", share=share, count=count, runs=runs)
