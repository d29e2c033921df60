"""Commands for contributors: make a measurement, check it, take the results and the schemas out. Measures nothing."""

from __future__ import annotations

import json as json_text
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from generator.cli.options import Root
from generator.core.definition_file import load_suite, measurement_folders
from generator.core.prices import PRICES_FILE, load_prices

out, err = Console(), Console(stderr=True)


class Format(StrEnum):
    """Endings of exported tables."""

    csv = "csv"
    json = "json"
    parquet = "parquet"


def known_names(incomplete: str) -> list[str]:
    """Measurements that a shell may complete a word to."""
    return [one.name for one in measurement_folders(Path("measurements")) if one.name.startswith(incomplete)]


Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME]...",
        help="Measurements, or files of records made in a browser; everything when none is named.",
        autocompletion=known_names,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print data instead of words.")]


def check(names: Names = None, json: Json = False, root: Root = Path()) -> None:
    """Say all that is wrong with measurements and records: file, line, reason, remedy. Runs none of their code."""
    from generator.contribute.check import check as checked
    from generator.core.problem import Level

    found = checked(root.resolve(), names or ())
    if json:
        keys = ("file", "line", "reason", "remedy", "level")
        said = [{key: getattr(problem, key) for key in keys} for problem in found.problems]
        typer.echo(
            json_text.dumps({**asdict(found), "problems": said, "sound": found.sound}, ensure_ascii=False, indent=1)
        )
    else:
        for problem in found.problems:
            label = "[red]error[/]" if problem.level is Level.ERROR else "[yellow]advice[/]"
            out.print(f"{label} {escape(str(problem))}", highlight=False, soft_wrap=True)
        seen = f"{found.measurements} measurements, {found.records} sound records"
        seen += f", {found.browser_records} made in browsers" if found.browser_records else ""
        seen += f", {found.size_bytes / 2**20:.1f} MiB"
        errors = sum(problem.level is Level.ERROR for problem in found.problems)
        out.print(f"{f'{errors} to mend' if errors else 'Nothing must be mended'}: {seen}.", highlight=False)
    if not found.sound:
        raise typer.Exit(1)


def new(
    name: Annotated[str, typer.Argument(help="Folder and address of the page: a-z, 0-9 and single hyphens.")],
    question_ru: Annotated[str | None, typer.Option(help="What the page answers, in Russian.")] = None,
    question_en: Annotated[str | None, typer.Option(help="The same in English.")] = None,
    title_ru: Annotated[str | None, typer.Option(help="Title, in Russian.")] = None,
    title_en: Annotated[str | None, typer.Option(help="Title, in English.")] = None,
    like: Annotated[
        str | None,
        typer.Option(help="A measurement whose workloads and variants to begin with.", autocompletion=known_names),
    ] = None,
    root: Root = Path(),
) -> None:
    """Make a measurement that already measures and renders; asks for what no option says."""
    from generator.contribute.scaffold import scaffold

    title = {"ru": _asked(title_ru, "Title in Russian"), "en": _asked(title_en, "Title in English")}
    question = {"ru": _asked(question_ru, "Question in Russian"), "en": _asked(question_en, "Question in English")}
    folder = scaffold(root.resolve(), name, title, question, like, datetime.now(UTC).date())
    where = escape(folder.relative_to(root.resolve()).as_posix())
    out.print(f"Made [bold]{where}[/]. Now, in this order:", highlight=False)
    for command in (f"check {name}", f"measure {name} --tier smoke", "build --measure none --open"):
        out.print(f"  python -m generator {command}", highlight=False)
    out.print("A smoke record is a first look: delete it before you commit, and measure to standard.")


def export(
    to: Annotated[Path, typer.Option(help="Folder to write into.")] = Path("export"),
    formats: Annotated[
        list[Format] | None, typer.Option("--format", help="Only this one; may be given several times.")
    ] = None,
    root: Root = Path(),
) -> None:
    """Write all results as tables (CSV, JSON, Parquet) with a dictionary of their columns in both languages."""
    from generator.contribute.export import can_write_parquet
    from generator.contribute.export import export as written
    from generator.results.store import analyses

    root = root.resolve()
    measurements = root / "measurements"
    findings = analyses(measurements, load_suite(measurements), load_prices(measurements / PRICES_FILE))
    chosen = formats or [one for one in Format if one is not Format.parquet or can_write_parquet()]
    for path in written(findings, to, chosen):
        out.print(escape(str(path)), highlight=False, soft_wrap=True)
    if formats is None and Format.parquet not in chosen:
        err.print("No Parquet: it needs the extra 'export': pip install -e '.\\[export]' -c constraints.txt")


def schema(root: Root = Path()) -> None:
    """Write the JSON Schemas of definitions and records anew; a test wants them current."""
    from generator.contribute.schema import schemas
    from generator.site.staging import write_whole

    texts: Mapping[str, str] = schemas()
    for name, text in texts.items():
        path = root.resolve() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
        out.print(name, highlight=False)


def _asked(given: str | None, what: str) -> str:
    """The option, or the answer of the person; without a terminal, an unanswered question is a wrong usage."""
    if given is not None:
        return given
    answer: str = typer.prompt(what)
    return answer
