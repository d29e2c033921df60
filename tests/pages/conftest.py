"""What tests of pages and of built sites share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemBytecodeCache
from mkdocs.theme import Theme

from generator.draw import gallery
from generator.draw.gallery import Drawn


@contextmanager
def undrawn_charts() -> Iterator[None]:
    """Leave charts undrawn: drawing is the slowest part, and has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gallery, "_draw", lambda *_: Drawn("<svg></svg>", "<svg></svg>", b"<svg/>", b"png"))
        yield


@pytest.fixture
def undrawn() -> Iterator[None]:
    """No chart is drawn during the test."""
    with undrawn_charts():
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Compile Material's templates once: MkDocs does it at every build of a language, for a third of the build's time.

    Jinja compiles a template again when its text has changed.
    """
    folder = tmp_path_factory.mktemp("templates")
    fresh = Theme.get_env

    def get_env(theme: Theme) -> Environment:
        environment = fresh(theme)
        environment.bytecode_cache = FileSystemBytecodeCache(str(folder))
        return environment

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Theme, "get_env", get_env)
        yield folder
