"""What `build` and `serve` do when they publish: read the records, write the pages, build the site."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from generator import console as show
from generator.definition import Measurement
from generator.definition_file import load_sound
from generator.errors import GeneratorError
from generator.pool import Pool
from generator.prices import PRICES_FILE, load_prices

if TYPE_CHECKING:
    from generator.analysis.collection import Collection
    from generator.browser.kit import Kit
    from generator.publish.notice import Tell
    from generator.publish.site import Page

out, err = Console(), Console(stderr=True)

STEPS = {
    "wait": "Waiting: another build is going on in this checkout",
    "stage": "Writing the pages, drawing the charts",
    "languages": "Building the Russian and the English site",
    "check": "Checking every link",
}
"""What a person reads while each step of `build_site` goes on."""


def collection_of(
    root: Path, pool: Pool | None = None, passed_over: Tell | None = None
) -> tuple[tuple[Measurement, ...], Collection]:
    """All sound definitions, and what the sound records say about them.

    Args:
        root: the checkout.
        pool: processes that read the records.
        passed_over: gets what could not be read, and is left out; `check` says how to mend it.
    """
    from generator.store import collect

    measurements, tell = root / "measurements", passed_over or (lambda _: None)
    suite, broken = load_sound(measurements)
    for wrong in broken.values():
        tell(wrong)
    try:
        prices = load_prices(measurements / PRICES_FILE)
    except GeneratorError as error:
        tell(error)
        prices = ()
    collection = collect(measurements, suite, prices, root / ".cache" / "records", pool, strict=False)
    for found in collection.unread.values():
        for problem in found:
            tell(problem)
    return suite, collection


def prepare_models(root: Path) -> None:
    """Prepare the models that a reader measures in the browser."""
    from generator.assets.cache import Cache
    from generator.measure.browser_kit import prepare_kit

    suite, collection = collection_of(root)
    published = {name: {sha for one in every for sha in one.artifacts} for name, every in collection.every.items()}
    with show.RunDisplay(out) as display:
        prepare_kit(suite, published, root, Cache.default(root), display)


def prepare_kit_if_possible(root: Path) -> None:
    """Prepare them; when that fails, say so in one line: the site is built without them."""
    try:
        prepare_models(root)
    except Exception as error:  # models fail in any way, and the site is worth more than one page's button
        err.print(f"No models for the page 'Measure on your own device': {escape(str(error))}", soft_wrap=True)


def _kit(root: Path, suite: Sequence[Measurement]) -> Kit | None:
    """What the page "Measure on your own device" needs; None, and a line that says why, when it is not to be had."""
    from generator.assets.asset import asset
    from generator.assets.cache import Cache
    from generator.assets.fetch import fetch
    from generator.browser.kit import RUNTIME, Engine, Kit, load_groups

    cache = Cache.default(root)
    try:
        groups, runtime = load_groups(suite, cache.root), asset(RUNTIME)
        script, binary, gpu_script, gpu_binary = fetch(runtime, cache)
    except Exception as error:  # one page's button is worth no site
        reason = escape(str(error))
        err.print(f"The page 'Measure on your own device' is built without its button: {reason}", soft_wrap=True)
        return None
    version = runtime.origin.rpartition("@")[2]
    return Kit(version, Engine(script, binary), Engine(gpu_script, gpu_binary), groups, cache.root)


def all_pages(root: Path, pool: Pool) -> Iterator[Page]:
    """Write every page; a module's function, for `serve` runs it in a fresh process. What is passed over is printed."""
    told = set[str]()

    def tell(problem: GeneratorError) -> None:
        if str(problem) not in told:
            err.print(f"[red]passed over:[/] {escape(str(problem))}", highlight=False, soft_wrap=True)
        told.add(str(problem))

    return _written(root, *collection_of(root, pool, tell), pool, passed_over=tell)


def _written(
    root: Path,
    suite: Sequence[Measurement],
    collection: Collection,
    pool: Pool,
    tell: Callable[[int, int], None] | None = None,
    passed_over: Tell | None = None,
) -> Iterator[Page]:
    from generator.publish.freshness import Today
    from generator.publish.pages import pages

    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    today = Today(datetime.fromtimestamp(int(epoch), UTC) if epoch else None, pinned(root))
    beside = os.environ.get("SITE_URL"), _kit(root, suite), today
    return pages(collection, suite, root / ".cache" / "charts", root / "measurements", *beside, tell, pool, passed_over)


def publish(root: Path, problems: list[GeneratorError] | None = None) -> Path:
    """Build the site; the newest record's time stands for "now", so that the same records give the same bytes.

    A definition or a record that cannot be read is left out, and a page that cannot be written has a notice in its
    place, in both languages.

    Args:
        root: the checkout.
        problems: gets each of them; whoever calls says them, and ends with status 3.
    """
    from generator.publish.site import build_site

    with Pool() as pool, out.status("Reading the records") as status:

        def tell(done: int, count: int) -> None:
            status.update(f"{STEPS['stage']}: {done} of {count}")

        take = problems.append if problems is not None else (lambda _: None)
        suite, collection = collection_of(root, pool, take)
        written = _written(root, suite, collection, pool, tell, take)
        epoch = max((int(one.finished_at.timestamp()) for one in collection.summaries), default=None)
        return build_site(written, root, lambda step: status.update(STEPS[step]), epoch=epoch, pool=pool).path


def pinned(root: Path) -> Mapping[str, str]:
    """Versions that the checkout's constraints pin, by package; nothing where it has none."""
    from generator.analysis.freshness import pins

    path = root / "constraints.txt"
    return pins(path.read_text("utf-8")) if path.is_file() else {}
