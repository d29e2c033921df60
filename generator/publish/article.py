"""Templates become Markdown: in a sandbox, with every undefined name an error and every foreign text escaped.

What a template can print is a ready-made string; a bare number is refused, because a published number has a unit, an
interval and a language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, DictLoader, FileSystemLoader, StrictUndefined, nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from generator.analysis.comparison import Verdict
from generator.errors import PublishError, suggest
from generator.publish.language import Language
from generator.publish.markdown import Markdown

TEMPLATES = Path(__file__).parent / "templates"
MAX_ARTICLE_BYTES = 256 * 1024
"""A larger template is refused unread: articles come from strangers too."""

_FILTERS = ("first", "last", "length", "list", "map", "rejectattr", "reverse", "selectattr", "sort", "unique")
"""Jinja's filters that templates may use; those that join or format strings would bypass the escaping."""

_TYPED_RESULT = re.compile(
    r"""×\s?\d+(?:[.,]\d+)? | \d+(?:[.,]\d+)?\s?(?:× | x\b | % | раз[аы]?\b | times\b | п\.\s?п\. | pp\b
    | (?:мс|мкс|нс|ms|µs|ns)\b | процент | percent)""",
    re.VERBOSE,
)
"""A number with what makes it a result: a factor, a percentage, a time."""


class Environment(SandboxedEnvironment):
    """Jinja, with Markdown's escaping and no loophole around it."""

    def __init__(self, language: Language, articles: Mapping[str, str] | None = None) -> None:
        """Make an environment of the generator's own templates, and the given articles by name."""
        super().__init__(
            loader=ChoiceLoader([FileSystemLoader(TEMPLATES), DictLoader(dict(articles or {}))]),
            undefined=StrictUndefined,
            autoescape=True,
            finalize=_printed,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.language = language
        self.filters = {name: self.filters[name] for name in _FILTERS}
        self.globals.clear()

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for node in tree.find_all((nodes.Concat, nodes.BinExpr)):
            if not isinstance(node, (nodes.And, nodes.Or)):
                problem = "templates neither join strings nor calculate: write the expressions one after the other"
                raise TemplateSyntaxError(problem, node.lineno, name, filename)
        if name is not None and not (TEMPLATES / name).exists():
            _refuse_typed_results(tree, name, filename)
        return tree


def _printed(value: Any) -> Markdown:
    """What an expression leaves in the page."""
    if isinstance(value, (bool, int, float)):
        raise TemplateError(f"a bare number ({value}) is never published; use the ready-made text of it")
    if value is None:
        raise TemplateError("'none' is never published; ask whether the value is there, and say what if it is not")
    return Markdown.escape(value)


def _refuse_typed_results(tree: nodes.Template, name: str, filename: str | None) -> None:
    for data in tree.find_all(nodes.TemplateData):
        if found := _TYPED_RESULT.search(data.data):
            line = data.lineno + data.data[: found.start()].count("\n")
            problem = (
                f"'{found[0]}' is a typed result. Take it from the record ({{{{ answer.times }}}}), or, where it "
                f"quotes somebody, write {{{{ quoted('{found[0]}') }}}}"
            )
            raise TemplateSyntaxError(problem, line, name, filename)


def read_article(folder: Path, language: Language) -> tuple[str, str] | None:
    """Name and text of a measurement's own article; None when it has none.

    Raises:
        PublishError: when it is too large, not UTF-8, or there in one language only.
    """
    paths = {one: folder / f"article.{one.value}.md.j2" for one in Language}
    there = [one for one, path in paths.items() if path.is_file()]
    if not there:
        return None
    path = paths[language]
    name = f"{folder.parent.name}/{folder.name}/{path.name}"
    if language not in there:
        raise PublishError(name, "the article is there in one language only", "Write it in the other one too.")
    if path.stat().st_size > MAX_ARTICLE_BYTES:
        raise PublishError(name, f"the article is larger than {MAX_ARTICLE_BYTES // 1024} KiB", "Shorten it.")
    try:
        return name, path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise PublishError(name, f"it is not UTF-8 (byte {error.start})", "Save it as UTF-8.") from error


def render(environment: Environment, template: str, context: Mapping[str, Any]) -> str:
    """Render one template.

    Raises:
        PublishError: with the template, the line and what is wrong there.
    """
    try:
        text = environment.get_template(template).render(context)
        return environment.language.typeset(_squeezed(text))
    except PublishError:
        raise
    except TemplateSyntaxError as error:
        raise PublishError(f"{error.name or template}, line {error.lineno}", str(error.message or error), "") from error
    except UndefinedError as error:
        problem = f"{error.message}"
        raise PublishError(f"{template}{_line(error)}", problem, f"Known: {', '.join(sorted(context))}.") from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise PublishError(f"{template}{_line(error)}", f"{error}".rstrip("."), "") from error


def _line(error: BaseException) -> str:
    """Line of the template where it happened; Jinja writes it into the traceback."""
    trace, line = error.__traceback__, 0
    while trace is not None:
        if (
            trace.tb_frame.f_code.co_filename.endswith((".j2", "<template>"))
            or "template" in trace.tb_frame.f_code.co_name
        ):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}" if line else ""


def _squeezed(text: str) -> str:
    """At most one empty line in a row, none at the ends, none of the blanks that templates leave at lines' ends."""
    lines = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def checked_direction(verdict: str, claimed: str, where: str, record: str, pair: str) -> Markdown:
    """Nothing, when the record says what the sentence says.

    Raises:
        PublishError: when it says otherwise.
    """
    known = [str(one) for one in (*Verdict, "not_measured")]
    if claimed not in known:
        raise PublishError(where, f"unknown verdict '{claimed}'", suggest(claimed, known))
    if verdict != claimed:
        raise PublishError(
            where,
            f"the text says '{claimed}' of {pair}, but the record {record} says '{verdict}'",
            "Reword the sentence, or let the verdict choose it: {{ answer.sentence }}.",
        )
    return Markdown("")
