"""What `build` and `serve` do when they publish: read the records, write the pages, build the site."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from generator.cli.console_progress import RunDisplay
from generator.cli.measure import this_system
from generator.core.attempt import ATTEMPTS_FOLDER, NotMeasured, load_attempts
from generator.core.definition import Measurement
from generator.core.definition_file import load_sound
from generator.core.errors import GeneratorError
from generator.core.pool import Pool
from generator.core.prices import PRICES_FILE, load_prices
from generator.core.record import SystemDescription

if TYPE_CHECKING:
    from generator.browser.kit import Kit
    from generator.pages.notice import Tell
    from generator.results.collection import Collection
    from generator.results.this_machine import ThisMachine
    from generator.site.build import Page

out, err = Console(), Console(stderr=True)

STEPS = {
    "wait": "Waiting: another build is going on in this checkout",
    "stage": "Writing the pages, drawing the charts",
    "languages": "Building the Russian and the English site",
    "check": "Checking every link",
}
"""What a person reads while each step of `build_site` goes on."""


def collection_of(
    root: Path,
    pool: Pool | None = None,
    here: SystemDescription | None = None,
    passed_over: Tell | None = None,
) -> tuple[tuple[Measurement, ...], Collection]:
    """All sound definitions, and what the sound records say about them, those of this machine beside the published.

    Args:
        root: the checkout.
        pool: processes that read the records.
        here: this machine; None where it is not known.
        passed_over: gets what could not be read, and is left out; `check` says how to mend it.
    """
    from generator.core.cache import Cache
    from generator.results.collection import Here
    from generator.results.store import collect, uncommitted

    measurements, tell = root / "measurements", passed_over or (lambda _: None)
    suite, broken = load_sound(measurements)
    for wrong in broken.values():
        tell(wrong)
    try:
        prices = load_prices(measurements / PRICES_FILE)
    except GeneratorError as error:
        tell(error)
        prices = ()
    place = Here(here.fingerprint() if here else None, uncommitted(measurements))
    collection = collect(measurements, suite, prices, Cache.default(root).root, pool, place, strict=False)
    for found in collection.unread.values():
        for problem in found:
            tell(problem)
    return suite, collection


def _this_machine(
    root: Path, suite: Sequence[Measurement], collection: Collection, here: SystemDescription | None
) -> ThisMachine:
    from generator.core.cache import Cache
    from generator.results.this_machine import this_machine

    return this_machine(suite, collection, here, load_attempts(Cache.default(root).root))


def prepare_models(root: Path) -> list[NotMeasured]:
    """Prepare the models that a reader measures in the browser; gives back those that cannot be, and why."""
    from generator.core.cache import Cache
    from generator.measure.browser_kit import prepare_kit

    suite, collection = collection_of(root)
    published = {name: {sha for one in every for sha in one.artifacts} for name, every in collection.every.items()}
    with RunDisplay(out) as display:
        return prepare_kit(suite, published, root, Cache.default(root), display)


def prepare_kit_if_possible(root: Path) -> list[NotMeasured]:
    """Prepare them, and fetch what executes them; when that fails, say so in one line: the site does without.

    Returns:
        The models that cannot be prepared, and why; the site has the others.
    """
    from generator.assets.asset import asset
    from generator.assets.fetch import fetch
    from generator.browser.kit import CHOICES, RUNTIME, load_groups
    from generator.core.cache import Cache

    (suite, _), cache = load_sound(root / "measurements"), Cache.default(root)
    if not {one.measurement for one in CHOICES} & {one.name for one in suite}:
        return []
    failed = list[NotMeasured]()
    try:
        failed = prepare_models(root)
        load_groups(suite, cache.root)
        fetch(asset(RUNTIME), cache)
    except Exception as error:  # whatever it is: what was measured is to be published
        reason = escape(str(error) or type(error).__name__)
        err.print(f"The page 'Measure on your own device' has no button: {reason}", soft_wrap=True)
    return failed


def ingredients(root: Path) -> str:
    """What pages are made of: when it is the same as before, so is the site."""
    from generator.browser import kit
    from generator.core.cache import Cache
    from generator.results.store import uncommitted
    from generator.site.fingerprint import sources

    cache, here = Cache.default(root).root, this_system()
    folders = (cache / ATTEMPTS_FOLDER, cache / kit.FOLDER, cache / "assets" / kit.RUNTIME)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    moment = [os.environ.get(name) for name in ("SITE_URL", "SOURCE_DATE_EPOCH")]
    machine = here.model_dump_json() if here else None
    return sources(root, [*moment, machine, sorted(uncommitted(root / "measurements"))], files)


def _kit(root: Path, suite: Sequence[Measurement], fetching: bool) -> Kit | None:
    """What the page "Measure on your own device" needs; None when it is not to be had.

    Why it is not is said where it was to be fetched: elsewhere it is about to be, or was to be before.
    """
    from generator.assets.asset import asset
    from generator.assets.fetch import at_hand, fetch
    from generator.browser.kit import RUNTIME, Engine, Kit, load_groups
    from generator.core.cache import Cache

    cache = Cache.default(root)
    try:
        groups, runtime = load_groups(suite, cache.root), asset(RUNTIME)
        files = fetch(runtime, cache) if fetching else at_hand(runtime, cache)
    except Exception as error:  # one page's button is worth no site
        if fetching:
            reason = escape(str(error))
            err.print(f"The page 'Measure on your own device' is built without its button: {reason}", soft_wrap=True)
        return None
    if files is None:
        return None
    script, binary, gpu_script, gpu_binary = files
    version = runtime.origin.rpartition("@")[2]
    return Kit(version, Engine(script, binary), Engine(gpu_script, gpu_binary), groups, cache.root)


def all_pages(root: Path, pool: Pool) -> Iterator[Page]:
    """Write every page; a module's function, for `serve` runs it in a fresh process. What is passed over is printed."""
    told, here = set[str](), this_system()

    def tell(problem: GeneratorError) -> None:
        if str(problem) not in told:
            err.print(f"[red]passed over:[/] {escape(str(problem))}", highlight=False, soft_wrap=True)
        told.add(str(problem))

    suite, collection = collection_of(root, pool, here, tell)
    machine = _this_machine(root, suite, collection, here)
    return _written(root, suite, collection, pool, machine, _kit(root, suite, fetching=True), passed_over=tell)


def _written(  # noqa: PLR0913 - what a site is made of, and who is told
    root: Path,
    suite: Sequence[Measurement],
    collection: Collection,
    pool: Pool,
    machine: ThisMachine,
    kit: Kit | None,
    tell: Callable[[int, int], None] | None = None,
    passed_over: Tell | None = None,
) -> Iterator[Page]:
    from generator.core.cache import Cache
    from generator.pages.age import Today
    from generator.pages.edition import pages

    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    today = Today(datetime.fromtimestamp(int(epoch), UTC) if epoch else None, pinned(root))
    measurements = root / "measurements"
    site = (os.environ.get("SITE_URL"), kit, today)
    return pages(collection, suite, Cache.default(root).root, measurements, *site, tell, pool, machine, passed_over)


@dataclass(frozen=True, slots=True)
class Published:
    """A site that was built."""

    path: Path
    machine: ThisMachine
    """What this machine says beside what is published."""


def publish(root: Path, problems: list[GeneratorError] | None = None, *, fetching: bool = True) -> Published:
    """Build the site; the newest record's time stands for "now", so that the same records give the same bytes.

    A definition or a record that cannot be read is left out, and a page that cannot be written has a notice in its
    place, in both languages.

    Args:
        root: the checkout.
        problems: gets each of them; whoever calls says them, and ends with status 3.
        fetching: whether the browser's engine is fetched where it is not at hand; a network that does not answer would
            keep the reader waiting.
    """
    from generator.core.cache import Cache
    from generator.draw.gallery import CHARTS
    from generator.site.build import build_site, keep_sources, unchanged

    here, told, made_from = this_system(), list[GeneratorError](), ingredients(root)
    began_ns = time.time_ns()
    with Pool() as pool, out.status("Reading the records") as status:

        def tell(done: int, count: int) -> None:
            status.update(f"{STEPS['stage']}: {done} of {count}")

        suite, collection = collection_of(root, pool, here, told.append)
        machine = _this_machine(root, suite, collection, here)
        if not told and (site := unchanged(root, made_from)):
            return Published(site.path, machine)
        kit = _kit(root, suite, fetching)
        written = _written(root, suite, collection, pool, machine, kit, tell, told.append)
        epoch = max((int(one.finished_at.timestamp()) for one in collection.summaries), default=None)
        site = build_site(written, root, lambda step: status.update(STEPS[step]), epoch=epoch, pool=pool)
        Cache.default(root).trim(CHARTS, began_ns)
        # What was said of these pages is to be said again, and what was not to be had may be there the next time.
        if not told and (kit or not fetching):
            keep_sources(root, made_from)
    if problems is not None:
        problems += told
    return Published(site.path, machine)


def pinned(root: Path) -> Mapping[str, str]:
    """Versions that the checkout's constraints pin, by package; nothing where it has none."""
    from generator.results.freshness import pins

    path = root / "constraints.txt"
    return pins(path.read_text("utf-8")) if path.is_file() else {}
