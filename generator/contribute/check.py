"""Everything that is wrong with what a contributor made, at once: file, line, reason, remedy. Runs none of its code."""

from __future__ import annotations

import os
import re
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from generator.browser.record import FOLDER
from generator.contribute import browser_records
from generator.contribute.faults import faults
from generator.contribute.lines import line_in_toml
from generator.contribute.records import MOST_SHOWN, of_record
from generator.core.definition import Measurement, WorkloadChoice
from generator.core.definition_file import DEFINITION_FILE, MAX_DEFINITION_BYTES, load_measurement, measurement_folders
from generator.core.errors import DefinitionError, GeneratorError, PublishError, RecordError, suggest
from generator.core.files import Unreadable, is_ours, read_plain
from generator.core.prices import MAX_PRICES_BYTES, PRICES_FILE, load_prices
from generator.core.problem import Level, Problem
from generator.core.record import Record, Tier
from generator.core.record_file import load_record, outline
from generator.draw.chart import Chart
from generator.draw.gallery import Drawn, Gallery
from generator.pages.measurement_page import MeasurementPage
from generator.pages.template import Environment, parse, read_article
from generator.results.collection import MOST_SYSTEMS, disputed, newest_first, to_show
from generator.results.findings import Findings, analyse, without_rounds
from generator.results.summary import Summary, summarise
from generator.words.language import Language

ARTICLES = frozenset(f"article.{language.value}.md.j2" for language in Language)
KNOWN_FILES = frozenset({DEFINITION_FILE, "workload.py", *ARTICLES})
"""What may lie in a measurement's folder, beside the folders of records."""

MODEL_KIND = "onnx_model"
"""Kind of the workload that names a model's file, and inputs and labels that lie in the folder."""

GIVEN = frozenset(
    {".npz", ".npy", ".jsonl", ".ndjson", ".txt", ".csv", ".json", ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif"}
    | {".pgm", ".ppm", ".tif", ".tiff"}
)
"""Endings of inputs and labels; they are read without unpickling anything."""

RECORDS = ("records", FOLDER)
"""Folders of native and of browsers' records."""

WEIGHTS = frozenset(
    {".pkl", ".pickle", ".pt", ".pth", ".bin", ".joblib", ".npy", ".npz", ".ckpt", ".h5", ".onnx", ".safetensors"}
)
MOST_FOLDER_BYTES = 256 * 2**20
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
_LATIN = re.compile("[a-z]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check saw."""

    problems: tuple[Problem, ...]
    """In the order of files and lines."""

    measurements: int
    records: int
    browser_records: int
    size_bytes: int
    """Of everything in the folders that were checked."""

    @property
    def sound(self) -> bool:
        """Whether nothing must be mended."""
        return _sound(self.problems)


def check(root: Path, names: Sequence[str] = (), now: datetime | None = None) -> Checked:
    """Check measurements: definitions, articles, licences, sizes, and every record.

    No Python of a folder is run, and nothing is fetched. The articles are rendered with the records that are there.

    Args:
        root: the checkout.
        names: measurements to check, and files of browsers' records, which end with .json and may lie anywhere;
            everything in the checkout when left out.
        now: records that end later have a wrong clock; the present when left out.

    Raises:
        DefinitionError: when there is no measurement of such a name.
    """
    folders = {folder.name: folder for folder in measurement_folders(root / "measurements")}
    files = [name for name in dict.fromkeys(names) if name.endswith(".json")]
    named = [name for name in dict.fromkeys(names) if name not in files]
    for name in named:
        if name not in folders:
            problem = Problem(f"there is no measurement '{name}'", suggest(name, folders))
            raise DefinitionError("measurements/", [problem])
    now = now or datetime.now(UTC)
    seen = [_Folder(root, folders[name], now) for name in (named if names else folders)]
    found = [problem for one in seen for problem in one.problems()]
    alone = [list(browser_records.in_file(Path(name), _fingerprints(folders.values()), now)) for name in files]
    found += [*_ids_taken_twice(seen), *(problem for problems in alone for problem in problems)]
    if not names:
        found += _about_prices(root)
    once = {(str(problem), problem.level): problem for problem in found}
    ordered = sorted(once.values(), key=lambda problem: (problem.file, problem.line or 0, problem.reason))
    return Checked(
        tuple(ordered),
        measurements=len(seen),
        records=sum(len(one.records) for one in seen),
        browser_records=sum(one.browser_records for one in seen) + sum(map(_sound, alone)),
        size_bytes=sum(path.lstat().st_size for one in seen for path in one.files()),
    )


def _sound(problems: Iterable[Problem]) -> bool:
    return all(problem.level is not Level.ERROR for problem in problems)


def _fingerprints(folders: Iterable[Path]) -> Mapping[str, str]:
    """Of every definition that can be read, by its measurement's name."""
    found = dict[str, str]()
    for folder in folders:
        with suppress(DefinitionError):
            found[folder.name] = load_measurement(folder).fingerprint()
    return found


class _Undrawn(Gallery):
    """Draws nothing: what is wrong with an article is in its words, and drawing takes the most time."""

    def drawn(self, chart: Chart, prefix: str, language: Language) -> Drawn:
        return Drawn("", "", b"", b"")


class _Folder:
    """One measurement's folder."""

    def __init__(self, root: Path, folder: Path, now: datetime) -> None:
        self.root, self.folder, self.now = root, folder, now
        self.records = dict[Path, Record]()
        """Outlines of the sound records: the raw latencies of a thousand do not fit into memory."""

        self.summaries = dict[Path, Summary]()
        self.recent = deque[Findings](maxlen=MOST_SYSTEMS)
        self.browser_records = 0

    def problems(self) -> list[Problem]:
        """All of them."""
        if self.folder.is_symlink():
            return [self.problem(self.folder, "it is a link", "Put the folder itself there.")]
        try:
            measurement = load_measurement(self.folder)
        except DefinitionError as error:
            found = [*self._about_files(), *self._about_records(None), *self._about_browser_records(None)]
            return [*found, *self._about_definition(error)]
        found = [*self._about_files(measurement), *self._about_model_files(measurement)]
        found += self._about_records(measurement)
        found += self._about_browser_records(measurement.fingerprint())
        return [*found, *self._about_words(measurement), *self._about_articles(measurement)]

    def files(self) -> Iterator[Path]:
        """Everything in the folder that is no folder; links are not followed."""
        for parent, folders, names in os.walk(self.folder):
            yield from (Path(parent, name) for name in names)
            yield from (Path(parent, name) for name in folders if Path(parent, name).is_symlink())

    def _about_model_files(self, measurement: Measurement) -> Iterator[Problem]:
        """A model's file does not lie here: whoever repeats the measurement must know where to get it."""
        for index, workload in enumerate(measurement.workloads):
            if workload.kind != MODEL_KIND:
                continue
            path, text = self.folder / DEFINITION_FILE, read_plain(self.folder / DEFINITION_FILE, MAX_DEFINITION_BYTES)
            line = line_in_toml(text, ("workloads", index, "options"))
            if not (workload.options.get("address") or workload.options.get("origin")):
                remedy = "Write options.address = 'https://...', or options.origin with the package and its version."
                problem = f"nobody is told where to get '{workload.options.get('file')}'"
                yield self.problem(path, problem, remedy, line=line, level=Level.ADVICE)
            if not workload.options.get("licence"):
                remedy = "Write options.licence."
                yield self.problem(path, "the model's licence is not stated", remedy, line=line, level=Level.ADVICE)
            for given in _given_files(workload):
                if not (self.folder / given).exists():
                    yield self.problem(path, f"'{given}' is not in the folder", "Put it there.", line=line)

    def _about_files(self, measurement: Measurement | None = None) -> Iterator[Problem]:
        given = {one for workload in (measurement.workloads if measurement else ()) for one in _given_files(workload)}
        for path in sorted(self.files()):
            inside = path.relative_to(self.folder)
            if path.is_symlink():
                yield self.problem(path, "it is a link", "Put the file itself there.")
            elif inside.as_posix() in KNOWN_FILES or _is_record(inside) or _is_given(inside, given):
                continue
            elif path.suffix.lower() in WEIGHTS:
                remedy = "Pin it in generator/assets/catalogue.toml, with its hash and licence."
                yield self.problem(path, "weights and data do not lie here, and pickles run code when read", remedy)
            else:
                known = ", ".join([*sorted(KNOWN_FILES), *(f"{name}/" for name in RECORDS)])
                yield self.problem(path, "the generator knows no such file", f"Delete it. Known: {known}.")
        size = sum(path.lstat().st_size for path in self.files())
        if size > MOST_FOLDER_BYTES:
            problem = f"the folder holds {size // 2**20} MiB, {MOST_FOLDER_BYTES // 2**20} are the most"
            yield self.problem(self.folder, problem, "Keep the newest record of each machine.")

    def _about_definition(self, error: DefinitionError) -> Iterator[Problem]:
        path = self.folder / DEFINITION_FILE
        yield from _of_toml(self.name_of(path), path, MAX_DEFINITION_BYTES, error.problems[:MOST_SHOWN])
        if (more := len(error.problems) - MOST_SHOWN) > 0:
            yield self.problem(path, f"{more} more problems", "Mend these first.")

    def _about_words(self, measurement: Measurement) -> Iterator[Problem]:
        """Both languages are there, or the definition would not have been read; is each one itself?"""
        path = self.folder / DEFINITION_FILE
        text = read_plain(path, MAX_DEFINITION_BYTES)
        for key in ("title", "question"):
            words = getattr(measurement, key)
            line = line_in_toml(text, (key,))
            if not _CYRILLIC.search(words.ru):
                remedy = "Write it in Russian."
                yield self.problem(path, f"{key}.ru holds no Russian letter", remedy, line=line)
            if _CYRILLIC.search(words.en) or not _LATIN.search(words.en):
                yield self.problem(path, f"{key}.en is not in English letters", "Write it in English.", line=line)
        if all(variant.runtime == "fake" for variant in measurement.variants):
            remedy = "Name real runtimes before you ask for a page."
            problem = "every variant is simulated: the runtime 'fake' reports what the definition says"
            yield self.problem(path, problem, remedy, level=Level.ADVICE)

    def _about_records(self, measurement: Measurement | None) -> Iterator[Problem]:
        """What is wrong with each record, one at a time; what else is asked of them, they leave behind."""
        folder = self.folder / "records"
        if folder.is_symlink() or not folder.is_dir():
            return
        for path in sorted(folder.glob("*.json")):
            if path.is_symlink() or not is_ours(path.name):
                continue  # said of the file
            try:
                record = load_record(path)
            except RecordError as error:
                yield from of_record(self.name_of(path), path, error)
                continue
            self.records[path] = outline(record)
            if measurement:
                yield from self._about_run(path, record, measurement)
                self.recent.append(without_rounds(analyse(measurement, record)))
                self.summaries[path] = summarise(self.recent[-1])

    def _about_browser_records(self, definition: str | None) -> Iterator[Problem]:
        for problems in browser_records.in_folder(self.folder, self.name_of(self.folder), definition, self.now):
            self.browser_records += _sound(problems)
            yield from problems

    def _about_run(self, path: Path, record: Record, measurement: Measurement) -> Iterator[Problem]:
        """What is wrong with a sound record in this place."""
        if path.stem != record.record_id:
            yield self.problem(path, f"the file holds record '{record.record_id}'", f"Name it {record.record_id}.json.")
        if record.measurement != measurement.name:
            problem = f"it is a record of '{record.measurement}'"
            yield self.problem(path, problem, f"Move it to measurements/{record.measurement}/records/.")
        if record.tier is Tier.SMOKE:
            remedy = f"Measure it: python -m generator measure {measurement.name}. Then delete this file."
            yield self.problem(path, "it is of the tier smoke, a first look that is never published", remedy)
        for fault in faults(record, measurement, self.now):
            yield replace(fault, file=self.name_of(path))

    def _about_articles(self, measurement: Measurement) -> Iterator[Problem]:
        """Whether both articles can be read, and say what the newest records say."""
        readable = True
        for language in Language:
            try:
                if article := read_article(self.folder, language):
                    parse(Environment(language, dict([article])), article[0])
            except PublishError as error:
                readable = False
                yield self._article_problem(error)
        if not readable:
            return
        if every := newest_first(self.summaries.values()):
            shown = [disputed(self._shown(one, measurement), every) for one in to_show(every)]
            yield from self._about_pages(shown, every)

    def _shown(self, record_id: str, measurement: Measurement) -> Findings:
        if known := next((one for one in self.recent if one.record.record_id == record_id), None):
            return known
        path = next(path for path, record in self.records.items() if record.record_id == record_id)
        return without_rounds(analyse(measurement, load_record(path)))

    def _about_pages(self, systems: Sequence[Findings], every: Sequence[Summary]) -> Iterator[Problem]:
        for language in Language:
            try:
                MeasurementPage(systems[0], every, language, _Undrawn(self.root), self.folder, systems).page()
            except PublishError as error:
                yield self._article_problem(error)

    def _article_problem(self, error: GeneratorError) -> Problem:
        name = Path(error.where).name
        path = self.folder / name if name in ARTICLES else self.folder
        return self.problem(path, error.problem, error.remedy, line=error.line)

    def problem(
        self, path: Path, reason: str, remedy: str, *, line: int | None = None, level: Level = Level.ERROR
    ) -> Problem:
        """One problem of a file in the folder."""
        return Problem(reason.rstrip("."), remedy, line=line, file=self.name_of(path), level=level)

    def name_of(self, path: Path) -> str:
        """How problems call a file of the folder."""
        return path.relative_to(self.root).as_posix()


def _is_given(inside: Path, given: Collection[str]) -> bool:
    """Whether a file is one that the definition names as inputs or labels, of a kind that holds numbers or pictures."""
    return inside.parts[0] in given and inside.parts[0] not in RECORDS and inside.suffix.lower() in GIVEN


def _given_files(workload: WorkloadChoice) -> tuple[str, ...]:
    """Inputs and labels that a definition says lie in its folder; its model file never does."""
    if workload.kind != MODEL_KIND:
        return ()
    names = (workload.options.get(key) for key in ("inputs", "labels"))
    return tuple(name for name in names if isinstance(name, str) and name and "/" not in name and name != "..")


def _is_record(inside: Path) -> bool:
    return len(inside.parts) == 2 and inside.parts[0] in RECORDS and inside.suffix == ".json"


def _of_toml(file: str, path: Path, most_bytes: int, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Problems of a definition or of the prices, each with its line."""
    try:
        text = read_plain(path, most_bytes)
    except (Unreadable, OSError):
        text = ""
    for one in problems:
        line = one.line or line_in_toml(text, one.location)
        yield replace(one, file=file, line=line, remedy=one.remedy or "Mend it.")


def _ids_taken_twice(folders: Iterable[_Folder]) -> Iterator[Problem]:
    """One run counts once, wherever its copies lie."""
    every = [(one, path, record) for one in folders for path, record in one.records.items()]
    counts = Counter(record.sha256 for _, _, record in every)
    ids = Counter(record.record_id for _, _, record in every)
    for folder, path, record in every:
        if counts[record.sha256] > 1 or ids[record.record_id] > 1:
            yield folder.problem(path, f"record '{record.record_id}' is there twice", "Keep one of the two.")


def _about_prices(root: Path) -> Iterator[Problem]:
    path = root / "measurements" / PRICES_FILE
    try:
        load_prices(path)
    except DefinitionError as error:
        yield from _of_toml(f"measurements/{PRICES_FILE}", path, MAX_PRICES_BYTES, error.problems)
