"""Staging: hand-written and generated pages side by side in build/docs, as a site builder wants them.

Plain files on disk, because they can be read, compared and tested, and because every site builder takes them.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from generator.core.errors import PublishError, StorageError
from generator.core.files import is_ours

__all__ = ["LANGUAGES", "Language", "Page", "Staged", "stage", "staged_folder", "write_whole"]

Language = Literal["ru", "en"]

LANGUAGES: tuple[Language, ...] = get_args(Language)
"""In the order in which they are built: the first stands at the site's root."""


@dataclass(frozen=True, slots=True)
class Page:
    """One generated file of the site: a Markdown page, or what it shows and links to."""

    language: str
    """One of `LANGUAGES`."""

    path: str
    """Relative to that language's docs folder, with slashes: "measurements/x/index.md", ".../forest.svg"."""

    content: bytes | Path
    """What is in it; or a file that it is a copy of, which is read only when it is put in its place."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What staging did."""

    page_count: int
    """Markdown pages in one language; every language has as many."""

    written: int
    """Files whose content is new."""

    deleted: int
    """Files that nothing stands behind any more."""


def stage(pages: Iterable[Page], root: Path) -> Staged:
    """Put docs/<language> and the generated pages into build/docs/<language>.

    Nothing gets there before everything is known to be right, and only what differs, so that an interrupted or
    refused staging leaves the last one usable. Until then it waits on the disk: a large site does not fit into memory.

    Raises:
        PublishError: when two files want one place or address, or a page lacks its twin in the other language.
        StorageError: when a file cannot be written.
    """
    waiting_room = _WaitingRoom(root / "build" / "waiting")
    try:
        return _stage(pages, root, waiting_room)
    finally:
        waiting_room.clear()


def _stage(pages: Iterable[Page], root: Path, waiting_room: _WaitingRoom) -> Staged:
    wanted = {language: _hand_written(root / "docs" / language) for language in LANGUAGES}
    by_hand = {language: frozenset(files) for language, files in wanted.items()}
    for page in pages:
        language = _known_language(page)
        _refuse_taken_place(wanted[language], page, by_hand[language])
        wanted[language][page.path] = waiting_room.take(page.content, staged_folder(root, language) / page.path)
    for language, files in wanted.items():
        _refuse_shared_addresses(language, files)
    _refuse_lonely_pages(wanted)
    written = deleted = 0
    for language, files in wanted.items():
        folder = staged_folder(root, language)
        try:
            written += sum(waiting_room.put(source, folder / path) for path, source in files.items() if source)
            deleted += _delete_strangers(folder, files)
        except OSError as error:
            raise _failed(folder, error) from error
    return Staged(len(_markdown(wanted[LANGUAGES[0]])), written, deleted)


_Files = dict[str, Path | None]
"""Files of one language by path: where each lies that is to be put in its place; None where it is there already."""


class _WaitingRoom:
    """Where generated content waits until everything is known to be right."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        self.clear()  # of what a killed build left behind

    def take(self, content: bytes | Path, place: Path) -> Path | None:
        """Keep content; return where it waits, or None when it is in its place already."""
        try:
            if isinstance(content, Path):
                return None if _is_copy(place, content) else content
            if place.is_file() and place.stat().st_size == len(content) and place.read_bytes() == content:
                return None
            self.folder.mkdir(parents=True, exist_ok=True)
            self.count += 1
            waiting = self.folder / str(self.count)
            waiting.write_bytes(content)
        except OSError as error:
            raise _failed(self.folder, error) from error
        return waiting

    def put(self, source: Path, place: Path) -> bool:
        """Put what waits, or a copy of another file, in its place, whole or not at all."""
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.parent == self.folder:
            source.replace(place)
            return True
        temporary = place.with_name(f".{place.name}.part")
        try:
            shutil.copyfile(source, temporary)
            status = source.stat()
            os.utime(temporary, ns=(status.st_atime_ns, status.st_mtime_ns))
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)
        return True

    def clear(self) -> None:
        """Remove everything that waits."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _failed(folder: Path, error: OSError) -> StorageError:
    return StorageError(str(folder), f"staging failed ({error})", "Free some space or mend the rights.")


def staged_folder(root: Path, language: Language) -> Path:
    """Where the pages of one language are staged; mkdocs*.yml name the same folders as `docs_dir`."""
    return root / "build" / "docs" / language


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a reader sees the old content or the new, never a part.

    Builds of several checkouts may write the same file of a shared cache at once: each has a part of its own.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _hand_written(folder: Path) -> _Files:
    """Files of one language by path; hidden ones (editors', desktops') are no part of the site."""
    found = _Files()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_symlink():
            where = f"docs/{folder.name}/{relative.as_posix()}"
            raise PublishError(where, "it is a link, and may lead out of the checkout", "Put the file itself there.")
        if path.is_file() and all(is_ours(part) for part in relative.parts):
            place = folder.parents[1] / "build" / "docs" / folder.name / relative
            same = place.is_file() and filecmp.cmp(path, place, shallow=False)
            found[relative.as_posix()] = None if same else path
    return found


def _known_language(page: Page) -> Language:
    for language in LANGUAGES:
        if page.language == language:
            return language
    raise PublishError(page.path, f"unknown language '{page.language}'", f"Known: {', '.join(LANGUAGES)}.")


def _refuse_taken_place(files: Mapping[str, Path | None], page: Page, by_hand: frozenset[str]) -> None:
    place = PurePosixPath(page.path)
    if place.is_absolute() or ".." in place.parts or "\\" in page.path or str(place) != page.path or page.path == ".":
        raise PublishError(
            f"page '{page.path}'",
            "the path leaves the docs folder or is not in its plain form",
            "Write it as 'a/b.md'.",
        )
    if page.path in files:
        other = f"docs/{page.language}/{page.path}" if page.path in by_hand else "another generated page"
        raise PublishError(
            f"build/docs/{page.language}/{page.path}",
            f"{other} and a generated page want the same place",
            "Rename or remove one of them.",
        )


def _refuse_shared_addresses(language: Language, files: Mapping[str, Path | None]) -> None:
    """Refuse what a site builder would silently overwrite: x.md beside x/index.md, or names that differ in case."""
    addresses = Counter(_address(path) for path in files)
    shared = {address for address, count in addresses.items() if count > 1}
    if shared:
        names = ", ".join(sorted(path for path in files if _address(path) in shared))
        raise PublishError(f"docs of '{language}'", f"these files share an address: {names}", "Rename all but one.")


def _address(path: str) -> str:
    """What a file becomes in the site, in lower case, because some file systems do not tell case apart."""
    place = PurePosixPath(path)
    if place.suffix != ".md":
        return path.casefold()
    folder = place.parent if place.stem in ("index", "README") else place.with_suffix("")
    return str(folder / "index.html").casefold()


def _refuse_lonely_pages(wanted: Mapping[Language, _Files]) -> None:
    everywhere = set().union(*(_markdown(files) for files in wanted.values()))
    lonely = [
        f"{path} (not in '{language}')"
        for path in sorted(everywhere)
        for language in LANGUAGES
        if path not in wanted[language]
    ]
    if lonely:
        raise PublishError(
            "docs", f"pages without a translation: {', '.join(lonely)}", "Write the page in the language that lacks it."
        )


def _markdown(files: _Files) -> set[str]:
    return {path for path in files if path.endswith(".md")}


def _is_copy(place: Path, source: Path) -> bool:
    """Whether a file is a copy that was put there, by size and time: reading gigabytes of records takes minutes."""
    if not place.is_file():
        return False
    ours, theirs = place.stat(), source.stat()
    return (ours.st_size, ours.st_mtime_ns) == (theirs.st_size, theirs.st_mtime_ns)


def _delete_strangers(folder: Path, files: _Files) -> int:
    """Delete what is not wanted, deepest first, so that emptied folders go too."""
    deleted = 0
    for parent, folders, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(parent, name)
            if path.relative_to(folder).as_posix() not in files:
                path.unlink()
                deleted += 1
        for name in folders:
            path = Path(parent, name)
            if not any(path.iterdir()):
                path.rmdir()
    return deleted
