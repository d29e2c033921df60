"""Makes a measurement's folder that already measures and renders; a contributor changes it bit by bit."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

from generator.contribute.schema import DEFINITION_SCHEMA
from generator.core.definition import Measurement
from generator.core.definition_file import (
    DEFINITION_FILE,
    MAX_DEFINITION_BYTES,
    load_measurement,
    parse_measurement,
)
from generator.core.definition_text import definition_text
from generator.core.errors import DefinitionError, StorageError
from generator.core.files import Unreadable, read_plain
from generator.core.problem import Problem
from generator.words.language import Language

SIMULATED = """\
[[workloads]]
name = "numbers"
kind = "synthetic" # computes nothing: replace it by one of the generator's, or by a workload.py of your own
title = { ru = "Числа", en = "Numbers" }
options = { samples = 20 }

# The runtime "fake" reports the latency that stands here: the folder measures in seconds, and means nothing yet.
[[variants]]
name = "old-way"
runtime = "fake"
precision = "fp32"
baseline = true
title = { ru = "Как раньше", en = "The old way" }
options = { latency_ns = 2_000_000 }

[[variants]]
name = "new-way"
runtime = "fake"
precision = "fp32"
title = { ru = "По-новому", en = "The new way" }
options = { latency_ns = 1_000_000 }
"""
"""What is measured when no other measurement is taken as the model."""

_TOPICS = '# technologies = ["quantization"] # on whose pages it appears; a workload names its application\n'

_ARTICLES: Mapping[Language, str] = MappingProxyType(
    {
        Language.RU: """\
{% extends "measurement.md.j2" %}
{# Блоки intro, cost, why, limits и advice дополняют страницу. Числа берутся из записи: {{ answer.times }}. #}
{% block intro %}{% endblock %}
""",
        Language.EN: """\
{% extends "measurement.md.j2" %}
{# The blocks intro, cost, why, limits and advice add to the page. Numbers come from the record: {{ answer.times }}. #}
{% block intro %}{% endblock %}
""",
    }
)
_WORKLOADS = re.compile(r"^\[\[workloads\]\]", re.MULTILINE)


def scaffold(
    root: Path, name: str, title: Mapping[str, str], question: Mapping[str, str], like: str | None, today: date
) -> Path:
    """Make `measurements/NAME/`: a definition, and an article in each language.

    Args:
        root: the checkout.
        name: of the folder and the page's address: a-z, 0-9 and single hyphens.
        title: by language, "ru" and "en".
        question: by language; what the page will answer.
        like: an existing measurement whose workloads and variants are taken over; simulated ones when left out.
        today: day of the article's first publication.

    Returns:
        The folder.

    Raises:
        DefinitionError: when the name or a text is none, or there is no such model.
        StorageError: when the folder exists already or cannot be written.
    """
    folder = root / "measurements" / name
    where = f"measurements/{name}/{DEFINITION_FILE}"
    if folder.exists() or folder.is_symlink():
        raise StorageError(f"measurements/{name}", "the folder exists already", "Choose another name.")
    text = _definition(title, question, today, *_model(root, like))
    try:
        parse_measurement(name, tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        problem = Problem(f"a title or question cannot be written ({error})", "Use plain text.")
        raise DefinitionError(where, [problem]) from error
    files: dict[str, str | bytes] = {DEFINITION_FILE: text}
    files |= {f"article.{language.value}.md.j2": _ARTICLES[language] for language in Language}
    _write(folder, files)
    return folder


def scaffold_of_trial(
    root: Path,
    name: str,
    trial: Path,
    given: Path,
    texts: Mapping[str, Mapping[str, str] | None],
    options: Mapping[str, str],
    today: date,
) -> Path:
    """Make `measurements/NAME/` of a model that was tried, or of a model's file.

    Args:
        root: the checkout.
        name: of the folder.
        trial: folder that holds the trial's `measurement.toml`.
        given: folder that holds its inputs and labels.
        texts: "title" and "question" by language; the trial's own where they are None.
        options: where to get the model's file (`origin`, `licence`, `address`), as the workload takes it.
        today: day of the article's first publication.

    Raises:
        DefinitionError: when the folder holds no definition, or a text is none.
        StorageError: when the folder exists already or cannot be written.
    """
    folder = root / "measurements" / name
    if folder.exists() or folder.is_symlink():
        raise StorageError(f"measurements/{name}", "the folder exists already", "Choose another name.")
    where = f"{trial.name}/{DEFINITION_FILE}"
    try:
        data = tomllib.loads(read_plain(trial / DEFINITION_FILE, MAX_DEFINITION_BYTES))
    except FileNotFoundError as error:
        remedy = "Name a record that `try` has written, where it wrote it, or the model's file."
        raise DefinitionError(where, [Problem("is not there", remedy)]) from error
    except (Unreadable, tomllib.TOMLDecodeError) as error:
        raise DefinitionError(where, [Problem(f"cannot be read ({error})", "Try the model again.")]) from error
    data |= {key: value for key, value in texts.items() if value}
    data["published"] = today
    for workload in data.get("workloads", ()):
        workload["options"] = {**workload.get("options", {}), **options}
    files: dict[str, str | bytes] = {DEFINITION_FILE: _of(parse_measurement(name, data, where))}
    for workload in data["workloads"]:
        for key in ("inputs", "labels"):
            if file := workload["options"].get(key):
                files |= _given(given / file)
    files |= {f"article.{language.value}.md.j2": _ARTICLES[language] for language in Language}
    _write(folder, files)
    return folder


def _of(measurement: Measurement) -> str:
    return f"#:schema ../../{DEFINITION_SCHEMA}\n{definition_text(measurement)}"


def _given(path: Path) -> dict[str, bytes]:
    """Inputs or labels: a file, or a folder of pictures."""
    if not path.is_dir():
        return {path.name: path.read_bytes()} if path.is_file() else {}
    files = sorted(one for one in path.rglob("*") if one.is_file())
    return {one.relative_to(path.parent).as_posix(): one.read_bytes() for one in files}


def _model(root: Path, like: str | None) -> tuple[str, str]:
    """What comes after the texts: the keys of the whole measurement, then its workloads and variants as written."""
    if like is None:
        return _TOPICS, SIMULATED
    model = load_measurement(root / "measurements" / like)
    text = (root / "measurements" / like / DEFINITION_FILE).read_text("utf-8")
    start = _WORKLOADS.search(text)
    if start is None:
        remedy = "Take another measurement as the model."
        problem = Problem("its workloads are not written as [[workloads]]", remedy)
        raise DefinitionError(f"measurements/{like}/{DEFINITION_FILE}", [problem])
    return _keys(model), text[start.start() :]


def _keys(model: Measurement) -> str:
    technologies = ", ".join(f'"{one}"' for one in model.technologies)
    lines = [f'scenario = "{model.scenario}"', f"threads = {model.threads}", f"technologies = [{technologies}]"]
    if model.latency_bound_ms is not None:
        lines.append(f"latency_bound_ms = {model.latency_bound_ms}")
    if model.headline:
        chosen = model.headline
        lines.append(f'headline = {{ variant = "{chosen.variant}", against = "{chosen.against}" }}')
    return "\n".join(lines) + "\n"


def _definition(title: Mapping[str, str], question: Mapping[str, str], today: date, keys: str, rest: str) -> str:
    return f"""\
#:schema ../../{DEFINITION_SCHEMA}
schema_version = 1
suite = "extended" # "core" is what every fresh machine measures: ten minutes for all of it; see the key `core`
published = {today.isoformat()}
title = {_texts(title)}
question = {_texts(question)}
{keys}
{rest}"""


def _texts(texts: Mapping[str, str]) -> str:
    """An inline table; JSON's strings are TOML's too, once DEL is written as an escape."""
    quoted = {key: json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f") for key, text in texts.items()}
    return "{ " + ", ".join(f"{key} = {quoted[key]}" for key in ("ru", "en")) + " }"


def _write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Make the folder whole or not at all: it is filled beside its place and then moved there."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
        try:
            for name, content in files.items():
                (making / name).parent.mkdir(parents=True, exist_ok=True)
                (making / name).write_bytes(content.encode() if isinstance(content, str) else content)
            making.chmod(0o755)
            making.rename(folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        problem = f"it cannot be made: {error.strerror or error}"
        raise StorageError(f"measurements/{folder.name}", problem, "Make room or give access.") from error
