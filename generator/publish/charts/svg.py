"""A drawn figure becomes a small, deterministic SVG: inside a page with the page's colours, or a file of its own.

matplotlib writes dates, random names, a style that leaks into the whole page, and six digits after the point; none of
it reaches a page. Inside a page every colour is a CSS variable, so that the chart follows the page's light and dark
scheme; in a file the colours stand as they are, so that any viewer shows them, with a rule for dark screens.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from matplotlib.figure import Figure

from generator.publish.charts import palette
from generator.publish.charts.sheet import settings
from generator.publish.language import Language

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_FILE_FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
PNG_DPI = 180


def inline(figure: Figure, name: str, title: str, description: str, language: Language) -> str:
    """Chart for a page: one line, coloured by the page's CSS variables.

    Args:
        figure: the drawing.
        name: prefix of all ids; unique in the page.
        title: name of the image for those who do not see it.
        description: what it shows, in words.
        language: of the words.
    """
    root = _cleaned(figure, name)
    _describe(root, name, title, description, language)
    for element in root.iter():
        if "style" in element.attrib:
            element.set("style", _with_variables(element.attrib["style"]))
    return _text(root)


def standalone(figure: Figure, title: str, description: str, language: Language) -> bytes:
    """Chart as a file: the same drawing on a ground of its own, that follows the viewer's light or dark scheme."""
    root = _cleaned(figure, "chart")
    _describe(root, "chart", title, description, language)
    root.set("font-family", _FILE_FONT)
    ground = ET.Element("rect", {"width": "100%", "height": "100%", "style": f"fill: {palette.light()['bg']}"})
    rules = ET.Element("style")
    rules.text = "@media (prefers-color-scheme: dark){" + "".join(_dark_rules()) + "}"
    root.insert(2, rules)
    root.insert(3, ground)
    return ('<?xml version="1.0" encoding="utf-8"?>\n' + _text(root) + "\n").encode()


def png(figure: Figure) -> bytes:
    """Chart as pixels, on white: for previews, and for those who cannot use SVG."""
    target = io.BytesIO()
    with settings():
        figure.savefig(target, format="png", dpi=PNG_DPI, metadata={"Software": None}, pil_kwargs={"compress_level": 6})
    return target.getvalue()


def _cleaned(figure: Figure, prefix: str) -> ET.Element:
    target = io.StringIO()
    with settings():
        figure.savefig(target, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    # The text is matplotlib's own, not somebody's: entities cannot hide in it.
    root = ET.fromstring(target.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            # matplotlib's style is one rule for '*', which inside a page would restyle the whole page.
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style") or _is_empty_definitions(child):
                parent.remove(child)
    _rename(root, prefix)
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
        element.text = element.text if element.tag == "text" else None
        element.tail = None
        _shorten(element)
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    _flatten(root)
    return root


def _is_empty_definitions(element: ET.Element) -> bool:
    return element.tag == f"{{{_SVG}}}defs" and (len(element) == 0 or all(e.tag.endswith("style") for e in element))


def _rename(root: ET.Element, prefix: str) -> None:
    """Number the ids that something refers to, under a prefix, and drop all others."""
    references = [v for e in root.iter() for k, v in e.attrib.items() if k == _XLINK or "url(#" in v]
    used = list(dict.fromkeys(name for v in references for name in re.findall(r"#([\w-]+)", v)))
    names = {old: f"{prefix}-{index}" for index, old in enumerate(used)}
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            if key == "id":
                element.attrib.pop(key)
                if value in names:
                    element.set("id", names[value])
            elif key == _XLINK:
                element.attrib.pop(key)
                element.set("href", f"#{names[value[1:]]}")
            elif "url(#" in value:
                element.set(key, re.sub(r"url\(#([\w-]+)\)", lambda m: f"url(#{names[m[1]]})", value))


def _shorten(element: ET.Element) -> None:
    for key in ("d", "x", "y", "transform", "width", "height", "viewBox"):
        if key in element.attrib:
            shorter = _NUMBER.sub(lambda m: _rounded(m[0]), element.attrib[key])
            element.set(key, re.sub(r"\s+", " ", shorter).strip())
    if re.match(r"rotate\(-?0 ", element.get("transform", "")):
        element.attrib.pop("transform")
    if "style" in element.attrib:
        element.set("style", _own_font(element.attrib["style"]))


def _own_font(style: str) -> str:
    """A style without matplotlib's font: the page's or the file's holds, only size and weight are the text's own."""
    kept = []
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font" and (size := re.search(r"([\d.]+)px", value)):
            kept.append(f"font-size: {_rounded(size[1])}px")
            kept += ["font-weight: bold"] * bool(re.search(r"bold|700", value))
        elif name and name not in ("font-family", "font"):
            kept.append(f"{name}: {value}")
    return "; ".join(kept)


def _rounded(number: str) -> str:
    text = f"{float(number):.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _flatten(element: ET.Element) -> None:
    """Drop groups that say nothing and paths that draw nothing."""
    children = list(element)
    for child in children:
        _flatten(child)
        element.remove(child)
    for child in children:
        if child.tag == "g" and not child.attrib:
            element.extend(list(child))
        elif not (child.tag == "path" and child.get("style") == "fill: none"):
            element.append(child)


def _describe(root: ET.Element, name: str, title: str, description: str, language: Language) -> None:
    heading, text = ET.Element("title", {"id": f"{name}-title"}), ET.Element("desc", {"id": f"{name}-desc"})
    heading.text, text.text = title, description
    root.insert(0, heading)
    root.insert(1, text)
    root.set("role", "img")
    root.set("lang", language.value)
    root.set("aria-labelledby", f"{name}-title")
    root.set("aria-describedby", f"{name}-desc")
    root.set("stroke-linejoin", "round")


def _with_variables(style: str) -> str:
    for name, colour in palette.light().colours.items():
        style = re.sub(re.escape(colour), f"var(--{_variable(name)})", style, flags=re.IGNORECASE)
    return style


def _dark_rules() -> Iterator[str]:
    light, dark = palette.light(), palette.dark()
    for name, colour in light.colours.items():
        for role in ("fill", "stroke"):
            yield f'[style*="{role}: {colour}"]{{{role}:{dark[name]}!important}}'


def _variable(name: str) -> str:
    return name if name in palette.SERIES else f"c-{name}"


def _text(root: ET.Element) -> str:
    root.set("xmlns", _SVG)
    text = ET.tostring(root, encoding="unicode")
    # A page's Markdown ends a raw HTML block at a blank line: the whole chart is one line.
    return re.sub(r"\s*\n\s*", " ", text)
