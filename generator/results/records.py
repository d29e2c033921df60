"""The way in for everybody: all records of a checkout, what each of them says, and a table of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generator.core.definition import Measurement
from generator.core.definition_file import load_suite
from generator.core.prices import PRICES_FILE, Price, load_prices
from generator.core.record import Record
from generator.core.record_file import load_named, record_files, records_folder
from generator.results.findings import Findings, analyse
from generator.results.frames import frame as frame


@dataclass(frozen=True, slots=True)
class Loaded:
    """A record and what it is the answer to."""

    measurement: Measurement
    path: Path
    """Its file, which is read when `record` is asked for."""

    prices: tuple[Price, ...] = ()

    @property
    def record(self) -> Record:
        """The record itself, verified; read anew at each call, for its latencies are megabytes.

        Raises:
            RecordError: when the file is no sound record; it says what to do.
        """
        return load_named(self.path)


def load(root: Path | str = ".", measurement: str | None = None) -> Iterator[Loaded]:
    """Every record of a checkout, by measurement, then by the name of its file; none is read before it is asked for.

    Args:
        root: folder of the checkout: the one with `measurements/` in it.
        measurement: only its records; all by default.

    Raises:
        DefinitionError: when a definition, or the table of prices, is not sound.
        ValueError: when there is no such measurement.
    """
    folder = Path(root) / "measurements"
    suite = load_suite(folder)
    prices = load_prices(folder / PRICES_FILE)
    chosen = [one for one in suite if measurement in (None, one.name)]
    if measurement is not None and not chosen:
        raise ValueError(f"there is no measurement {measurement!r} in {folder}: {', '.join(one.name for one in suite)}")
    return (Loaded(one, path, tuple(prices)) for one in chosen for path in record_files(records_folder(folder, one)))


def findings(loaded: Loaded) -> Findings:
    """What pages say of a record: ratios with intervals, latencies in nanoseconds, quality, energy, caveats.

    Raises:
        RecordError: when its file is no sound record.
    """
    return analyse(loaded.measurement, loaded.record, loaded.prices)
