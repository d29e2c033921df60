"""The form that filters a list or a table on its page: raw HTML, shown by the script that acts on it."""

from __future__ import annotations

from collections.abc import Mapping

from generator.words.markdown import Markdown, html_text
from generator.words.phrases import Phrases


def filters(what: str, choices: Mapping[str, Mapping[str, str]], phrases: Phrases) -> Markdown:
    """One choice a property, on one line of HTML; hidden until the script shows it, because without it it does nothing.

    Args:
        what: CSS selector of the elements to be filtered, each with an attribute `data-PROPERTY` for every property:
            its values, parted by spaces.
        choices: titles of the values by value, by property; the property's own title is the phrase `filter.PROPERTY`.
        phrases: of the page's language.
    """
    fields = "".join(_select(name, options, phrases) for name, options in choices.items())
    shown = html_text(phrases.say("filter.shown", shown="{shown}", all="{all}"))
    return Markdown(
        f'<form class="filters" hidden data-filters="{html_text(what)}" data-search-exclude>{fields}'
        f'<p class="filters__state"><output data-filters-state="{shown}"></output> '
        f'<button type="reset">{html_text(phrases.say("filter.reset"))}</button></p></form>'
    )


def _select(name: str, options: Mapping[str, str], phrases: Phrases) -> str:
    every = f'<option value="">{html_text(phrases.say("filter.all"))}</option>'
    choices = "".join(
        f'<option value="{html_text(value)}">{html_text(text)}</option>' for value, text in options.items()
    )
    return f'<label>{html_text(phrases.say(f"filter.{name}"))} <select name="{name}">{every}{choices}</select></label>'
