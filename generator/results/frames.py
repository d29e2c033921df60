"""Results as pandas data frames: for calculations of one's own, and what an export writes.

Only a call needs pandas (extra `export`): pages and records are made without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from generator.core.errors import MissingPackage
from generator.results.findings import Findings
from generator.results.rows import about, result_rows, round_rows

if TYPE_CHECKING:
    import pandas as pd

LEVELS = ("results", "rounds")
"""What a row can be: a variant of a record, or one round of it."""


def frame(all_findings: Iterable[Findings], level: str = "results") -> pd.DataFrame:
    """Findings as a table; one column more or less with the metrics that the records have.

    `results`: one row a variant of a record, by measurement, oldest record first; what a record does not have is
    missing, never zero. Times end in `_ns` and are nanoseconds a query; `speedup` is the baseline's latency over the
    variant's, with its 95 % interval in `speedup_low` and `speedup_high`. `rounds`: one row a round of a record, times
    a sample. `columns.toml` beside this module says of every column what it means, and in which unit.

    Args:
        all_findings: of any records, as `findings` gives them; each is let go before the next is asked for.
        level: one of `LEVELS`.

    Returns:
        The table, (rows, columns); without a record an empty one.

    Raises:
        ValueError: for a level that is none.
        MissingPackage: when pandas is not installed.
    """
    if level not in LEVELS:
        raise ValueError(f"there is no level {level!r}: take one of {', '.join(LEVELS)}")
    return frames(all_findings, (level,))[level]


def frames(all_findings: Iterable[Findings], levels: Iterable[str] = LEVELS) -> dict[str, pd.DataFrame]:
    """The table of each level, in one pass: the raw latencies of one record at a time are in memory.

    Raises:
        MissingPackage: when pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingPackage("pandas", "export", "a data frame of results") from error
    results, rounds = dict[tuple[str, datetime, str], list[dict[str, Any]]](), dict[str, pd.DataFrame]()
    levels = frozenset(levels)
    for one in all_findings:
        record = one.record
        if "results" in levels:
            rows = [{**about(one), **row} for row in result_rows(one)]
            results[one.measurement.name, record.started_at, record.record_id] = rows
        if "rounds" in levels and record.blocks:
            rounds[record.record_id] = pd.DataFrame(round_rows(record)).assign(record=record.record_id)
    tables = dict[str, pd.DataFrame]()
    if "results" in levels:
        rows = [row for _, part in sorted(results.items(), key=lambda item: item[0]) for row in part]
        tables["results"] = pd.DataFrame(rows).convert_dtypes()
    if "rounds" in levels:
        parts = [part for _, part in sorted(rounds.items(), key=lambda item: item[0])]
        table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"record": []})
        tables["rounds"] = table[["record", *(name for name in table.columns if name != "record")]]
    return tables
