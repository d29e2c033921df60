"""A chart's SVG is small, safe inside a page, the same bytes every time, and follows the page's colours."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from generator.core.definition import Precision
from generator.core.errors import PublishError
from generator.draw import drawing, palette, pixels, svg
from generator.draw.picture import Bar, Forest, Group, Look, Mark, Strip
from generator.draw.sheet import NARROW, WIDE, Lettering
from generator.words.language import Language

RU = Language.RU
EVIL = '<script>alert(1)</script> & $\\frac{1}{2}$ "quoted"'
FOREST = Forest(
    (Group("Все варианты", (Mark(EVIL, Look(1, "s"), 2.0, 1.9, 2.1, "×2,0 [1,9; 2,1]"),)),), "медленнее", "быстрее"
)
STRIP = Strip(
    (Bar("1", 0.1, False), Bar("2", 0.7, True), Bar("3", None, False)), 0.5, "порог 0,5", "блок", "ядер", "нарушен"
)


def inline(picture: Forest | Strip = FOREST, name: str = "x") -> str:
    figure = drawing.draw(picture, WIDE, RU, Lettering())
    return svg.inline(figure, name, "Заголовок", "Описание <b>", RU)


def standalone() -> str:
    figure = drawing.draw(FOREST, WIDE, RU, Lettering("Заголовок", "Примечание"))
    return svg.standalone(figure, "Заголовок", "Описание", RU).decode()


def test_the_same_chart_is_the_same_bytes() -> None:
    assert inline() == inline()
    assert standalone() == standalone()
    pictures = [pixels.png(drawing.draw(STRIP, NARROW, RU, Lettering("т"))) for _ in range(2)]
    assert pictures[0] == pictures[1]


def test_a_png_leaves_the_figure_as_it_was_for_an_svg() -> None:
    figure = drawing.draw(FOREST, WIDE, RU, Lettering("Заголовок", "Примечание"))
    pixels.png(figure)
    assert svg.standalone(figure, "Заголовок", "Описание", RU).decode() == standalone()


def test_it_is_well_formed_and_described() -> None:
    root = ET.fromstring(inline())
    names = {child.tag.partition("}")[2]: child for child in root}
    assert root.get("role") == "img"
    assert root.get("lang") == "ru"
    assert names["title"].text == "Заголовок"
    assert names["desc"].text == "Описание <b>"
    assert root.get("aria-labelledby") == names["title"].get("id")
    assert root.get("aria-describedby") == names["desc"].get("id")


def test_it_cannot_end_the_block_it_stands_in() -> None:
    """Markdown ends raw HTML at a blank line, and a style inside would restyle the page."""
    text = inline(STRIP)
    assert "\n" not in text
    assert "<style" not in text
    assert "<metadata" not in text
    assert "<!--" not in text


def test_contributed_words_are_text() -> None:
    """Neither HTML nor mathematics: matplotlib would read $...$ as a formula, and fail on a wrong one."""
    root = ET.fromstring(inline())
    words = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "<script" not in inline()
    assert any("$" in word for word in words)
    assert all(element.tag.partition("}")[2] != "script" for element in root.iter())


def test_text_is_text_in_the_page_s_font() -> None:
    assert "медленнее" in inline()
    assert "font-family" not in inline()


@pytest.mark.parametrize("picture", [FOREST, STRIP], ids=["forest", "strip"])
def test_every_colour_is_a_variable_of_the_page(picture: Forest | Strip) -> None:
    text = inline(picture)
    assert not re.search(r"#[0-9a-fA-F]{3,6}\b(?![^<]*</)", re.sub(r'(?:href|url)[(="]+#[\w-]+', "", text))
    known = set(palette.SERIES) | {"c-fg", "c-bg", "c-grid", "c-muted"}
    assert set(re.findall(r"var\(--([\w-]+)\)", text)) <= known


def test_charts_of_one_page_share_no_id() -> None:
    first, second = (set(re.findall(r'\bid="([^"]+)"', inline(STRIP, name))) for name in ("a", "b"))
    assert first
    assert not first & second


def test_every_reference_has_its_target() -> None:
    text = inline(STRIP)
    targets = set(re.findall(r'\bid="([^"]+)"', text))
    assert set(re.findall(r'(?:url\(|href=")#([\w-]+)', text)) <= targets


def test_a_file_has_its_own_ground_and_both_schemes() -> None:
    text = standalone()
    ET.fromstring(text)
    assert "prefers-color-scheme: dark" in text
    assert text.index(f'style="fill: {palette.light()["bg"]}"') < text.index("<text")
    assert "var(" not in text, "viewers other than browsers know no variables"
    for role in ("fill", "stroke"):
        assert f'[style*="{role}: {palette.light()["c1"]}"]' in text


def test_a_file_says_its_title_and_note() -> None:
    assert "Заголовок" in re.sub(r"<title.*?</title>", "", standalone())
    assert "Примечание" in standalone()


def test_sizes_stay_small() -> None:
    assert len(inline()) < 12_000
    assert len(inline(STRIP)) < 12_000


def test_a_png_is_large_enough_for_previews() -> None:
    image = Image.open(io.BytesIO(pixels.png(drawing.draw(FOREST, WIDE, RU, Lettering("т", "п")))))
    assert image.width >= 1200
    assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255)


def test_a_png_has_the_palette_s_colours_as_they_are() -> None:
    image = Image.open(io.BytesIO(pixels.png(drawing.draw(FOREST, WIDE, RU, Lettering("т", "п")))))
    seen = {colour for _, colour in image.convert("RGB").getcolors(1 << 24)}  # type: ignore[union-attr]
    for name in ("bg", "fg", "grid", "c1"):
        colour = palette.light()[name]
        assert tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5)) in seen, name


def test_the_palette_is_the_site_s() -> None:
    """Charts are recoloured by value, so each value must be one variable's."""
    for scheme in (palette.light(), palette.dark()):
        assert len(set(scheme.colours.values())) == len(scheme.colours) == 12
    with pytest.raises(PublishError, match="no colour"):
        palette._parsed(":root { --c0: #000000; }")


def test_every_number_format_has_a_mark_of_its_own() -> None:
    """A variant in a format without one would end the build."""
    assert set(palette.MARKERS) == set(Precision)
    assert len(set(palette.MARKERS.values())) == len(palette.MARKERS)
