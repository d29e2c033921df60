"""The site: pages in, a folder for any static web server out. The only module that runs MkDocs.

Both languages are built strictly, each by its own configuration (mkdocs.yml, mkdocs.en.yml), into build/site; the
result is checked there and takes the published folder's place only when nothing is wrong with it.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from filelock import FileLock, Timeout

from generator.core.cache import Cache
from generator.core.errors import Busy, PublishError, StorageError
from generator.core.pool import Pool
from generator.site import fingerprint
from generator.site.links import check_links, read_pages
from generator.site.release import add_policy, prune, swap_in
from generator.site.staging import LANGUAGES, Language, Page, stage

__all__ = ["LANGUAGES", "Language", "Page", "Site", "build_site", "keep_sources", "unchanged"]

CONFIGURATIONS: Mapping[Language, str] = MappingProxyType({"ru": "mkdocs.yml", "en": "mkdocs.en.yml"})

DEFAULT_EPOCH = 315_532_800
"""1980-01-01, the date of reproducible builds that have none: earlier ones do not fit into archives."""

QUIET = MappingProxyType({"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"})
"""Silences the advertisements that MkDocs' forks and themes print at every build; they are no warnings of ours."""

LONGEST_WAIT_S = 600
"""How long a build waits for another one in the same checkout."""

MOST_SHOWN = 20
"""Problems that one error lists; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Site:
    """A built site."""

    path: Path
    """Its folder, ready for any static web server."""

    page_count: int
    """Markdown pages in one language."""

    link_count: int
    """Links and resources that were checked, both languages together."""

    file_count: int
    size_bytes: int

    rewritten: int
    """Staged files that differ from the last build."""


def build_site(
    pages: Iterable[Page],
    root: Path,
    progress: Callable[[str], None] | None = None,
    *,
    epoch: int | None = None,
    site_url: str | None = None,
    target: Path | None = None,
    pool: Pool | None = None,
) -> Site:
    """Stage the pages, build both languages, check the result and put it in the old site's place.

    Where nothing has changed since the last build, the site that is there is the result.

    Args:
        pages: the generated files; hand-written ones are read from docs/<language>.
        root: the checkout: has mkdocs.yml, mkdocs.en.yml and docs/.
        progress: told the name of each step as it begins: "stage", "languages", "check"; before them "wait" when
            another build holds the checkout.
        epoch: seconds since 1970 that stand for "now", usually the newest record's; the environment's
            SOURCE_DATE_EPOCH goes before it. The same pages and epoch give the same bytes.
        site_url: address of the root language; by default the environment's SITE_URL, or the one in mkdocs.yml.
        target: the folder to publish into; by default `root / "site"`.
        pool: processes that build the languages side by side; without it, this one builds one after the other.

    Raises:
        PublishError: when a page is missing, a link is broken, or MkDocs warns. The old site is still in its place.
        StorageError: when a file cannot be written.
        Busy: when another build holds the checkout and does not end.
    """
    tell = progress or _say_nothing
    with _only_build(root / "build", tell):
        return _build(pages, root, tell, epoch=epoch, site_url=site_url, target=target or root / "site", pool=pool)


def unchanged(root: Path, made_from: str, target: Path | None = None) -> Site | None:
    """The site that is there, where it lies untouched and its pages were made from the same; None otherwise.

    Args:
        root: the checkout.
        made_from: what `fingerprint.sources` gives now.
        target: the folder that is published into; by default `root / "site"`.
    """
    last = fingerprint.recall(root, target or root / "site")
    return Site(target or root / "site", rewritten=0, **last.numbers) if last and last.sources == made_from else None


def keep_sources(root: Path, made_from: str, target: Path | None = None) -> None:
    """Say what the pages of the site that was just built were made from, so that `unchanged` knows it again."""
    if last := fingerprint.recall(root, target or root / "site"):
        fingerprint.remember(root, target or root / "site", replace(last, sources=made_from))


def _build(
    pages: Iterable[Page],
    root: Path,
    tell: Callable[[str], None],
    *,
    epoch: int | None,
    site_url: str | None,
    target: Path,
    pool: Pool | None,
) -> Site:
    tell("stage")
    began_ns = time.time_ns()
    staged = stage(pages, root)
    built = root / "build" / "site"
    # What a killed build left behind: MkDocs empties the folder too, but keeps hidden files.
    apart = {language: built.with_name(f"site.{language}") for language in LANGUAGES}
    for folder in (built, *apart.values()):
        shutil.rmtree(folder, ignore_errors=True)
    now = os.environ.get("SOURCE_DATE_EPOCH") or str(DEFAULT_EPOCH if epoch is None else epoch)
    made_by = fingerprint.makers(root)
    made_of = fingerprint.inputs(root, made_by, now, site_url or os.environ.get("SITE_URL"))
    last = fingerprint.recall(root, target)
    if last and last.inputs == made_of:
        return Site(target, rewritten=staged.written, **last.numbers)
    kept = Cache(root / "build" / "kept", made_by)
    tell("languages")
    environment = {**QUIET, "SOURCE_DATE_EPOCH": now, "SITE_URL": site_url}
    jobs = [_Job(root, language, into, environment, kept) for language, into in apart.items()]
    done = list((pool.map if pool else map)(_build_language, jobs))
    if problem := next((one.problem for one in done if one.problem), None):
        raise problem
    _put_together(apart, built)
    prune(built)
    tell("check")
    report = check_links(built, done[0].address, kept)
    if report.problems:
        raise PublishError("the built site", _listed("its pages have faults", report.problems), "Mend the pages.")
    swap_in(built, target)
    files = [path for path in target.rglob("*") if path.is_file()]
    numbers = {
        "page_count": staged.page_count,
        "link_count": report.link_count,
        "file_count": len(files),
        "size_bytes": sum(path.stat().st_size for path in files),
    }
    fingerprint.remember(root, target, fingerprint.Built(made_of, None, numbers))
    for kind in kept.holdings():
        kept.trim(kind, began_ns)
    return Site(target, rewritten=staged.written, **numbers)


@contextmanager
def _only_build(folder: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the checkout for building: two builds at once would mix their pages. The second waits for the first.

    The lock is the operating system's: it ends with the process, however that ends.

    Raises:
        Busy: when the other build does not end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "building.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell("wait")
        try:
            lock.acquire(timeout=LONGEST_WAIT_S)
        except Timeout as error:
            problem = f"another build has held this checkout for {LONGEST_WAIT_S} s"
            raise Busy(str(folder / "building.lock"), problem, "End it, or wait until it is done.") from error
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True, slots=True)
class _Job:
    """One language that is to be built."""

    root: Path
    language: Language
    into: Path
    environment: Mapping[str, str | None]
    kept: Cache


@dataclass(frozen=True, slots=True)
class _Done:
    """What building one language left."""

    address: str
    """Of its root, as its pages were made for."""

    problem: PublishError | None = None
    """What is wrong with its pages: told when nobody writes into the build's folders any more."""


def _build_language(job: _Job) -> _Done:
    """Build one language and read its pages, so that checking them finds what they hold."""
    try:
        with _environment(job.environment):
            address = _run_mkdocs(job.root, job.language, job.into, job.kept)
    except PublishError as problem:
        return _Done("", problem)
    add_policy(job.into)
    read_pages(job.into, job.kept)
    return _Done(address)


def _put_together(apart: Mapping[Language, Path], site: Path) -> None:
    """Make one site of its languages: the first is its root, the others lie in it by their names.

    Raises:
        StorageError: when a folder cannot be moved.
    """
    try:
        for language, folder in apart.items():
            folder.rename(site if language == LANGUAGES[0] else site / language)
    except OSError as error:
        raise StorageError(str(site), f"the languages cannot be put there ({error})", "Close what holds it.") from error


def _run_mkdocs(root: Path, language: Language, into: Path, kept: Cache) -> str:
    """Build one language strictly; return the address that its pages are made for."""
    path = root / CONFIGURATIONS[language]
    if not path.is_file():
        raise PublishError(str(path), "there is no such file", "Run the command in the checkout's root.")
    with _collected_warnings() as warnings:
        problem = None
        from mkdocs.commands.build import build
        from mkdocs.config import load_config
        from mkdocs.exceptions import MkDocsException

        from generator.site.reuse import KeptConversions

        try:
            config = load_config(str(path), strict=True, site_dir=str(into))
            config.plugins["kept conversions"] = KeptConversions(kept, warnings)
            # Two events that MkDocs' own command line fires, and `build` does not.
            config.plugins.on_startup(command="build", dirty=False)
            try:
                build(config)
            finally:
                config.plugins.on_shutdown()
        except MkDocsException as error:
            problem = error
    # Strict mode's own error says only how many warnings there were.
    if warnings or problem is not None:
        raise PublishError(
            f"docs of '{language}'",
            _listed("MkDocs warns", warnings or [str(problem)]),
            f"Pages come from docs/{language} and from templates; what was built from is in build/docs/{language}.",
        ) from problem
    return str(config.site_url)


@contextmanager
def _collected_warnings() -> Iterator[list[str]]:
    """Collect what MkDocs and its plugins warn of, whatever levels and handlers logging has.

    MkDocs counts warnings with a handler of its own: a raised level would hide them from strict mode too.
    """
    logger = logging.getLogger("mkdocs")
    handler = _Collector(logging.WARNING)
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield handler.messages
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


class _Collector(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage().strip())


@contextmanager
def _environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """Set environment variables for a while; None leaves one as it is."""
    before = {name: os.environ.get(name) for name, value in values.items() if value is not None}
    os.environ.update({name: value for name, value in values.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _listed(what: str, problems: Iterable[str]) -> str:
    every = list(problems)
    shown = "".join(f"\n  - {problem.rstrip('.')}" for problem in every[:MOST_SHOWN])
    more = f"\n  - and {len(every) - MOST_SHOWN} more" if len(every) > MOST_SHOWN else ""
    return f"{what} ({len(every)}):{shown}{more}"


def _say_nothing(_step: str) -> None:
    """Stand in for a progress display where there is none."""
