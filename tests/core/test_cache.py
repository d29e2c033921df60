"""The cache: whole or absent, verified, and clear about a disk that is full."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from generator.core.cache import Cache
from generator.core.errors import AssetError, PreparationError, StorageError


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(tmp_path / "cache")


class Maker:
    """Writes the same bytes each time and counts how often it was asked."""

    def __init__(self, data: bytes = b"model") -> None:
        self.data, self.calls = data, 0

    def __call__(self, path: Path) -> Mapping[str, str]:
        self.calls += 1
        path.write_bytes(self.data)
        path.with_name("beside.tmp").write_bytes(b"left over")
        return {"opset": "17"}


def _files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_the_same_key_is_made_once(cache: Cache) -> None:
    """What was made is used again, with the notes of its maker."""
    maker = Maker()
    first = cache.built("models", {"a": 1, "b": (1, 2)}, ".onnx", maker)
    second = cache.built("models", {"b": (1, 2), "a": 1}, ".onnx", maker)
    assert (maker.calls, first, dict(second.notes)) == (1, second, {"opset": "17"})
    assert first.path.read_bytes() == b"model"
    assert first.path.suffix == ".onnx"


@pytest.mark.parametrize("key", [{"a": 2}, {"a": "1"}, {"a": 1, "b": None}, {}], ids=str)
def test_another_key_is_another_file(cache: Cache, key: dict[str, object]) -> None:
    """No two inputs share a file."""
    maker = Maker()
    assert cache.built("models", {"a": 1}, ".onnx", maker).path != cache.built("models", key, ".onnx", maker).path


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path, notes: path.write_bytes(b"mode"), id="truncated"),
        pytest.param(lambda path, notes: path.write_bytes(b"Model"), id="changed"),
        pytest.param(lambda path, notes: path.unlink(), id="deleted"),
        pytest.param(lambda path, notes: notes.unlink(), id="notes deleted"),
        pytest.param(lambda path, notes: notes.write_text("{"), id="notes truncated"),
        pytest.param(lambda path, notes: notes.write_text("[]"), id="notes of another form"),
        pytest.param(lambda path, notes: notes.write_text('{"sha256": "0", "notes": []}'), id="notes of another type"),
        pytest.param(lambda path, notes: notes.write_bytes(b"\xff"), id="notes not UTF-8"),
    ],
)
def test_a_damaged_entry_is_made_again(cache: Cache, damage: object) -> None:
    """Nobody measures a file that is not what was made."""
    maker = Maker()
    path, _ = cache.built("models", {"a": 1}, ".onnx", maker)
    damage(path, path.with_name(path.name + ".notes.json"))  # type: ignore[operator]
    again = cache.built("models", {"a": 1}, ".onnx", maker)
    assert (maker.calls, again.path.read_bytes(), dict(again.notes)) == (2, b"model", {"opset": "17"})


def test_what_lies_beside_is_thrown_away(cache: Cache) -> None:
    """A maker's temporary files do not fill the disk."""
    path, _ = cache.built("models", {}, ".onnx", Maker())
    assert _files(cache.root) == [path.name, path.name + ".notes.json"]


def test_a_failed_maker_leaves_nothing(cache: Cache) -> None:
    """An interrupted export cannot be taken for a finished one."""

    def fail(path: Path) -> Mapping[str, str]:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.built("models", {}, ".onnx", fail)
    assert _files(cache.root) == []


def test_a_maker_that_writes_nothing_is_an_error(cache: Cache) -> None:
    """A defect of ours is called one."""
    with pytest.raises(PreparationError, match="left no file"):
        cache.built("models", {}, ".onnx", lambda path: {})


@pytest.mark.parametrize("method", ["built", "pinned"])
def test_a_full_disk_says_what_to_do(cache: Cache, method: str) -> None:
    """The person learns that space is missing, and nothing half-written stays."""

    def full(path: Path) -> Mapping[str, str]:
        path.write_bytes(b"ha")
        raise OSError(errno.ENOSPC, "No space left on device")

    arguments = {"built": ("models", {}, ".onnx", full), "pinned": ("assets", "weights.bin", "0" * 64, full)}
    with pytest.raises(StorageError, match=r"the disk is full\. Free some space.*GENERATOR_CACHE"):
        getattr(cache, method)(*arguments[method])
    assert _files(cache.root) == []


def test_a_disk_that_fills_up_at_the_last_step(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moving the file can fail too."""

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageError, match="disk is full"):
        cache.built("models", {}, ".onnx", Maker())


def test_a_cache_that_is_a_file(tmp_path: Path) -> None:
    """A cache folder that cannot be made names the reason and the remedy."""
    (tmp_path / "cache").write_text("not a folder")
    with pytest.raises(StorageError, match=r"cannot be written .*GENERATOR_CACHE"):
        Cache(tmp_path / "cache").built("models", {}, ".onnx", Maker())


def test_a_pinned_file_is_kept_only_with_its_hash(cache: Cache) -> None:
    """A download of another hash is refused and not kept."""
    with pytest.raises(AssetError, match="catalogue says"):
        cache.pinned("assets/x", "weights.bin", "0" * 64, Maker(b"other"))  # type: ignore[arg-type]
    assert _files(cache.root) == []


def test_a_damaged_pinned_file_is_fetched_again(cache: Cache) -> None:
    """The hash is checked at each use, not only after the download."""
    maker, wanted = Maker(b"right"), hashlib.sha256(b"right").hexdigest()
    path = cache.pinned("assets/x", "a/b.bin", wanted, maker)  # type: ignore[arg-type]
    cache.pinned("assets/x", "a/b.bin", wanted, maker)  # type: ignore[arg-type]
    assert maker.calls == 1
    path.write_bytes(b"wrong")
    assert cache.pinned("assets/x", "a/b.bin", wanted, maker).read_bytes() == b"right"  # type: ignore[arg-type]
    assert maker.calls == 2


@pytest.mark.parametrize("name", ["../b", "a/../../b", "/etc/passwd", "a\\..\\b", "C:b", ""])
def test_names_stay_in_the_cache(cache: Cache, name: str) -> None:
    """No catalogue can make the program write elsewhere."""
    with pytest.raises(AssetError, match="leads out of its folder"):
        cache.pinned("assets", name, "0" * 64, Maker())  # type: ignore[arg-type]
    assert not cache.root.exists()


def test_the_environment_names_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GENERATOR_CACHE moves the cache; without it, it is in the project."""
    monkeypatch.delenv("GENERATOR_CACHE", raising=False)
    assert Cache.default(tmp_path).root == tmp_path / ".cache"
    monkeypatch.setenv("GENERATOR_CACHE", str(tmp_path / "elsewhere"))
    assert Cache.default(tmp_path).root == tmp_path / "elsewhere"
