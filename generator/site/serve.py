"""The preview: the site on this machine, built anew and reloaded whenever something that it is made of changes.

It is built into build/preview, never into site/: its pages carry this machine's address. A rebuild runs in a fresh
process, so that edited generator code counts too; one that fails is printed, and the last good site stays up.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from generator.core.errors import GeneratorError, StorageError
from generator.core.pool import Pool
from generator.site.build import Page, build_site

__all__ = ["PreviewServer", "rebuild", "serve", "snapshot"]

MakePages = Callable[[Pool], Iterable[Page]]
"""Makes all generated pages. It runs in fresh processes: a module's function, or a `functools.partial` of one."""

WATCHED = ("docs", "measurements", "generator", "evidence", "articles", "mkdocs.yml", "mkdocs.en.yml")
"""What the site is made of, relative to the checkout; what does not exist is not watched."""

POLL_SECONDS = 0.5
"""Looking at some hundred files' times costs a few milliseconds, works on every file system and needs no package."""

RELOAD_SCRIPT = b"""\
const changes = new EventSource("/__preview/changes" + new URL(document.currentScript.src).search)
changes.addEventListener("message", () => location.reload())
"""
RELOAD_TAG = '<script src="/__preview/reload.js?{version}"></script></body>'
"""The version is the page's own, so that a change between its loading and its asking is not missed."""


def serve(
    root: Path,
    make_pages: MakePages,
    host: str = "127.0.0.1",
    port: int = 8000,
    open_browser: bool = False,
    say: Callable[[str], None] | None = None,
) -> None:
    """Build the site, serve it, and rebuild at every change until Ctrl+C.

    Args:
        root: the checkout.
        make_pages: makes all generated pages anew.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        open_browser: whether to open the front page.
        say: takes lines for the person at the terminal; by default they go to stderr.

    Raises:
        StorageError: when the port is taken.
    """
    say = say or _to_stderr
    try:
        server = PreviewServer(root / "build" / "preview", host, port)
    except OSError as error:
        raise StorageError(f"{host}:{port}", f"cannot listen there ({error})", "Choose another --port.") from error
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        seen = snapshot(root)
        built = rebuild(root, make_pages, server.address)
        say(f"{server.address} (Ctrl+C ends it)" if built else "Waiting for a change that mends it.")
        if open_browser and built:
            webbrowser.open(server.address)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                server.wait(POLL_SECONDS)
                if (now := snapshot(root)) != seen:
                    say(f"{_changed(seen, now)} changed, building ...")
                    seen = now
                    if rebuild(root, make_pages, server.address):
                        server.announce()
                        say("done")
        server.shutdown()


def rebuild(root: Path, make_pages: MakePages, address: str) -> bool:
    """Build into the preview folder, in a fresh process. Return whether it went well; errors go to stderr."""
    process = multiprocessing.get_context("spawn").Process(target=_build, args=(root, make_pages, address))
    process.start()
    process.join()
    return process.exitcode == 0


def _build(root: Path, make_pages: MakePages, address: str) -> None:
    try:
        with Pool() as pool:
            build_site(make_pages(pool), root, site_url=address, target=root / "build" / "preview", pool=pool)
    except GeneratorError as error:
        _to_stderr(f"\n{error}\n")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def snapshot(root: Path) -> Mapping[Path, int]:
    """Modification time of every watched file, nanoseconds; compiled and hidden files left out."""
    times: dict[Path, int] = {}
    for name in WATCHED:
        path = root / name
        for file in path.rglob("*") if path.is_dir() else (path,):
            if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith("."):
                with contextlib.suppress(FileNotFoundError):  # gone since it was listed
                    times[file] = file.stat().st_mtime_ns
    return MappingProxyType(times)


def _changed(before: Mapping[Path, int], now: Mapping[Path, int]) -> str:
    """Name one of the files that differ, and say how many more there are."""
    names = sorted(path.name for path, _ in before.items() ^ now.items())
    distinct = list(dict.fromkeys(names))
    return distinct[0] + (f" and {len(distinct) - 1} more" if len(distinct) > 1 else "")


class PreviewServer(ThreadingHTTPServer):
    """Serves a folder that may be swapped at any moment, and tells open pages when it was."""

    daemon_threads = True

    def __init__(self, folder: Path, host: str, port: int) -> None:
        super().__init__((host, port), partial(_Handler, directory=str(folder)))
        self.address = f"http://{host}:{self.server_port}/"
        self.version = 0
        self.changed = threading.Condition()

    def announce(self) -> None:
        """Make every open page reload."""
        with self.changed:
            self.version += 1
            self.changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait, but not past an announcement."""
        with self.changed:
            self.changed.wait(seconds)


class _Handler(SimpleHTTPRequestHandler):
    """A static host as the published site will have one: 404.html for what is not there, and the reload script."""

    server: PreviewServer

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == "/__preview/reload.js":
            self._answer(200, "text/javascript", RELOAD_SCRIPT)
        elif path == "/__preview/changes":
            self._stream_changes()
        else:
            self._serve_file(Path(self.translate_path(self.path)))

    def _serve_file(self, file: Path) -> None:
        if file.is_dir() and not urlsplit(self.path).path.endswith("/"):
            self.send_response(301)
            self.send_header("Location", urlsplit(self.path).path + "/")
            self.end_headers()
            return
        version = self.server.version
        file = file / "index.html" if file.is_dir() else file
        content, status = _content(file), 200
        if content is None:
            file, status = Path(self.directory) / "404.html", 404
            content = _content(file) or b"<!doctype html><p>Not built yet.</p></body>"
        if file.suffix == ".html":
            content = content.replace(b"</body>", RELOAD_TAG.format(version=version).encode())
        self._answer(status, self.guess_type(str(file)), content)

    def _answer(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def _stream_changes(self) -> None:
        """Hold the connection open and write a line when the site is newer than the page (server-sent events)."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        version = urlsplit(self.path).query
        with contextlib.suppress(ConnectionError):
            while str(self.server.version) == version:
                self.wfile.write(b": waiting\n\n")  # notices a closed page
                self.wfile.flush()
                self.server.wait(5)
            self.wfile.write(b"data: changed\n\n")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing about requests: the terminal is for builds and their errors."""


def _content(file: Path) -> bytes | None:
    """A file's content; None when there is none, or the site is being swapped at this moment."""
    try:
        return file.read_bytes()
    except OSError:
        return None
