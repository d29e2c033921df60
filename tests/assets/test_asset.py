"""The catalogue is sound, and says what is wrong with it when it is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.assets import asset as room
from generator.assets.asset import Asset, UrlAsset, asset, load_catalogue, source_of
from generator.assets.index import PYPI
from generator.core.errors import AssetError

CATALOGUE = load_catalogue()

ONE = """
[one]
kind = "wheel"
title = "One"
package = "one"
version = "1.0"
wheel = "one-1.0-py3-none-any.whl"
wheel_sha256 = "{digest}"
path = "one/weights.bin"
sha256 = "{digest}"
bytes = 1
licence = "MIT"
""".format(digest="0" * 64)


def _load(tmp_path: Path, text: str, manifest: str = "") -> Asset:
    (tmp_path / "catalogue.toml").write_text(text, "utf-8")
    (tmp_path / "many.sha256").write_text(manifest, "utf-8")
    return load_catalogue(tmp_path / "catalogue.toml", tmp_path)["one"]


@pytest.mark.parametrize("one", CATALOGUE.values(), ids=CATALOGUE)
def test_what_is_catalogued_can_be_cited(one: Asset) -> None:
    """A record names origin, licence and hash of everything that was downloaded."""
    source = source_of(one)
    assert source.licence
    assert re.search(r"==|@\d|^Debian: .+=\d|@ [0-9a-f]{40}$", source.origin)
    assert re.fullmatch("[0-9a-f]{64}", source.sha256)


def test_every_manifest_is_used() -> None:
    """No list of files lies about unused."""
    text = room.CATALOGUE_FILE.read_text("utf-8")
    assert all(f'manifest = "{path.name}"' in text for path in room.MANIFESTS.iterdir())


def test_the_photographs_are_in_the_order_of_their_classes() -> None:
    """The class of a photograph is its position, so the manifest must be sorted and complete."""
    photographs = asset("imagenet-sample-images")
    names = [file.path for file in photographs.files]
    assert (len(names), names) == (250, sorted(names))
    assert isinstance(photographs, UrlAsset)
    assert photographs.commit in photographs.base


def test_no_address_of_a_package_index_is_fixed() -> None:
    """A person's own pip configuration says where packages come from; pip's own default stands in one place."""
    for path in Path(room.__file__).parent.rglob("*"):
        if path.suffix in {".py", ".toml"}:
            text = path.read_text("utf-8").replace(f'PYPI = "{PYPI}"', "")
            assert not re.search(r"pypi\.org|pythonhosted|npmjs\.", text), path


def test_an_unknown_name_has_a_suggestion() -> None:
    """A slip is mended at a glance."""
    with pytest.raises(AssetError, match="Did you mean 'imagenet-sample-images'"):
        asset("imagenet-sample-image")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('kind = "wheel"', 'kind = "gem"', "gem"),
        ('kind = "wheel"', 'kind = "npm"', "version"),
        ("licence =", "license =", "licen"),
        ('path = "one/weights.bin"', 'path = "../weights.bin"', "leads out of its folder"),
        ('path = "one/weights.bin"', 'path = "/weights.bin"', "leads out of its folder"),
        ('path = "one/weights.bin"', "path = 'one\\weights.bin'", "leads out of its folder"),
        ('path = "one/weights.bin"', 'path = "c:weights.bin"', "leads out of its folder"),
        ('version = "1.0"', 'version = "1.0 --index-url=elsewhere"', "version"),
        ('package = "one"', 'package = "--one"', "package"),
        ("bytes = 1", "bytes = 0", "bytes"),
        ('path = "one/weights.bin"', "", "files"),
        ("0" * 64, "xyz", "sha256"),
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """An error says which table and which key; nothing that reaches pip's command line is free text."""
    assert old in ONE
    with pytest.raises(AssetError, match=rf"(?s)catalogue\.toml \[one\].*{problem}"):
        _load(tmp_path, ONE.replace(old, new))


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        ("", "files"),
        ("abc  one\n", "line 1"),
        ("0" * 64 + " one\n", "line 1"),
        (f"{'0' * 64}  one\n\n", "line 2"),
        (f"{'0' * 64}  a/../../one\n", "leads out"),
        (f"{'0' * 64}  one\n" * 2, "stands twice"),
    ],
    ids=["empty", "short hash", "one space", "empty line", "traversal", "twice"],
)
def test_a_wrong_manifest_is_named(tmp_path: Path, manifest: str, problem: str) -> None:
    """A list of files is checked line by line."""
    text = ONE.replace('path = "one/weights.bin"\nsha256 = "' + "0" * 64 + '"\n', 'manifest = "many.sha256"\n')
    with pytest.raises(AssetError, match=rf"\[one\].*{problem}"):
        _load(tmp_path, text, manifest)


def test_a_catalogue_that_is_no_toml(tmp_path: Path) -> None:
    """A broken merge is reported as one."""
    with pytest.raises(AssetError, match="git checkout"):
        _load(tmp_path, "<<<<<<< HEAD\n")
    with pytest.raises(AssetError, match="is no table"):
        _load(tmp_path, "one = 1\n")
