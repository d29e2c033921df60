"""The page on which a reader measures two or three of the models on the device at hand, in the browser.

Everything happens in scripts (theme/assets/js/on-device); what they know is in the page: rules, addresses, the
published ratios, and every word. Files that are large lie once, in the first language's folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from generator.browser.kit import RUNTIME, Engine, Group, Kit, Model
from generator.browser.record import RULES, SCHEMA_VERSION
from generator.core import protocol
from generator.core.cell import tidy
from generator.core.definition import CONTROL, Measurement
from generator.pages import script_rules
from generator.pages.sentences import Sentences, localized
from generator.pages.template import Environment, render
from generator.pages.views.system import SystemView
from generator.pages.views.workload import WorkloadView
from generator.results.findings import Findings
from generator.site.staging import LANGUAGES, Page
from generator.words import markdown
from generator.words.markdown import Markdown, html_text
from generator.words.phrases import Phrases

FOLDER = "on-device"
"""Of the page, and of its files in the first language."""

SCRIPT = "on-device/page.js"
"""Below assets/js; loaded on this page alone."""

MOST_COMPARISONS = 2
"""Verdicts that one run may give: int8, and the same model by WebGPU."""

_PREFIX = "on_device."


def files(kit: Kit) -> Iterator[Page]:
    """The runtime, the models and their inputs, each once."""
    for name, engine in _engines(kit).items():
        yield _file(_script(name), engine.script.read_bytes())
        yield _file(_binary(name), engine.binary.read_bytes())
    for group in kit.groups:
        yield _file(_samples(group), _packed(group))
        for model in group.models:
            yield _file(_model(model), kit.file(model).read_bytes())


def page(kit: Kit | None, suite: Sequence[Measurement], found: Mapping[str, Sequence[Findings]], words: Phrases) -> str:
    """The page's Markdown; without a kit, it has no button. For the arguments see `widget`."""
    context = {
        "command": markdown.code_block("python -m generator build", "bash"),
        "check": markdown.code_block("python -m generator check browser-….json", "bash"),
        "say": words.say,
        "widget": widget(kit, suite, found, words) if kit else "",
    }
    body = render(Environment(words.language), f"{words.language.value}/on-device.md.j2", context)
    head = markdown.front_matter(
        title=words.say("on_device.title"),
        description=words.say("on_device.lede"),
        script=SCRIPT if kit else None,
    )
    return head + Markdown("\n" + body)


def widget(
    kit: Kit, suite: Sequence[Measurement], found: Mapping[str, Sequence[Findings]], phrases: Phrases
) -> Markdown:
    """The choices, the button and the places for what is found, as raw HTML on one line.

    Args:
        kit: what there is to measure.
        suite: all measurements; they have the titles.
        found: findings of every measurement by its name.
        phrases: of the page's language.
    """
    words = {
        key.removeprefix(_PREFIX): text
        for key, text in phrases.texts.items()
        if key.startswith(_PREFIX) and isinstance(text, str)
    }
    data = html_text(json.dumps(_data(kit, suite, found, phrases), ensure_ascii=False))
    text = {key: html_text(value) for key, value in words.items()}
    choices = "".join(
        f'<label><input type="checkbox" name="group" value="{index}" checked disabled> '
        f"{html_text(_described(group, suite, phrases))}</label>"
        for index, group in enumerate(kit.groups)
    )
    return Markdown(
        f'<div class="on-device" data-search-exclude data-kit="{data}" '
        f'data-words="{html_text(json.dumps(words, ensure_ascii=False))}">'
        f"<fieldset><legend>{text['choose']}</legend>{choices}"
        f'<label hidden><input type="checkbox" name="webgpu" disabled> <span></span></label></fieldset>'
        f'<p class="on-device__size"></p>'
        f'<p><button type="button" class="md-button md-button--primary" hidden>{text["start"]}</button> '
        f'<button type="button" class="md-button" hidden>{text["cancel"]}</button></p>'
        f'<p class="on-device__error" role="alert" hidden></p>'
        f'<progress max="1" value="0" aria-label="{text["progress"]}" hidden></progress>'
        f'<p class="on-device__status" role="status">{text["needs"]}</p>'
        f'<p class="on-device__detail"></p>'
        f'<div class="on-device__results"></div></div>'
    )


def _data(
    kit: Kit, suite: Sequence[Measurement], found: Mapping[str, Sequence[Findings]], phrases: Phrases
) -> dict[str, Any]:
    """What the script knows."""
    base = "" if phrases.language.code == LANGUAGES[0] else f"../../{FOLDER}/"
    engines = {
        name: {"script": base + _script(name), "binary": base + _binary(name), "bytes": engine.size_bytes}
        for name, engine in _engines(kit).items()
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "protocol_version": protocol.PROTOCOL_VERSION,
        "runtime": {"package": RUNTIME, "version": kit.version},
        "control": CONTROL,
        "engines": engines,
        "rules": rules(),
        "groups": [_group(group, base, suite, found.get(group.measurement, ()), phrases) for group in kit.groups],
    }


def rules() -> dict[str, Any]:
    """The protocol as the scripts know it: how far it goes in a browser, and the constants of its statistic."""
    return {**asdict(RULES), **script_rules.statistic(RULES.most_blocks, MOST_COMPARISONS)}


def _group(
    group: Group, base: str, suite: Sequence[Measurement], findings: Sequence[Findings], phrases: Phrases
) -> dict[str, Any]:
    measurement = _measurement(group, suite)
    return {
        "measurement": group.measurement,
        "workload": group.workload,
        "definition_sha256": group.definition_sha256,
        "title": _title(group, measurement, phrases),
        "address": f"../measurements/{group.measurement}/",
        "samples": base + _samples(group),
        "samples_bytes": len(_packed(group)),
        "models": [
            {
                "variant": model.variant,
                "title": localized(measurement.variant(model.variant).title, phrases.language),
                "precision": str(model.precision),
                "file": base + _model(model),
                "bytes": model.size_bytes,
                "sha256": model.sha256,
            }
            for model in group.models
        ],
        "published": list(_published(group, findings, phrases)),
    }


def _published(group: Group, findings: Sequence[Findings], phrases: Phrases) -> Iterator[dict[str, Any]]:
    """The newest publishable record of each machine that compares the same two variants."""
    sentences = Sentences(phrases)
    against, variant = (model.variant for model in group.models[:2])
    for one in (each for each in findings if each.record.publishable):
        work = next((each for each in one.workloads if each.choice.name == group.workload), None)
        if work is None:
            continue
        compared = WorkloadView(work, one, sentences).comparison(variant, against)
        if compared.found is None:
            continue
        speedup = compared.found.speedup
        artifacts = {each.sha256 for name in (variant, against) if (each := one.record.variant(name).artifact)}
        yield {
            "record": one.record.record_id,
            "system": SystemView(one.record.system, sentences).name,
            "date": phrases.language.date(one.record.finished_at.date()),
            "sentence": compared.sentence,
            "estimate": [tidy(speedup.point), tidy(speedup.interval.low), tidy(speedup.interval.high)],
            "same_files": artifacts == {model.sha256 for model in group.models[:2]},
        }


def _measurement(group: Group, suite: Sequence[Measurement]) -> Measurement:
    return next(one for one in suite if one.name == group.measurement)


def _title(group: Group, measurement: Measurement, phrases: Phrases) -> str:
    chosen = next(one for one in measurement.workloads if one.name == group.workload)
    return localized(chosen.title, phrases.language)


def _described(group: Group, suite: Sequence[Measurement], phrases: Phrases) -> str:
    """What a reader loads when choosing a group."""
    language = phrases.language
    models = [f"{model.precision} ({language.size(model.size_bytes)})" for model in group.models]
    title, inputs = _title(group, _measurement(group, suite), phrases), language.size(len(_packed(group)))
    return phrases.say("on_device.group", title=title, models=language.listing(models), inputs=inputs)


def _engines(kit: Kit) -> Mapping[str, Engine]:
    return {"wasm": kit.wasm, "webgpu": kit.webgpu}


def _script(engine: str) -> str:
    # Not .mjs: servers that do not know the ending send a type that browsers refuse to run.
    return f"ort-{engine}.js"


def _binary(engine: str) -> str:
    return f"ort-{engine}.wasm"


def _samples(group: Group) -> str:
    return f"{group.measurement}.json"


def _model(model: Model) -> str:
    return f"{model.sha256[:16]}.onnx"


def _packed(group: Group) -> bytes:
    """Inputs, and what native ONNX Runtime answers."""
    data = group.model_dump(mode="json", include={"native", "samples"})
    outputs = {model.variant: model.model_dump(mode="json")["outputs"] for model in group.models}
    return json.dumps({**data, "outputs": outputs}, separators=(",", ":")).encode()


def _file(name: str, content: bytes) -> Page:
    return Page(LANGUAGES[0], f"{FOLDER}/{name}", content)
