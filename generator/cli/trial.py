"""`try`: a model file of one's own is looked at, tried every way that could help, and measured by the protocol."""

from __future__ import annotations

import json as json_text
import math
import shlex
import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from generator.cli import console_trial as words
from generator.cli.console import address
from generator.cli.console_progress import RunDisplay
from generator.cli.measure import FAILURES
from generator.core.errors import DefinitionError, suggest
from generator.core.problem import Problem
from generator.core.record import Record, Tier

if TYPE_CHECKING:
    from generator.core.cache import Cache
    from generator.measure.run_context import RunContext
    from generator.measure.trial.request import Request
    from generator.measure.trial.stage import Staged
    from generator.results.trial import Trial

out, err = Console(), Console(stderr=True)

UNMET = 4
"""Exit status when nothing met what was demanded."""

MINUTES = 5.0


class Languages(StrEnum):
    """Languages of the page."""

    both = "both"
    ru = "ru"
    en = "en"


@dataclass(frozen=True, slots=True)
class Demands:
    """What a script wants to be told by the exit status."""

    at_least: float | None
    not_slower_than: Path | None


def try_model(  # noqa: PLR0913 - a command takes what its options give
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An ONNX file.")],
    inputs: Annotated[
        Path | None, typer.Option(help="Real inputs: .npz, .npy, .jsonl, or a folder of pictures; drawn when left out.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="The right answers: .npy, .txt or .json, one an input; makes accuracy of it.")
    ] = None,
    shape: Annotated[
        list[str] | None, typer.Option(metavar="INPUT=1x128", help="Size of an input, or of a free axis by its name.")
    ] = None,
    pixels: Annotated[str, typer.Option(help="What pictures become: unit (0 to 1), signed, imagenet, bytes.")] = "unit",
    metric: Annotated[str | None, typer.Option(help="argmax or error; by the graph's outputs when left out.")] = None,
    output: Annotated[str, typer.Option(help="Output that decides; found by itself when left out.")] = "",
    tolerance: Annotated[
        float, typer.Option(help="Largest relative error of an answer that agrees with the file's own.", min=0, max=1)
    ] = 0.01,
    precision: Annotated[
        str, typer.Option(help="given, bf16, int8-dynamic, int8-static, int4, with commas; what suits when left out.")
    ] = "",
    runtime: Annotated[str, typer.Option(help="onnxruntime, openvino, with commas; what is there when left out.")] = "",
    threads: Annotated[str, typer.Option(help="Numbers of threads, with commas; the first is the baseline's.")] = "1,2",
    install: Annotated[
        bool, typer.Option("--install", help="Make the isolated environments that are missing.")
    ] = False,
    minutes: Annotated[float, typer.Option(help="How long to measure at most.", min=0.1)] = MINUTES,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be tried.")] = False,
    to: Annotated[
        Path | None, typer.Option("--out", help="Folder for page and record; build/try/NAME by itself.")
    ] = None,
    language: Annotated[Languages, typer.Option(help="Languages of the page.")] = Languages.both,
    at_least: Annotated[
        float | None,
        typer.Option(help="Demand this speed-up with the quality kept: exit status 4 without it.", min=0.01),
    ] = None,
    not_slower_than: Annotated[
        Path | None, typer.Option(help="Demand to be no slower than this record of before: exit status 4 otherwise.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the outcome as data.")] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    root: Annotated[Path, typer.Option("--root", hidden=True)] = Path(),
) -> None:
    """Try a model of your own: runtimes, precisions and threads, with quality kept and intervals. One command.

    Exit status 4: nothing met --at-least or --not-slower-than.
    """
    from generator.measure import plan as planning

    planning.require_packages()

    from generator.core.cache import Cache
    from generator.measure.system import describe_system
    from generator.measure.trial.request import Change, Request
    from generator.measure.trial.stage import stage
    from generator.measure.trial.variants import RUNTIME_TITLES
    from generator.workloads.metrics.likeness import ARGMAX, ERROR
    from generator.workloads.own.given import PIXELS

    asked = [Change.GIVEN if one == "fp32" else one for one in _listed(precision)]
    request = Request(
        model=model,
        inputs=inputs,
        labels=labels,
        shapes=tuple(shape or ()),
        pixels=_one_of("--pixels", pixels, PIXELS),
        metric=_one_of("--metric", metric, (ARGMAX, ERROR)) if metric else None,
        output=output,
        tolerance=tolerance,
        changes=tuple(Change(_one_of("--precision", one, [*Change])) for one in asked),
        runtimes=tuple(_one_of("--runtime", one, RUNTIME_TITLES) for one in _listed(runtime)),
        threads=_numbers(threads),
        install=install,
    )
    root, demands = root.resolve(), Demands(at_least, not_slower_than)
    before = _demanded(not_slower_than)
    console = err if json else out
    cache, system = Cache.default(root), describe_system()
    with planning.only_run(cache.root):
        staged = stage(request, cache, system, datetime.now(UTC).date())
        words.print_staged(console, staged, minutes)
        if plan:
            return
        context = _context(staged, cache, system, _command(model, request, minutes))
        folder = (to or root / "build" / "try" / staged.measurement.name).resolve()
        found = _tried(staged, context, minutes * 60, console, folder)
    page = _published(found, staged, folder, language, cache)
    unmet = words.unmet(found, demands.at_least, before, not_slower_than)
    if json:
        typer.echo(json_text.dumps(words.as_json(found, folder, unmet), ensure_ascii=False, indent=1))
    else:
        words.print_outcome(out, found)
        out.print(f"Page: {address(page.parent)}", highlight=False, soft_wrap=True, markup=False)
        out.print(f"Record: {found.record.record_id}.json, beside it", highlight=False, soft_wrap=True, markup=False)
    if open_page:
        webbrowser.open(page.resolve().as_uri())
    _exit(found, request, unmet)


def _exit(found: Trial, request: Request, unmet: Sequence[str]) -> None:
    for one in unmet:
        err.print(f"[red]not met:[/] {escape(one)}", highlight=False, soft_wrap=True)
    if unmet:
        raise typer.Exit(UNMET)
    # What was tried by itself and does not work is an answer; what a person asked for by name is a failure.
    if found.failed and (request.changes or request.runtimes):
        raise typer.Exit(FAILURES)


def _tried(staged: Staged, context: RunContext, seconds: float, console: Console, folder: Path) -> Trial:
    """Two short blocks of everything, then the protocol for what has a chance; the records are in the folder."""
    from generator.core.record_file import dump_record
    from generator.measure.run import forget, measured
    from generator.measure.trial.stage import narrowed
    from generator.results.findings import analyse
    from generator.results.screening import screened
    from generator.results.trial import trial
    from generator.site.staging import write_whole

    name = staged.measurement.name
    with RunDisplay(console) as display:
        context = replace(context, tell=display)
        display.begin(name)
        first = measured(staged.measurement, Tier.SMOKE, context)
        looked = analyse(staged.measurement, first)
        # By what the record says and not by the clock: a trial that was interrupted chooses the same again.
        left_s = max(0.0, seconds - time_spent(first, sum(staged.probed.rows)))
        screening = screened(looked.workloads[0], block_costs(first), left_s)
        words.print_screening(console, screening, staged)
        record, definition, written = first, staged.measurement, staged.folder
        if len(screening.kept) > 1:
            chosen = narrowed(staged, screening.kept)
            definition, written = chosen.measurement, chosen.folder
            record = measured(definition, Tier.STANDARD, replace(context, most_s=left_s))
    folder.mkdir(parents=True, exist_ok=True)
    for one in (first, record):
        write_whole(folder / f"{one.record_id}.json", dump_record(one).encode())
    write_whole(folder / "measurement.toml", (written / "measurement.toml").read_bytes())
    for tier in (Tier.SMOKE, Tier.STANDARD):
        forget(name, tier, context.cache)
    return trial(analyse(definition, record), looked, screening, staged.left_out)


def time_spent(record: Record, rows: int) -> float:
    """Seconds that a screening took, and that checking the quality will take once more after it.

    Args:
        record: of the screening.
        rows: samples that are answered side by side.
    """
    blocks_s = math.fsum(block.duration_s for block in record.blocks)
    samples = sum(one.samples or 0 for one in record.workloads) + rows
    checking_s = 0.0
    for variant in record.variants:
        rounds = [one for block in record.blocks for one in block.rounds if one.variant == variant.name]
        starts = [one for block in record.blocks for one in block.workers if one.variant == variant.name]
        if rounds and starts:
            checking_s += samples * min(min(one.latencies_ns) for one in rounds) / 1e9
            checking_s += (starts[0].load_ns + starts[0].first_call_ns) / 1e9
    return blocks_s + 2 * checking_s


def block_costs(record: Record) -> Mapping[str, float]:
    """Seconds that each variant takes in a full block: its start and warm-up, as they were, and its rounds."""
    from generator.core import protocol

    rules = protocol.TIERS[Tier.STANDARD]
    costs = dict[str, list[float]]()
    for block in record.blocks:
        for one in block.workers:
            start_ns = one.load_ns + one.first_call_ns
            measured_ns = rules.measured_ns(start_ns > protocol.SLOW_START_NS)
            costs.setdefault(one.variant, []).append((start_ns + one.warm_up_ns + measured_ns) / 1e9)
    return {name: math.fsum(found) / len(found) for name, found in costs.items()}


def _context(staged: Staged, cache: Cache, system: Any, command: str) -> RunContext:
    from generator.measure.run_context import RunContext

    return RunContext(staged.root, cache, system, command=command)


def _published(found: Trial, staged: Staged, folder: Path, language: Languages, cache: Cache) -> Path:
    from generator.pages.trial_page import trial_page
    from generator.site.staging import write_whole
    from generator.words.language import Language

    languages = [one for one in Language if language in (Languages.both, one.value)]
    path = folder / "index.html"
    write_whole(path, trial_page(found, languages, cache.root).encode())
    return path


def _command(model: Path, request: Request, minutes: float) -> str:
    """What repeats the trial; options that have their default are left out."""
    parts = ["python -m generator try", shlex.quote(str(model))]
    for option, path in (("--inputs", request.inputs), ("--labels", request.labels)):
        parts += [option, shlex.quote(str(path))] if path else []
    for text in request.shapes:
        parts += ["--shape", shlex.quote(text)]
    lists = (("--precision", request.changes), ("--runtime", request.runtimes), ("--threads", request.threads))
    for option, values in lists:
        if values and (option, values) != ("--threads", (1, 2)):
            parts += [option, ",".join(map(str, values))]
    plain = (("--pixels", request.pixels, "unit"), ("--metric", request.metric, None), ("--output", request.output, ""))
    for option, value, default in (*plain, ("--tolerance", f"{request.tolerance:g}", "0.01")):
        parts += [option, shlex.quote(str(value))] if value != default else []
    parts += ["--minutes", f"{minutes:g}"] if minutes != MINUTES else []
    return " ".join([*parts, *(["--install"] if request.install else [])])[:1000]


def _demanded(path: Path | None) -> Record | None:
    """The record that nothing may be slower than, read before anything is measured."""
    from generator.core.record_file import load_record

    return load_record(path) if path else None


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str) -> tuple[int, ...]:
    parts = _listed(text)
    if not parts or not all(part.isdigit() and 1 <= int(part) <= 1024 for part in parts):
        raise DefinitionError("--threads", [Problem(f"'{text}' are no numbers of threads", "Write 1,2 or 4.")])
    return tuple(dict.fromkeys(map(int, parts)))


def _one_of(option: str, word: str, known: Any) -> str:
    if word not in [*known]:
        raise DefinitionError(option, [Problem(f"there is no '{word}'", suggest(word, map(str, known)))])
    return word
