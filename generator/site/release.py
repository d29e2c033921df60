"""What is done to a built site before it is published: dead weight out, a security policy in, then the swap."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path

from generator.core.errors import StorageError
from generator.site.staging import write_whole

__all__ = ["POLICY", "add_policy", "prune", "script_hashes", "swap_in"]

POLICY = (
    "default-src 'self'; script-src 'self'{sources}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'"
)
"""Content security policy of every page. Styles may be inline because charts and table cells carry them."""

WASM_PAGE = "on-device"
"""Folder of the one page, in each language, that executes WebAssembly, in a worker; some browsers ask the page's policy
whether its workers may."""

_CHARSET = '<meta charset="utf-8">'
_INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*\bapplication/)[^>]*>(.*?)</script>", re.DOTALL)


def prune(site: Path) -> int:
    """Delete what no reader's browser ever asks for: source maps, and stemmers of languages that nobody searches in.

    Returns:
        How many files went.
    """
    doomed = set(site.rglob("*.map"))
    for index in site.rglob("search/search_index.json"):
        languages = set(json.loads(index.read_text("utf-8"))["config"]["lang"])
        needed = {f"lunr.{language}.min.js" for language in languages - {"en"}}
        if needed:
            needed |= {"lunr.stemmer.support.min.js", "lunr.multi.min.js"}
        lunr = index.parents[1] / "assets" / "javascripts" / "lunr"
        doomed |= {path for path in lunr.rglob("*.js") if path.name not in needed}
    doomed |= set(site.glob("*/robots.txt"))  # only the one at the root means anything
    for path in doomed:
        path.unlink()
    return len(doomed)


def script_hashes(html: str) -> tuple[str, ...]:
    """CSP sources for the inline scripts of a page, sorted, each once."""
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(html))
    return tuple(sorted({f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests}))


def add_policy(site: Path) -> None:
    """Write the content security policy into every page, with the hashes of that page's own scripts.

    A `<meta>`, because a static host sends no headers of ours. It stands first in the head: it binds only what follows.
    """
    for path in site.rglob("*.html"):
        html = path.read_text("utf-8")
        wasm = ("'wasm-unsafe-eval'",) if path.parent.name == WASM_PAGE else ()
        policy = POLICY.format(sources="".join(f" {source}" for source in (*wasm, *script_hashes(html))))
        meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        write_whole(path, html.replace(_CHARSET, _CHARSET + meta, 1).encode())


def swap_in(built: Path, target: Path) -> None:
    """Put the built site in the place of the old one; if that fails, the old one stays.

    Raises:
        StorageError: when a folder cannot be moved.
    """
    old = built.with_name(f"{built.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    try:
        if target.exists():
            target.rename(old)
        built.rename(target)
    except OSError as error:
        if old.exists() and not target.exists():
            old.rename(target)
        raise StorageError(
            str(target), f"the new site cannot be put there ({error})", "Close what holds it."
        ) from error
    shutil.rmtree(old, ignore_errors=True)
