"""Reads a text file that may come from a stranger: the file itself and no link, of a bounded size, in UTF-8."""

from __future__ import annotations

import stat
from pathlib import Path


def is_ours(name: str) -> bool:
    """Whether a file is a person's: not hidden (._X of macOS on a share), and no editor's backup (X~)."""
    return not name.startswith(".") and not name.endswith("~")


class Unreadable(Exception):
    """Why a file is not read.

    Args:
        problem: what is wrong, to be put after "the file".
        remedy: what to do about it, one sentence with its full stop.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{problem}. {remedy}")


def read_plain(path: Path, most_bytes: int) -> str:
    """Text of a file.

    A link is refused, because it may lead to the reader's own files, and those would be published; so is a pipe or a
    device, whose end may never come.

    Args:
        path: the file.
        most_bytes: a larger file is refused unread.

    Raises:
        FileNotFoundError: when there is none.
        Unreadable: when it is a link, no plain file, too large, or not UTF-8.
    """
    about = path.lstat()
    if stat.S_ISLNK(about.st_mode):
        raise Unreadable("is a link", "Put the file itself there.")
    if not stat.S_ISREG(about.st_mode):
        raise Unreadable("is no plain file", "Delete it.")
    if about.st_size > most_bytes:
        raise Unreadable(f"is larger than {_size(most_bytes)}", "Shorten it.")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8 (byte {error.start})", "Save it as UTF-8.") from error


def _size(count: int) -> str:
    return f"{count // 2**20} MiB" if count >= 2**20 else f"{count // 1024} KiB"
