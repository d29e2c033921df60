"""Staging, finishing and the swap; the whole build, marked slow, is in test_site_build.py."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.core.errors import PublishError, StorageError
from generator.site import build as site_module
from generator.site.build import Page, build_site
from generator.site.links import LinkReport
from generator.site.release import add_policy, prune, script_hashes, swap_in
from generator.site.staging import LANGUAGES, stage

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, content: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        return path

    return write_file


def both(path: str, content: bytes = b"# x\n") -> list[Page]:
    return [Page(language, path, content) for language in LANGUAGES]


def staged(root: Path) -> set[str]:
    folder = root / "build" / "docs"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_hand_written_and_generated_pages_stand_side_by_side(tmp_path: Path, write: Write) -> None:
    """Both kinds are staged; editors' hidden files are not."""
    for language in LANGUAGES:
        write(f"docs/{language}/about.md", "# about\n")
    write("docs/ru/.about.md.swp", "x")
    done = stage([*both("index.md"), Page("ru", "a/forest.svg", b"<svg/>")], tmp_path)
    assert staged(tmp_path) == {"ru/about.md", "en/about.md", "ru/index.md", "en/index.md", "ru/a/forest.svg"}
    assert (done.page_count, done.written, done.deleted) == (2, 5, 0)


def test_staging_writes_only_what_changed_and_deletes_what_is_stale(tmp_path: Path) -> None:
    """An unchanged file keeps its time, so that nothing downstream is made again; a removed page disappears."""
    stage([*both("index.md"), *both("old/index.md")], tmp_path)
    before = (tmp_path / "build/docs/ru/index.md").stat().st_mtime_ns
    done = stage([*both("index.md"), *both("new.md")], tmp_path)
    assert (done.written, done.deleted) == (2, 2)
    assert (tmp_path / "build/docs/ru/index.md").stat().st_mtime_ns == before
    assert not (tmp_path / "build/docs/ru/old").exists()


def test_a_page_may_be_a_copy_of_a_file(tmp_path: Path, write: Write) -> None:
    """Thousands of records are copied when everything is known to be right, and only those that are new."""
    source = write("records/a.json", "{}")
    copies = [Page(language, "a.json", source) for language in LANGUAGES]
    assert stage([*both("index.md"), *copies], tmp_path).written == 4
    assert (tmp_path / "build/docs/en/a.json").read_text("utf-8") == "{}"
    assert stage([*both("index.md"), *copies], tmp_path).written == 0
    write("records/a.json", '{"a": 1}')
    assert stage([*both("index.md"), *copies], tmp_path).written == 2
    assert (tmp_path / "build/docs/en/a.json").read_text("utf-8") == '{"a": 1}'


def test_what_waits_is_gone_however_staging_ends(tmp_path: Path) -> None:
    """Pages wait on the disk until all are known to be right; a killed build's are cleared by the next."""
    waiting = tmp_path / "build" / "waiting"
    waiting.mkdir(parents=True)
    (waiting / "1").write_text("left behind", "utf-8")
    with pytest.raises(PublishError):
        stage([Page("ru", "a.md", b"x")], tmp_path)
    assert not waiting.exists()
    stage(both("index.md"), tmp_path)
    assert not waiting.exists()


def test_a_collision_names_both(tmp_path: Path, write: Write) -> None:
    """A generated page never replaces a hand-written one silently, nor another generated one."""
    write("docs/ru/about.md", "# about\n")
    with pytest.raises(PublishError, match=r"build/docs/ru/about\.md: docs/ru/about\.md and a generated page"):
        stage(both("about.md"), tmp_path)
    with pytest.raises(PublishError, match=r"build/docs/ru/x\.md: another generated page and a generated page"):
        stage([*both("x.md"), *both("x.md")], tmp_path)


@pytest.mark.parametrize(
    ("first", "second"),
    [("x.md", "x/index.md"), ("x.md", "x/README.md"), ("x.md", "X.md"), ("x.md", "x/index.html")],
)
def test_two_files_never_share_an_address(tmp_path: Path, first: str, second: str) -> None:
    """Where one would silently overwrite the other in the site, the build stops and names them."""
    with pytest.raises(PublishError, match="share an address"):
        stage([*both(first), *both(second)], tmp_path)


def test_every_page_has_its_twin(tmp_path: Path) -> None:
    """The language switch leads nowhere otherwise; all that lack a twin are listed at once."""
    with pytest.raises(PublishError, match=r"a\.md \(not in 'en'\), b\.md \(not in 'ru'\)"):
        stage([Page("ru", "a.md", b""), Page("en", "b.md", b"")], tmp_path)
    assert not staged(tmp_path)


@pytest.mark.parametrize("path", ["../x.md", "/x.md", "a\\b.md", "a//b.md", "./a.md", "a/../b.md", ""])
def test_a_page_cannot_leave_its_folder(tmp_path: Path, path: str) -> None:
    """Paths come from names in definitions, which strangers may send."""
    with pytest.raises(PublishError, match="path"):
        stage(both(path), tmp_path)


def test_unknown_languages_are_refused(tmp_path: Path) -> None:
    """A typing mistake in a language would otherwise lose pages without a word."""
    with pytest.raises(PublishError, match=r"unknown language 'de'.*Known: ru, en\."):
        stage([Page("de", "x.md", b"")], tmp_path)


def test_prune_keeps_only_the_stemmers_that_search_uses(tmp_path: Path, write: Write) -> None:
    """Source maps and other languages' stemmers are two thirds of a small site, and nobody asks for them."""
    for folder, languages in (("", ["ru", "en"]), ("en/", ["en"])):
        write(f"{folder}search/search_index.json", json.dumps({"config": {"lang": languages}}))
        for name in ("lunr.ru", "lunr.de", "lunr.multi", "lunr.stemmer.support"):
            write(f"{folder}assets/javascripts/lunr/min/{name}.min.js", "")
        write(f"{folder}assets/javascripts/bundle.js.map", "")
        write(f"{folder}robots.txt", "")
    prune(tmp_path)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    kept = {f"assets/javascripts/lunr/min/lunr.{name}.min.js" for name in ("ru", "multi", "stemmer.support")}
    assert left == kept | {"search/search_index.json", "en/search/search_index.json", "robots.txt"}


def test_policy_allows_the_pages_own_scripts_and_no_others(tmp_path: Path, write: Write) -> None:
    """Inline scripts run by their hashes; data blocks and script files need none."""
    script = "var a = '<b>'\n"
    html = (
        f'<head><meta charset="utf-8"><script>{script}</script><script src="x.js"></script>'
        '<script id="c" type="application/json">{}</script></head>'
    )
    path = write("index.html", html)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert script_hashes(html) == (f"'sha256-{digest}'",)
    add_policy(tmp_path)
    head = path.read_text("utf-8")
    assert head.startswith(
        '<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src'
    )
    assert f"script-src 'self' 'sha256-{digest}';" in head


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("on-device/index.html", True), ("en/on-device/index.html", True), ("index.html", False), ("a/index.html", False)],
)
def test_one_page_may_execute_webassembly(tmp_path: Path, write: Write, name: str, allowed: bool) -> None:
    """Where models are measured in the browser, in each language, and nowhere else."""
    path = write(name, '<head><meta charset="utf-8"></head>')
    add_policy(tmp_path)
    assert ("script-src 'self' 'wasm-unsafe-eval';" in path.read_text("utf-8")) is allowed


def test_swap_replaces_the_old_site(tmp_path: Path, write: Write) -> None:
    """Nothing of the old site is left among the new one's files."""
    write("site/old.html", "old")
    write("built/new.html", "new")
    swap_in(tmp_path / "built", tmp_path / "site")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["new.html"]


def test_a_failing_swap_leaves_the_old_site(tmp_path: Path, write: Write) -> None:
    """Whatever goes wrong, there is a site."""
    old = write("site/old.html", "old")
    with pytest.raises(StorageError, match="cannot be put there"):
        swap_in(tmp_path / "missing", tmp_path / "site")
    assert old.read_text("utf-8") == "old"


def test_a_fault_in_the_built_pages_leaves_the_old_site(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check comes before the swap, and its error lists what it found."""
    old = write("site/index.html", "old")
    faults = tuple(f"index.html: leads nowhere: {number}" for number in range(25))
    monkeypatch.setattr(
        site_module, "_run_mkdocs", lambda root, language, into, kept: into.mkdir(parents=True) or "http://x/"
    )
    monkeypatch.setattr(site_module, "check_links", lambda built, address, kept: LinkReport(1, 25, faults))
    with pytest.raises(PublishError, match=r"faults \(25\):\n  - index\.html: leads nowhere: 0\n(?s:.*)and 5 more"):
        build_site(both("index.md"), tmp_path)
    assert old.read_text("utf-8") == "old"


def test_a_checkout_without_configuration_is_named(tmp_path: Path) -> None:
    """Run in the wrong folder, the command says so instead of failing inside MkDocs."""
    with pytest.raises(PublishError, match=r"mkdocs\.yml: there is no such file"):
        build_site(both("index.md"), tmp_path)
