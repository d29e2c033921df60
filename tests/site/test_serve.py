"""The preview."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.core.errors import PublishError, StorageError
from generator.core.pool import Pool
from generator.site.build import Page
from generator.site.serve import PreviewServer, rebuild, serve, snapshot


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PreviewServer]:
    folder = tmp_path / "preview"
    (folder / "en").mkdir(parents=True)
    (folder / "index.html").write_text("<body>корень</body>", "utf-8")
    (folder / "en" / "index.html").write_text("<body>root</body>", "utf-8")
    (folder / "404.html").write_text("<body>nowhere</body>", "utf-8")
    (folder / "data.csv").write_text("a,b</body>", "utf-8")
    with PreviewServer(folder, "127.0.0.1", 0) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def get(server: PreviewServer, path: str) -> tuple[int, str, str]:
    try:
        with urllib.request.urlopen(server.address + path, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def test_both_languages_are_served_with_the_reload_script(server: PreviewServer) -> None:
    """Pages get the script, also by an address without its last slash; downloads are left as they are."""
    tag = '<script src="/__preview/reload.js?0"></script></body>'
    assert get(server, "")[2] == f"<body>корень{tag}"
    assert get(server, "en/")[2] == f"<body>root{tag}"
    assert get(server, "en")[2] == f"<body>root{tag}"
    assert get(server, "data.csv")[2] == "a,b</body>"
    assert "EventSource" in get(server, "__preview/reload.js?0")[2]


def test_what_is_not_there_gets_the_error_page(server: PreviewServer) -> None:
    """As a static host answers: status 404 and the site's own page; and nothing outside the folder."""
    status, kind, body = get(server, "gone/")
    assert (status, kind.split(";")[0]) == (404, "text/html")
    assert "nowhere" in body
    assert get(server, "../../../../etc/passwd")[0] == 404


def test_open_pages_hear_of_a_new_site(server: PreviewServer) -> None:
    """A page that waits is told at once; one that was loaded before the change is told when it asks."""
    heard: list[str] = []
    waiting = threading.Thread(target=lambda: heard.append(get(server, "__preview/changes?0")[2]))
    waiting.start()
    server.announce()
    waiting.join(10)
    assert heard
    assert heard[0].endswith("data: changed\n\n")
    assert get(server, "__preview/changes?0")[2] == "data: changed\n\n"


def test_changes_are_seen_where_they_matter(tmp_path: Path) -> None:
    """Pages, definitions, templates and code count; compiled files and editors' hidden ones do not."""
    for name in ("docs/ru", "generator/__pycache__", "build"):
        (tmp_path / name).mkdir(parents=True)
    before = snapshot(tmp_path)
    for name in ("docs/ru/.x.md.swp", "generator/__pycache__/x.pyc", "build/x.md"):
        (tmp_path / name).touch()
    assert snapshot(tmp_path) == before
    (tmp_path / "docs/ru/x.md").touch()
    (tmp_path / "mkdocs.yml").touch()
    assert {path.name for path in snapshot(tmp_path).keys() - before.keys()} == {"x.md", "mkdocs.yml"}


def test_a_taken_port_says_so(server: PreviewServer, tmp_path: Path) -> None:
    """The remedy is one option."""
    with pytest.raises(StorageError, match=r"cannot listen there.*--port"):
        serve(tmp_path, no_pages, port=server.server_port)


def no_pages(_pool: Pool) -> list[Page]:
    return []


def refused_pages(_pool: Pool) -> list[Page]:
    raise PublishError("measurements/x", "the sentence contradicts its record", "Mend it.")


@pytest.mark.slow
def test_a_failing_rebuild_is_told_and_leaves_the_preview(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The error stands in the terminal as the command line would print it; what was served stays."""
    page = tmp_path / "build" / "preview" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("old", "utf-8")
    assert not rebuild(tmp_path, refused_pages, "http://127.0.0.1:1/")
    assert "measurements/x: the sentence contradicts its record. Mend it." in capfd.readouterr().err
    assert page.read_text("utf-8") == "old"
