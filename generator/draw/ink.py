"""What stands on a sheet: strokes, symbols and letters, in the sheet's own points, from its top left corner downwards.

Artists of matplotlib that only hand what they are to the renderer: its own ones, made for axes that change, spend most
of a chart's time on what a chart that is drawn once has no need of.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal, cast

from matplotlib.artist import Artist
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_rgba
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D
from matplotlib.typing import ColorType

Place = tuple[float, float]
"""x and y."""


class Letters(Text):
    """One line of text that begins, ends or has its middle at its place, by its `ha`; its baseline stands there."""

    def draw(self, renderer: RendererBase) -> None:
        """Hand the text and its place to the renderer, which aligns it: only a browser knows its font's widths."""
        x, y = self.get_transform().transform(self.get_position())
        context = _context(renderer, self.get_color())
        top = renderer.get_canvas_width_height()[1]
        renderer.draw_text(context, x, top - y, self.get_text(), self.get_fontproperties(), 0.0, mtext=self)


class Stroke(Artist):
    """Lines from place to place, or the area that one encloses."""

    def __init__(
        self,
        lines: Sequence[Sequence[Place]],
        colour: str,
        width: float,
        *,
        dashes: Sequence[float] = (),
        cap: Literal["butt", "projecting"] = "butt",
        alpha: float = 1.0,
        face: str | None = None,
    ) -> None:
        """Keep what is to be drawn.

        Args:
            lines: places of each line.
            colour: of the lines.
            width: of the lines, points.
            dashes: lengths of strokes and gaps, in widths.
            cap: whether a line ends where it ends, or half its width further.
            alpha: 1 hides what lies under it.
            face: colour of the area; its line then goes back to where it began.
        """
        super().__init__()
        codes = [code for line in lines for code in (Path.MOVETO, *[Path.LINETO] * (len(line) - 1))]
        self.path = Path([place for line in lines for place in line], codes)
        self.dashes = [width * one for one in dashes]
        self.colour, self.width, self.cap, self.alpha, self.face = colour, width, cap, alpha, face

    def draw(self, renderer: RendererBase) -> None:
        """Hand the path to the renderer."""
        context = _context(renderer, self.colour, self.alpha, self.width)
        context.set_capstyle(self.cap)
        if self.dashes:
            context.set_dashes(0, self.dashes)
        renderer.draw_path(context, self.path, self.get_transform(), to_rgba(self.face) if self.face else None)


class Symbols(Artist):
    """One symbol at several places."""

    def __init__(
        self,
        places: Sequence[Place],
        marker: str,
        size: float,
        face: str,
        *,
        colour: str = "",
        width: float = 0.0,
        alpha: float = 1.0,
    ) -> None:
        """Keep what is to be drawn.

        Args:
            places: where its middle stands.
            marker: matplotlib's letter for it.
            size: from end to end, points.
            face: colour of its area.
            colour: of its edge; by default the face's.
            width: of its edge, points.
            alpha: 1 hides what lies under it.
        """
        super().__init__()
        self.path, self.marker, self.size, self.face = Path(places), marker, size, face
        self.colour, self.width, self.alpha = colour or face, width, alpha

    def draw(self, renderer: RendererBase) -> None:
        """Hand symbol and places to the renderer."""
        marker = _marker(self.marker)
        context = _context(renderer, self.colour, self.alpha, self.width)
        context.set_joinstyle(marker.get_joinstyle())
        size = cast(float, renderer.points_to_pixels(self.size))
        threshold = marker.get_snap_threshold()
        context.set_snap(threshold is None or size >= threshold)
        shape = marker.get_path(), marker.get_transform() + Affine2D().scale(size)
        renderer.draw_markers(context, *shape, self.path, self.get_transform(), to_rgba(self.face, self.alpha))


def _context(renderer: RendererBase, colour: ColorType, alpha: float = 1.0, width: float = 0.0) -> GraphicsContextBase:
    context = renderer.new_gc()
    context.set_foreground(to_rgba(colour, alpha), isRGBA=True)
    context.set_linewidth(width)
    return context


@cache
def _marker(name: str) -> MarkerStyle:
    return MarkerStyle(name)
