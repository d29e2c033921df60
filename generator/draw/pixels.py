"""A drawn figure becomes a PNG, on the light ground: for previews, and for those who cannot use SVG."""

from __future__ import annotations

import io
import zlib
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.transforms import Affine2D
from PIL import Image

from generator.draw import palette
from generator.draw.font import SLACK, outline, text_width
from generator.draw.sheet import POINTS

PNG_DPI = 180

_SHADES = 16
"""Steps from a colour to the ground, on the edges of letters and lines."""

_APART = 5
"""Between two colours that are kept, of 255: nearer ones are seen as one, and Pillow would mix them up."""

_MOST = 256
"""Colours that a PNG with a palette holds."""


def png(figure: Figure, dpi: float = PNG_DPI) -> bytes:
    """Draw a figure; every pixel has a colour of the palette, or one between it and the ground."""
    figure.set_dpi(dpi)
    width, height = figure.get_size_inches()
    painter = _Painter(width * dpi, height * dpi, dpi)  # type: ignore[no-untyped-call]
    figure.draw(painter)
    target = io.BytesIO()
    pixels = np.asarray(painter.buffer_rgba())  # type: ignore[no-untyped-call]
    image = Image.fromarray(pixels).convert("RGB")
    reduced = image.quantize(palette=_colours(), dither=Image.Dither.NONE)
    # Flat areas are most of a chart: looking for runs alone takes half the time, for a seventh more bytes.
    reduced.save(target, format="png", compress_type=zlib.Z_RLE)
    return target.getvalue()


class _Painter(RendererAgg):
    """Fills outlines of letters that are kept: matplotlib rasterizes each letter each time."""

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
        """Draw a text at its place."""
        look = s, prop.get_size_in_points(), str(prop.get_weight())
        scale = float(self.dpi) / POINTS
        back = {"left": 0.0, "center": 0.5, "right": 1.0}[mtext.get_horizontalalignment() if mtext else "left"]
        begin = x - back * scale * text_width(*look) / SLACK
        gc.set_linewidth(0)
        gc.set_snap(False)
        place = Affine2D.from_values(scale, 0, 0, scale, begin, self.height - y)
        self.draw_path(gc, outline(*look), place, gc.get_rgb())  # type: ignore[no-untyped-call]


@cache
def _colours() -> Image.Image:
    """The palette's colours, and shades between each and the ground, as an image of Pillow's."""
    ground = to_rgb(palette.light()["bg"])
    kept = list[tuple[float, ...]]()
    for step, colour in product(range(_SHADES), palette.light().colours.values()):
        shade = tuple(255 * (c + (g - c) * step / _SHADES) for c, g in zip(to_rgb(colour), ground, strict=True))
        if all(max(abs(a - b) for a, b in zip(shade, other, strict=True)) >= _APART for other in kept):
            kept.append(shade)
    kept += kept[:1] * (_MOST - len(kept))
    image = Image.new("P", (1, 1))
    image.putpalette([round(value) for colour in kept[:_MOST] for value in colour])
    return image
