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
from generator.attempt import load_attempts
from generator.cli_measure import this_system
from generator.definition import Measurement
from generator.definition_file import load_suite
from generator.errors import AssetError, GeneratorError, PreparationError, StorageError
from generator.pool import Pool
from generator.prices import PRICES_FILE, load_prices
from generator.record import SystemDescription

if TYPE_CHECKING:
    from generator.analysis.collection import Collection
    from generator.analysis.this_machine import ThisMachine
    from generator.browser.kit import Kit
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
    root: Path, pool: Pool | None = None, here: SystemDescription | None = None
) -> tuple[tuple[Measurement, ...], Collection]:
    """All definitions, and what the records say about them, those of this machine beside the published ones."""
    from generator.analysis.collection import Here
    from generator.store import collect, uncommitted

    measurements = root / "measurements"
    suite, prices = load_suite(measurements), load_prices(measurements / PRICES_FILE)
    place = Here(here.fingerprint() if here else None, uncommitted(measurements))
    return suite, collect(measurements, suite, prices, root / ".cache" / "records", pool, place)


def answers_of(root: Path, here: SystemDescription | None) -> ThisMachine:
    """What this machine says beside what is published, of the records that are there now."""
    with Pool() as pool:
        suite, collection = collection_of(root, pool, here)
    return _this_machine(root, suite, collection, here)


def _this_machine(
    root: Path, suite: Sequence[Measurement], collection: Collection, here: SystemDescription | None
) -> ThisMachine:
    from generator.analysis.this_machine import this_machine
    from generator.assets.cache import Cache

    return this_machine(suite, collection, here, load_attempts(Cache.default(root).root))


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
    except GeneratorError as error:
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
    except (AssetError, PreparationError, StorageError) as error:
        reason = escape(str(error))
        err.print(f"The page 'Measure on your own device' is built without its button: {reason}", soft_wrap=True)
        return None
    version = runtime.origin.rpartition("@")[2]
    return Kit(version, Engine(script, binary), Engine(gpu_script, gpu_binary), groups, cache.root)


def all_pages(root: Path, pool: Pool) -> Iterator[Page]:
    """Write every page; a module's function, for `serve` runs it in a fresh process."""
    here = this_system()
    return _written(root, *collection_of(root, pool, here), pool, here)


def _written(
    root: Path,
    suite: Sequence[Measurement],
    collection: Collection,
    pool: Pool,
    here: SystemDescription | None,
    tell: Callable[[int, int], None] | None = None,
) -> Iterator[Page]:
    from generator.publish.freshness import Today
    from generator.publish.pages import pages

    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    today = Today(datetime.fromtimestamp(int(epoch), UTC) if epoch else None, pinned(root))
    beside = os.environ.get("SITE_URL"), _kit(root, suite), today
    machine = _this_machine(root, suite, collection, here)
    return pages(collection, suite, root / ".cache" / "charts", root / "measurements", *beside, tell, pool, machine)


def publish(root: Path) -> Path:
    """Build the site; the newest record's time stands for "now", so that the same records give the same bytes."""
    from generator.publish.site import build_site

    here = this_system()
    with Pool() as pool, out.status("Reading the records") as status:

        def tell(done: int, count: int) -> None:
            status.update(f"{STEPS['stage']}: {done} of {count}")

        suite, collection = collection_of(root, pool, here)
        written = _written(root, suite, collection, pool, here, tell)
        epoch = max((int(one.finished_at.timestamp()) for one in collection.summaries), default=None)
        return build_site(written, root, lambda step: status.update(STEPS[step]), epoch=epoch, pool=pool).path


def pinned(root: Path) -> Mapping[str, str]:
    """Versions that the checkout's constraints pin, by package; nothing where it has none."""
    from generator.analysis.freshness import pins

    path = root / "constraints.txt"
    return pins(path.read_text("utf-8")) if path.is_file() else {}
