"""A drawn figure becomes a small, deterministic SVG: inside a page with the page's colours, or a file of its own.

matplotlib draws on a renderer; this one writes nothing but what is drawn: matplotlib's own adds dates, random names,
a style that leaks into the whole page and six digits after the point. Inside a page every colour is a CSS variable, so
that the chart follows the page's light and dark scheme; in a file the colours stand as they are, so that any viewer
shows them, with a rule for dark screens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Transform

from generator.draw import palette
from generator.draw.sheet import POINTS
from generator.words.language import Language

_FILE_FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
_COMMANDS = {int(Path.MOVETO): "M", int(Path.LINETO): "L", int(Path.CURVE3): "Q", int(Path.CURVE4): "C"}
_FOLLOWING = {int(Path.CURVE3): 1, int(Path.CURVE4): 2}
"""Places that belong to one command, after its first."""

_ANCHORS = {"left": "start", "center": "middle", "right": "end"}


def inline(figure: Figure, name: str, title: str, description: str, language: Language) -> str:
    """Chart for a page: one line, coloured by the page's CSS variables.

    Args:
        figure: the drawing.
        name: prefix of all ids; unique in the page.
        title: name of the image for those who do not see it.
        description: what it shows, in words.
        language: of the words.
    """
    drawn = _Renderer(figure, name, _variable)
    return _whole(drawn, _words(title, description, name), language, "")


def standalone(figure: Figure, title: str, description: str, language: Language) -> bytes:
    """Chart as a file: the same drawing on a ground of its own, that follows the viewer's light or dark scheme."""
    drawn = _Renderer(figure, "chart", str)
    rules = "@media (prefers-color-scheme: dark){" + "".join(_dark_rules()) + "}"
    head = f"{_words(title, description, 'chart')}<style>{rules}</style>"
    text = _whole(drawn, head, language, f" font-family={quoteattr(_FILE_FONT)}")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


class _Renderer(RendererBase):
    """Writes SVG elements: paths, symbols that are defined once, and text as text."""

    def __init__(self, figure: Figure, prefix: str, colour: Callable[[str], str]) -> None:
        """Draw a figure.

        Args:
            figure: what to draw.
            prefix: of ids.
            colour: what is written for a colour such as #0072b2.
        """
        super().__init__()
        self.width, self.height = (POINTS * float(inches) for inches in figure.get_size_inches())
        self.prefix, self.colour = prefix, colour
        self.elements = list[str]()
        self.symbols = dict[str, str]()
        figure.set_dpi(POINTS)
        figure.draw(self)

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Size in points."""
        return self.width, self.height

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Transform,
        rgbFace: Any = None,  # noqa: N803
    ) -> None:
        """Write a path."""
        self.elements.append(f'<path d="{self._data(path, transform)}" style="{self._style(gc, rgbFace)}" />')

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: Any = None,  # noqa: N803
    ) -> None:
        """Write a symbol once, and then where it stands."""
        data = self._data(marker_path, marker_trans, 0.0)
        name = self.symbols.get(data)
        if name is None:
            name = self.symbols[data] = f"{self.prefix}-{len(self.symbols)}"
            self.elements.append(f'<defs><path id="{name}" d="{data}" /></defs>')
        style = self._style(gc, rgbFace)
        for x, y in trans.transform(path.vertices).tolist():
            place = f'x="{_number(x)}" y="{_number(self.height - y)}"'
            self.elements.append(f'<use href="#{name}" {place} style="{style}" />')

    def draw_text(  # noqa: PLR0913 - matplotlib's
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Text | None = None,
    ) -> None:
        """Write a text, without a font: the page's or the file's holds, only size and weight are its own."""
        weight = "; font-weight: bold" if prop.get_weight() == "bold" else ""
        anchor = _ANCHORS[mtext.get_horizontalalignment()] if mtext else "start"
        style = f"font-size: {_number(prop.get_size_in_points())}px{weight}; text-anchor: {anchor}"
        place = f'x="{_number(x)}" y="{_number(y)}"'
        self.elements.append(f'<text style="{style}; fill: {self._colour(gc.get_rgb())}" {place}>{escape(s)}</text>')

    def _data(self, path: Path, transform: Transform, bottom: float | None = None) -> str:
        """A path in SVG's letters; matplotlib's y grows upwards from the bottom."""
        bottom = self.height if bottom is None else bottom
        parts, following = list[str](), 0
        for (x, y), code in zip(
            transform.transform(path.vertices).tolist(), np.asarray(path.codes).tolist(), strict=True
        ):
            if code == Path.CLOSEPOLY:
                parts.append("z")
                continue
            command = "" if following else _COMMANDS[code]
            following = following - 1 if following else _FOLLOWING.get(code, 0)
            parts.append(f"{command} {_number(x)} {_number(bottom - y)}".strip())
        return " ".join(parts)

    def _style(self, gc: GraphicsContextBase, face: Sequence[float] | None) -> str:
        style = [f"fill: {self._colour(face) if face else 'none'}"]
        if face and face[3] < 1:
            style.append(f"fill-opacity: {face[3]}")
        if width := gc.get_linewidth():
            colour = gc.get_rgb()
            style.append(f"stroke: {self._colour(colour)}; stroke-width: {_number(width)}")
            style += [f"stroke-opacity: {colour[3]}"] * (colour[3] < 1)
            if dashes := gc.get_dashes()[1]:
                style.append(f"stroke-dasharray: {','.join(map(_number, np.asarray(dashes).tolist()))}")
            style += ["stroke-linecap: square"] * (gc.get_capstyle() == "projecting")
            style += ["stroke-linejoin: miter"] * (gc.get_joinstyle() == "miter")
        return "; ".join(style)

    def _colour(self, colour: Sequence[float]) -> str:
        return self.colour(_hex(tuple(colour[:3])))


def _whole(drawn: _Renderer, head: str, language: Language, more: str) -> str:
    name = drawn.prefix
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_number(drawn.width)} {_number(drawn.height)}" '
        f'role="img" lang="{language.value}" aria-labelledby="{name}-title" aria-describedby="{name}-desc" '
        f'stroke-linejoin="round"{more}>{head}{"".join(drawn.elements)}</svg>'
    )
    # A page's Markdown ends a raw HTML block at a blank line: the whole chart is one line.
    return re.sub(r"\s*\n\s*", " ", text)


def _words(title: str, description: str, name: str) -> str:
    return f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'


def _number(number: float) -> str:
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@cache
def _hex(colour: tuple[float, float, float]) -> str:
    return to_hex(colour)


@cache
def _variable(colour: str) -> str:
    name = next(name for name, value in palette.light().colours.items() if value == colour)
    return f"var(--{name if name in palette.SERIES else f'c-{name}'})"


def _dark_rules() -> Iterator[str]:
    light, dark = palette.light(), palette.dark()
    for name, colour in light.colours.items():
        for role in ("fill", "stroke"):
            yield f'[style*="{role}: {colour}"]{{{role}:{dark[name]}!important}}'
