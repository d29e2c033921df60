"""Isolated environments: a runtime of another year beside the one that is installed.

    .cache/environments/<key>/      an interpreter and exactly the pinned packages, nothing else

The worker imports the standard library, NumPy and its one runtime, and no runtime here needs its other dependencies to
answer queries; so what is pinned is all that there is, and the same pins give the same environment in any year.
Deleting an environment costs time, never a result.

`uv` makes them, because it also finds or fetches the Python that the pins ask for; without it `venv` and pip do, with
the Pythons that are there. Either way packages come through the index that the person has configured for pip.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.assets.fetch import Progress
from generator.assets.installers import run_pip
from generator.core.cache import Cache
from generator.core.errors import IndexSilent, IsolationError, StorageError

FOLDER = "environments"
"""Where they lie in the cache."""

TIMEOUT_S = 1800
"""Longest that one step may take; the packages have up to 60 MB each."""

_FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX")
"""Variables through which another environment would leak into an isolated one."""

_RUNNING = "{}.{}".format(*sys.version_info)

_CHECK = """
import importlib, importlib.metadata, json, platform, sys
for name in sys.argv[1:]:
    importlib.import_module(name.replace("-", "_"))
print(json.dumps({"python": platform.python_version(), **{n: importlib.metadata.version(n) for n in sys.argv[1:]}}))
"""
"""Imports what is pinned, and says what is there."""

_NO_NETWORK = (
    "NewConnectionError|NameResolution|Retrying|Max retries|ConnectTimeout|ProxyError|SSLError"
    "|Failed to fetch|Failed to download|error sending request|dns error|tcp connect|network was disabled"
)
"""Words of pip, and of uv."""

_INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")


@dataclass(frozen=True, slots=True)
class Environment:
    """A folder with an interpreter and the pinned packages, all of which can be imported."""

    interpreter: Path
    """Not resolved: through the link the interpreter finds its packages."""

    packages: tuple[str, ...]
    """What is in it, "name==version", Python first."""


def isolated(pins: Sequence[str], cache: Cache, progress: Progress | None = None) -> Environment:
    """Return the environment of these pins, making it if it is absent or damaged.

    Args:
        pins: "name==version" each; "python==3.11" asks for that Python, the running one when it is left out.
        cache: keeps it.
        progress: is told what is being done.

    Raises:
        IsolationError: when there is no network, no wheel for this Python or machine, or it cannot be imported.
        StorageError: when the disk is full or the cache cannot be written.
    """
    wanted = dict(pin.split("==", 1) for pin in pins)
    folder = cache.root / FOLDER / _key(wanted)
    if found := _sound(folder, wanted):
        return found
    text = f"isolated environment: {', '.join(pins)}"
    if progress:
        progress(text, 0, 1)
    with cache.workspace() as workspace:
        made = workspace / "environment"
        _make(made, wanted)
        _inspected(made, wanted)
        folder.parent.mkdir(parents=True, exist_ok=True)
        if found := _sound(folder, wanted):  # a machine that shares the cache was quicker, and may be using it
            return found
        if folder.exists():
            folder.rename(workspace / "damaged")
        made.rename(folder)
    if progress:
        progress(text, 1, 1)
    return _inspected(folder, wanted)


def without_foreign(variables: Mapping[str, str]) -> dict[str, str]:
    """Environment variables without those that would lead an isolated interpreter to other packages."""
    return {name: value for name, value in variables.items() if name not in _FOREIGN}


def uv_variables(pip_settings: str, own: Mapping[str, str]) -> dict[str, str]:
    """What makes uv fetch as pip would: uv does not read pip's configuration.

    Args:
        pip_settings: what `pip config list` prints.
        own: the person's environment variables; what they say to uv themselves is left as it is.

    Returns:
        Environment variables to add.
    """
    settings = _settings(pip_settings)
    extra = settings.get("extra-index-url", "")
    added = {
        "UV_DEFAULT_INDEX": settings.get("index-url", ""),
        "UV_EXTRA_INDEX_URL": " ".join(extra.split()),
        "UV_FIND_LINKS": ",".join(settings.get("find-links", "").split()),
        # pip takes the best version of all indexes; uv would look no further than the first that has the package.
        "UV_INDEX_STRATEGY": "unsafe-best-match" if extra else "",
        "UV_INSECURE_HOST": " ".join(settings.get("trusted-host", "").split()),
        "SSL_CERT_FILE": settings.get("cert", ""),
        "SSL_CLIENT_CERT": settings.get("client-cert", ""),
        "ALL_PROXY": settings.get("proxy", ""),
    }
    spoken = {*own, *(_INDEX_VARIABLES if any(name in own for name in _INDEX_VARIABLES) else ())}
    return {name: value for name, value in added.items() if value and name not in spoken}


def _settings(pip_settings: str) -> dict[str, str]:
    """Settings of pip by name; its environment variables count most, then what is said of `install`."""
    ranks, found = {"global": 0, "install": 1, ":env:": 2}, list[tuple[int, str, str]]()
    for line in pip_settings.splitlines():
        place, _, value = line.partition("=")
        section, _, name = place.strip().rpartition(".")
        if section in ranks:
            found.append((ranks[section], name, _unquoted(value.strip())))
    return {name: value for _, name, value in sorted(found)}


def _unquoted(value: str) -> str:
    try:
        return str(ast.literal_eval(value))
    except (ValueError, SyntaxError):
        return value


def _key(wanted: Mapping[str, str]) -> str:
    python = wanted.get("python", _RUNNING)
    parts = {**wanted, "python": python, "system": f"{sys.platform} {platform.machine()}"}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]


def _interpreter(folder: Path) -> Path:
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def _sound(folder: Path, wanted: Mapping[str, str]) -> Environment | None:
    """The environment that is there, when everything in it can still be imported."""
    if not _interpreter(folder).exists():  # false too where the Python that it links to has gone
        return None
    try:
        return _inspected(folder, wanted)
    except IsolationError:
        return None


def _inspected(folder: Path, wanted: Mapping[str, str]) -> Environment:
    """Import everything and read the versions.

    Raises:
        IsolationError: when something cannot be imported, or is another version than the pinned one.
    """
    interpreter, names = _interpreter(folder), sorted(wanted.keys() - {"python"})
    done = _run([str(interpreter), "-P", "-c", _CHECK, *names], without_foreign(os.environ), wanted)
    if done.returncode != 0:
        problem = f"the packages are there but cannot be imported ({_last_line(done.stderr)})"
        raise _error(wanted, problem, "Pin versions that belong together.")
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    for name, version in wanted.items():
        if not re.match(rf"{re.escape(version)}(?![0-9])", found[name]):
            raise _error(wanted, f"it holds {name} {found[name]}", "Delete the environment from the cache.")
    return Environment(interpreter, tuple(f"{name}=={version}" for name, version in found.items()))


def _make(folder: Path, wanted: Mapping[str, str]) -> None:
    packages = [f"{name}=={version}" for name, version in wanted.items() if name != "python"]
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv:
        _make_with_uv(uv, folder, wanted, packages)
    else:
        _make_with_pip(folder, wanted, packages)


def _make_with_uv(uv: str, folder: Path, wanted: Mapping[str, str], packages: Sequence[str]) -> None:
    listing = run_pip("config", "list").stdout
    offline = ["--no-index"] if _settings(listing).get("no-index", "").lower() in {"1", "true", "yes", "on"} else []
    variables = without_foreign(os.environ) | uv_variables(listing, os.environ)
    python = wanted.get("python", _RUNNING)
    chosen = sys.executable if python == _RUNNING else python
    into = ["--python", str(_interpreter(folder)), *packages]
    steps = (
        [uv, "venv", "--quiet", "--no-project", "--python", chosen, str(folder)],
        # Compiled beforehand: workers write no bytecode, and would compile everything at each start.
        [uv, "pip", "install", "--quiet", "--compile-bytecode", "--no-deps", "--only-binary", ":all:", *offline, *into],
    )
    for step in steps:
        done = _run(step, variables, wanted)
        if done.returncode != 0:
            raise _install_problem(wanted, done.stderr)


def _make_with_pip(folder: Path, wanted: Mapping[str, str], packages: Sequence[str]) -> None:
    python = wanted.get("python", _RUNNING)
    chosen = sys.executable if python == _RUNNING else shutil.which(f"python{python}")
    if not chosen:
        raise _error(wanted, f"there is no Python {python} on this machine", "Install uv, which fetches it.")
    made = _run([chosen, "-m", "venv", "--without-pip", str(folder)], without_foreign(os.environ), wanted)
    if made.returncode != 0:
        problem = f"venv made no environment ({_last_line(made.stderr or made.stdout)})"
        raise _error(wanted, problem, "Install uv: pip install uv")
    done = run_pip(
        *("--python", str(_interpreter(folder)), "install", "--no-deps", "--only-binary=:all:"),
        *("--disable-pip-version-check", "--no-input", "--progress-bar=off", "--quiet", *packages),
    )
    if done.returncode != 0:
        raise _install_problem(wanted, done.stderr)


def _run(
    command: Sequence[str], variables: Mapping[str, str], wanted: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            env={**variables, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        problem = f"'{Path(command[0]).name}' was not done within {TIMEOUT_S // 60} minutes"
        raise _error(wanted, problem, "Run the same command again.") from error
    except OSError as error:
        problem = f"'{Path(command[0]).name}' cannot be started ({error.strerror})"
        raise _error(wanted, problem, "Reinstall it.") from error


def _install_problem(wanted: Mapping[str, str], stderr: str) -> IsolationError | StorageError:
    """Say what uv or pip could not do; without a network pip also says that there is no such wheel."""
    python, text = wanted.get("python", _RUNNING), " ".join(stderr.split())
    if re.search("No space left on device|Disk quota exceeded|not enough space", text):
        return StorageError(_named(wanted), "the disk is full", "Free some space and run the same command again.")
    if re.search(_NO_NETWORK, text):
        problem = "there is no network to fetch it from"
        return IndexSilent(_named(wanted), problem, "Connect, then run the same command again.")
    if re.search("No solution found|No matching distribution|Could not find a version", text):
        problem = f"the index has no such wheel for Python {python} on {platform.system()} {platform.machine()}"
        return _error(wanted, problem, "Where there is none, this variant cannot be measured.")
    if "No interpreter found" in text:
        return _error(wanted, f"there is no Python {python}, and uv may not fetch one", f"Install Python {python}.")
    return _error(wanted, f"it cannot be made ({_last_line(stderr)})", "Run the same command again.")


def _error(wanted: Mapping[str, str], problem: str, remedy: str) -> IsolationError:
    return IsolationError(_named(wanted), problem, remedy)


def _named(wanted: Mapping[str, str]) -> str:
    return f"environment of {', '.join(f'{n} {v}' for n, v in wanted.items())}"


def _last_line(stderr: str) -> str:
    """Last line, without addresses: they may carry a person's password for a private index."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return re.sub(r"\w+://\S+", "<address>", lines[-1])[:200] if lines else "it says nothing"
