"""All results as tables, CSV, JSON and Parquet, with a dictionary that says what each column means."""

from __future__ import annotations

import importlib.util
import io
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from generator import results
from generator.core.errors import MissingPackage, StorageError
from generator.pages.downloads import LICENCE, LICENCE_ADDRESS
from generator.results.findings import Findings
from generator.results.frames import frames
from generator.site.staging import write_whole

if TYPE_CHECKING:
    import pandas as pd

COLUMNS_FILE = Path(results.__file__).parent / "columns.toml"

_ENDINGS = ("_low", "_high", "_least", "_most")
"""Endings of the columns that bound the one before them: a confidence interval, or the range over blocks."""


def export(all_findings: Iterable[Findings], folder: Path, formats: Sequence[str]) -> tuple[Path, ...]:
    """Write `results` (a row a variant of a record) and `rounds` (a row a round), and the dictionary of their columns.

    The same findings give the same bytes, but for Parquet, whose bytes depend on the version of pyarrow.

    Args:
        all_findings: of every record, in any order; each is let go before the next is asked for.
        folder: where to; made when there is none.
        formats: keys of `FORMATS`.

    Returns:
        The files, in the order written.

    Raises:
        MissingPackage: when pandas is not installed, or for Parquet pyarrow; nothing is written then.
        StorageError: when a file cannot be written.
    """
    if "parquet" in formats and not can_write_parquet():
        raise MissingPackage("pyarrow", "export", "export --format parquet")
    tables = tables_of(all_findings)
    dictionary = json.dumps(data_dictionary(tables), ensure_ascii=False, indent=1) + "\n"
    files = {"dictionary.json": dictionary.encode()}
    for name, frame in tables.items():
        files |= {f"{name}.{kind}": FORMATS[kind](frame) for kind in formats}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_whole(folder / name, content)
    except OSError as error:
        problem = f"it cannot be written: {error.strerror or error}"
        raise StorageError(str(folder), problem, "Make room or give access.") from error
    return tuple(folder / name for name in files)


def can_write_parquet() -> bool:
    """Whether the package for it is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def tables_of(all_findings: Iterable[Findings]) -> dict[str, pd.DataFrame]:
    """Every table by its name, in one pass, see `generator.results.frame`."""
    return frames(all_findings)


def data_dictionary(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """What each column of each table means, in both languages, with its type and unit."""
    known = tomllib.loads(COLUMNS_FILE.read_text("utf-8"))
    described = {
        table: [{"name": name, "type": _type(frame[name]), **describe(name, known)} for name in frame.columns]
        for table, frame in tables.items()
    }
    return {"licence": {"name": LICENCE, "address": LICENCE_ADDRESS}, "missing": "empty or null", "tables": described}


def describe(name: str, known: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Unit and meaning of a column; a metric's own column is named after it and explained as one."""
    if name in known:
        return dict(known[name])
    for ending in _ENDINGS:
        if name.endswith(ending):
            stem, bound = describe(name.removesuffix(ending), known), known[f"*{ending}"]
            return {key: bound[key].replace("…", stem[key]) if key != "unit" else stem[key] for key in stem}
    for ending in ("_pooled_ns", "_bound_ns"):
        if name.endswith(ending):
            return dict(known[f"*{ending}"])
    return dict(known["*"])


def _type(column: pd.Series[Any]) -> str:
    kinds = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}
    return kinds.get(getattr(column.dtype, "kind", "O"), "text")


def _csv(frame: pd.DataFrame) -> bytes:
    safe = frame.map(lambda value: f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value)
    return safe.to_csv(index=False, lineterminator="\n").encode()


def _json(frame: pd.DataFrame) -> bytes:
    return (frame.to_json(orient="records", force_ascii=False, indent=1, double_precision=15) + "\n").encode()


def _parquet(frame: pd.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.to_parquet(target, index=False)
    return target.getvalue()


FORMATS: Mapping[str, Callable[[pd.DataFrame], bytes]] = MappingProxyType(
    {"csv": _csv, "json": _json, "parquet": _parquet}
)
"""Endings of the files, and what writes them."""
