"""The repository's own site, built once for all processes of a run, and a browser to read it with in each.

Needs Chromium and, for two checks, npm; what is missing skips the tests that need it, with the reason.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

import generator
from generator.core.cache import Cache
from generator.words.language import Language

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
SUB_PATH = "/lab/"
"""Where the site lies on its server: addresses that work only at a server's root are found out."""

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PHONE, DESKTOP = (390, 844), (1280, 900)


@dataclass(frozen=True)
class BuiltSite:
    """The site in a folder and at an address."""

    folder: Path
    address: str
    """Of its root, with a slash at the end."""

    @property
    def pages(self) -> tuple[str, ...]:
        """Every page, relative to the address: "", "en/", "measurements/", ..."""
        found = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.html"))
        return tuple(sorted(name.removesuffix("index.html") for name in found))


@dataclass(frozen=True)
class Visit:
    """A page that is open, and what went wrong while it loaded or was used."""

    page: Any
    problems: list[str] = field(default_factory=list)


@contextmanager
def served(www: Path) -> Iterator[BuiltSite]:
    """The site in a folder, behind a plain static server, which sends no header of ours; under a sub-path."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(www))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield BuiltSite(www / SUB_PATH.strip("/"), f"http://127.0.0.1:{server.server_port}{SUB_PATH}")
        server.shutdown()


@pytest.fixture(scope="session")
def site(shared: Path) -> Iterator[BuiltSite]:
    """Build from the committed records by the reader's own command: the first process that asks, the others wait.

    The address that it is built for is none that answers: a page that asks its own site by its full address is found
    out, as one that asks another host.
    """
    home = shared / "browser"
    with FileLock(shared / "browser.lock"):
        if not (home / "www").exists():
            _build(home)
    with served(home / "www") as found:
        yield found


def _build(home: Path) -> None:
    """Build in a checkout of links to the repository's files, and put the site where it is served."""
    shutil.rmtree(home, ignore_errors=True)  # of a process that failed
    root = home / "checkout"
    root.mkdir(parents=True)
    for path in REPOSITORY.iterdir():
        if path.name not in (".cache", ".git", "build", "site"):
            (root / path.name).symlink_to(path)
    (REPOSITORY / ".cache").mkdir(exist_ok=True)
    (root / ".cache").symlink_to(REPOSITORY / ".cache")  # drawn charts
    command = [sys.executable, "-m", "generator", "build", "--measure", "none", "--root", str(root)]
    environment = {**os.environ, "SITE_URL": f"https://example.org{SUB_PATH}"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (home / "making").mkdir()
    (root / "site").rename(home / "making" / SUB_PATH.strip("/"))
    (home / "making").rename(home / "www")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium, the one that CHROMIUM names, or the one that Playwright has fetched."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra: test)")
    named = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    with playwright.sync_playwright() as driver:
        try:
            opened = driver.chromium.launch(executable_path=named, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium to read the site with (apt install chromium): {str(error).splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Any, site: BuiltSite) -> Iterator[Callable[..., Visit]]:
    """Opens a page of the site, and fails the test at its end for whatever went wrong on the way.

    What goes wrong: an error in the console, an uncaught exception, an answer above 399, a request to another host.
    """
    contexts, visits = [], list[Visit]()

    def open_page(name: str, size: tuple[int, int] = DESKTOP, scheme: str = "light", **options: Any) -> Visit:
        width, height = size
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
        contexts.append(context)
        made = Visit(context.new_page())
        visits.append(made)
        watch(made, site.address)
        made.page.goto(site.address + name, wait_until="load")
        return made

    yield open_page
    for context in contexts:
        context.close()
    assert [problem for one in visits for problem in one.problems] == []


def watch(visit: Visit, address: str) -> None:
    """Collect what goes wrong on a page."""
    tell = visit.problems.append
    visit.page.on("console", lambda m: tell(f"console: {m.text}") if m.type in ("error", "warning") else None)
    visit.page.on("pageerror", lambda error: tell(f"exception: {error}"))
    visit.page.on("response", lambda r: tell(f"{r.status}: {r.url}") if r.status >= 400 else None)
    allowed = (address, "data:", "blob:")
    visit.page.on("request", lambda r: None if r.url.startswith(allowed) else tell(f"asks elsewhere: {r.url}"))


@pytest.fixture(scope="session")
def npm_tools(shared: Path) -> Path:
    """Folder of the npm packages that package-lock.json pins by their hashes; fetched once into the cache."""
    with FileLock(shared / "npm.lock"):
        return _npm_tools()


def _npm_tools() -> Path:
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("npm is not installed: axe-core and html-validate cannot be fetched")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = Cache.default(REPOSITORY).root / "npm" / hashlib.sha256(lock).hexdigest()[:16]
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        command = [npm, "ci", "--ignore-scripts", "--engine-strict", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)
        if done.returncode:
            pytest.skip(f"npm cannot fetch what package-lock.json pins: {done.stderr.strip()[-300:]}")
        (folder / "complete").touch()
    return folder / "node_modules"


SCRIPTS = Path(generator.__file__).parent / "site" / "theme" / "assets" / "js"

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a program over the scripts' functions with data, and gives what it returns: by Node.js, without a browser."""
    node = shutil.which("node")
    if not node:
        pytest.skip("Node.js is not installed: the scripts cannot be run without a browser")
    folder = tmp_path_factory.mktemp("scripts")
    shutil.copytree(SCRIPTS, folder, dirs_exist_ok=True)
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")

    def evaluated(script: str, body: str, data: Any, language: Language = Language.EN) -> Any:
        program = f"""
            globalThis.document = {{ documentElement: {{ lang: "{language.value}" }} }}
            const all = await import("./{script}")
            let text = ""
            for await (const part of process.stdin) text += part
            const found = ((all, data) => {{ {body} }})(all, JSON.parse(text))
            console.log(JSON.stringify(found))
        """
        (folder / "program.js").write_text(program, "utf-8")
        done = subprocess.run(
            [node, "program.js"], cwd=folder, input=json.dumps(data), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return evaluated
