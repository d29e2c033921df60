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
from generator.core.definition_file import DEFINITION_FILE, load_measurement, parse_measurement
from generator.core.errors import DefinitionError, StorageError
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
    files = {DEFINITION_FILE: text}
    files |= {f"article.{language.value}.md.j2": _ARTICLES[language] for language in Language}
    _write(folder, files)
    return folder


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


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Make the folder whole or not at all: it is filled beside its place and then moved there."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".new-"))
        try:
            for name, text in files.items():
                (making / name).write_text(text, "utf-8")
            making.chmod(0o755)
            making.rename(folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        problem = f"it cannot be made: {error.strerror or error}"
        raise StorageError(f"measurements/{folder.name}", problem, "Make room or give access.") from error
