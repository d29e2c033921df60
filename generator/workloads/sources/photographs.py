"""Photographs become the square of pixels that a network looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generator.core.cache import Cache, file_sha256
from generator.core.errors import AssetError
from generator.core.packages import required

if TYPE_CHECKING:
    from PIL.Image import Image

_VERSION = 1
"""Raised when the pixels made of a photograph change."""

_CENTRE_SHARE = 224 / 256
"""Share of the shorter side that TensorFlow's evaluation of EfficientNet keeps."""

_DETAIL_SHARE = 0.65
"""The same for a detail: large enough that a subject remains in it."""


_GREY_SQUARE = 1.1
"""Side of the grey square over the longer side of what is put on it."""

_GREY = (128, 128, 128, 255)

_VISIBLE = 128
"""Least opacity, of 255, of a pixel that belongs to an object."""


@dataclass(frozen=True, slots=True)
class View:
    """A square of a photograph."""

    share: float
    """Side of the square over the photograph's shorter side."""

    across: float = 0.5
    """Where the square lies in what is left over: 0 is the left edge, 1 the right one."""

    down: float = 0.5
    """The same from top to bottom."""

    mirrored: bool = False

    squeezed: bool = False
    """The whole photograph, its sides made equal; then nothing is cut off."""

    on_grey: bool = False
    """The whole photograph in the middle of a grey square, its transparent parts grey too; then nothing is cut off."""


SQUEEZED = View(1, squeezed=True)
"""What a detector looks at: no object may be lost at an edge."""

ON_GREY = View(1, on_grey=True)
"""What is made of an object that is cut out of its background."""

CENTRE = View(_CENTRE_SHARE)
"""What quality is measured on."""

DETAILS = (
    CENTRE,
    View(_DETAIL_SHARE, 0, 0),
    View(_DETAIL_SHARE, 1, 0, mirrored=True),
    View(_DETAIL_SHARE, 0, 1),
    View(_DETAIL_SHARE, 1, 1, mirrored=True),
    View(_DETAIL_SHARE),
)
"""Views that make six calibration inputs of one photograph."""


def pixels_of(
    photographs: Sequence[Path],
    views: Sequence[View],
    side: int,
    cache: Cache,
    told: Callable[[int], None] | None = None,
) -> NDArray[np.uint8]:
    """Cut views out of photographs and scale them (bicubic); the result is kept in the cache.

    Args:
        photographs: files that Pillow reads.
        views: cut out of each photograph.
        side: pixels of a square's side.
        cache: where the result is kept.
        told: gets the number of photographs done.

    Returns:
        RGB, (views * photographs, 3, side, side): the first view of all photographs, then the second of all.

    Raises:
        AssetError: when a file is no photograph.
        MissingPackage: when Pillow is not installed.
    """
    versions = required("photographs", PIL="pillow")
    key = {
        "version": _VERSION,
        "photographs": [file_sha256(path) for path in photographs],
        "views": [astuple(view) for view in views],
        "side": side,
        **versions,
    }

    def make(path: Path) -> Mapping[str, str]:
        squares = np.empty((len(views), len(photographs), 3, side, side), np.uint8)
        for index, photograph in enumerate(photographs):
            squares[:, index] = _squares(photograph, views, side)
            if told:
                told(index + 1)
        with path.open("wb") as file:
            np.save(file, squares.reshape(-1, 3, side, side))
        return {}

    path, _ = cache.built("pixels", key, ".npy", make)
    pixels: NDArray[np.uint8] = np.load(path, allow_pickle=False)
    return pixels


def _squares(photograph: Path, views: Sequence[View], side: int) -> NDArray[np.uint8]:
    """Views of one photograph, (views, 3, side, side)."""
    modes = {view: "RGBA" if view.on_grey else "RGB" for view in views}
    images = {mode: _opened(photograph, mode) for mode in set(modes.values())}
    return np.stack([_square(images[modes[view]], view, side) for view in views])


def _opened(photograph: Path, mode: str) -> Image:
    from PIL import Image

    try:
        with Image.open(photograph) as opened:
            return opened.convert(mode)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        problem = f"the file '{photograph.name}' is no photograph ({type(error).__name__})"
        raise AssetError("photographs", problem, "Delete it, so that it is fetched again.") from error


def _square(image: Image, view: View, side: int) -> NDArray[np.uint8]:
    """One view, (3, side, side)."""
    from PIL.Image import Resampling, Transpose

    if view.on_grey:
        square, place = _grey_square(image)
        square.alpha_composite(image, place)
        return np.asarray(square.convert("RGB").resize((side, side), Resampling.BICUBIC), np.uint8).transpose(2, 0, 1)
    if view.squeezed:
        return np.asarray(image.resize((side, side), Resampling.BICUBIC), np.uint8).transpose(2, 0, 1)
    cut = int(view.share * min(image.size))
    # TensorFlow rounds the centre up: (width - cut + 1) // 2.
    left, top = (int((size - cut) * at + 0.5) for size, at in zip(image.size, (view.across, view.down), strict=True))
    square = image.crop((left, top, left + cut, top + cut)).resize((side, side), Resampling.BICUBIC)
    if view.mirrored:
        square = square.transpose(Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(square, np.uint8).transpose(2, 0, 1)


def object_box(photograph: Path, side: int) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what is not transparent, in pixels of the square that `ON_GREY` makes.

    Raises:
        AssetError: when the file is no photograph, or nothing of it can be seen.
    """
    image = _opened(photograph, "RGBA")
    found = image.getchannel("A").point(lambda opacity: 255 * (opacity >= _VISIBLE)).getbbox()
    if found is None:
        raise AssetError("photographs", f"nothing can be seen on '{photograph.name}'", "Mend the list that names it.")
    square, (left, top) = _grey_square(image)
    scale = side / square.width
    return ((found[0] + left) * scale, (found[1] + top) * scale, (found[2] + left) * scale, (found[3] + top) * scale)


def _grey_square(image: Image) -> tuple[Image, tuple[int, int]]:
    """An empty square for a photograph, and where its upper left corner goes."""
    import PIL.Image

    side = round(_GREY_SQUARE * max(image.size))
    return PIL.Image.new("RGBA", (side, side), _GREY), ((side - image.width) // 2, (side - image.height) // 2)
