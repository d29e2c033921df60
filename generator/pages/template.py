"""Templates become Markdown: in a sandbox, with every undefined name an error and every foreign text escaped.

What a template can print is a ready-made string; a bare number is refused, because a published number has a unit, an
interval and a language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, ChoiceLoader, DictLoader, FileSystemLoader, StrictUndefined, nodes
from jinja2.bccache import Bucket
from jinja2.exceptions import TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from generator.core.errors import PublishError, suggest
from generator.core.files import Unreadable, read_plain
from generator.results.comparison import Verdict
from generator.words.language import Language
from generator.words.markdown import Markdown

TEMPLATES = Path(__file__).parent / "templates"
MAX_ARTICLE_BYTES = 256 * 1024
"""A larger template is refused unread: articles come from strangers too."""

_FILTERS = ("first", "last", "length", "list", "map", "rejectattr", "reverse", "selectattr", "sort", "unique")
"""Jinja's filters that templates may use; those that join or format strings would bypass the escaping."""

_TYPED_RESULT = re.compile(
    r"""(?<!\d)(?<!\d\s)×\s?\d+(?:[.,]\d+)?
    | \d+(?:[.,]\d+)?\s?(?:×(?!\s?\d) | x\b | % | раз[аы]?\b | times\b | п\.\s?п\. | pp\b
    | (?:мс|мкс|нс|ms|µs|ns)\b | процент | percent)""",
    re.VERBOSE,
)
"""A number with what makes it a result: a factor, a percentage, a time; 512 × 512 is the size of something."""


class _Compiled(BytecodeCache):
    """What this process has compiled: each page has an environment of its own, and they share most templates.

    Jinja keeps a template's code with its source's hash, so that another article of the same name is compiled anew.
    """

    def __init__(self) -> None:
        self._kept = dict[str, bytes]()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what is kept; nothing where the template is new."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


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
            bytecode_cache=_COMPILED,
        )
        self.language = language
        # Jinja's sandbox forbids unsafe attributes and leaves time, memory and escaping to its user (its documentation,
        # "Security Considerations"). So what a template can reach is listed: these filters, no globals (`range` can
        # keep a build busy for ever), and the names of the context.
        self.filters = {name: self.filters[name] for name in _FILTERS}
        self.globals.clear()

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        # The name of a variant may be put together where it is looked up: what is printed is what was found.
        calls = [argument for call in tree.find_all(nodes.Call) for argument in call.args]
        names = [node for node in calls if isinstance(node, nodes.Concat)]
        for node in tree.find_all((nodes.Concat, nodes.BinExpr)):
            if not isinstance(node, (nodes.And, nodes.Or)) and not any(node is one for one in names):
                problem = "templates neither join strings nor calculate: write the expressions one after the other"
                raise TemplateSyntaxError(problem, node.lineno, name, filename)
        if name is not None and not (TEMPLATES / name).exists():
            _refuse_typed_results(tree, name, filename)
            _refuse_endless_work(tree, name, filename)
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


MOST_NESTED_LOOPS = 2
MOST_LISTED = 64

_REPEATING = (nodes.CallBlock, nodes.Include, nodes.Import, nodes.FromImport)
"""What can run itself again and again; an article needs none of it."""


def _refuse_endless_work(tree: nodes.Template, name: str, filename: str | None) -> None:
    """Refuse what could keep a build busy for ever: a template of a stranger is rendered without asking."""
    for node in tree.find_all(_REPEATING):
        raise TemplateSyntaxError("articles have no imports and includes", node.lineno, name, filename)
    macros = list(tree.find_all(nodes.Macro))
    for macro in macros:
        if any(inner.name in {one.name for one in macros} for inner in macro.find_all(nodes.Name)):
            raise TemplateSyntaxError("a macro calls no macro", macro.lineno, name, filename)
    for word in tree.find_all(nodes.Name):
        if word.name == "self":
            raise TemplateSyntaxError("an article does not print its own blocks again", word.lineno, name, filename)
    for listed in tree.find_all(nodes.Literal):
        if len(getattr(listed, "items", ())) > MOST_LISTED:
            raise TemplateSyntaxError(f"a list here holds at most {MOST_LISTED} things", listed.lineno, name, filename)
    for outer in tree.find_all(nodes.For):
        if outer.recursive or _depth(outer) > MOST_NESTED_LOOPS:
            problem = f"at most {MOST_NESTED_LOOPS} loops may stand inside one another, and none may be recursive"
            raise TemplateSyntaxError(problem, outer.lineno, name, filename)


def _depth(loop: nodes.For) -> int:
    return 1 + max((_depth(inner) for inner in loop.find_all(nodes.For)), default=0)


def read_article(folder: Path, language: Language) -> tuple[str, str] | None:
    """Name and text of a measurement's own article; None when it has none.

    Raises:
        PublishError: when it is too large, a link, not UTF-8, or there in one language only.
    """
    paths = {one: folder / f"article.{one.value}.md.j2" for one in Language}
    there = [one for one, path in paths.items() if path.is_file() or path.is_symlink()]
    if not there:
        return None
    path = paths[language]
    name = f"{folder.parent.name}/{folder.name}/{path.name}"
    if language not in there:
        raise PublishError(name, "the article is there in one language only", "Write it in the other one too.")
    try:
        return name, read_plain(path, MAX_ARTICLE_BYTES)
    except Unreadable as error:
        raise PublishError(name, f"the article {error.problem}", error.remedy) from error


def render(environment: Environment, template: str, context: Mapping[str, Any]) -> str:
    """Render one template.

    Raises:
        PublishError: with the template, the line and what is wrong there.
    """
    with _told(template, context):
        text = environment.get_template(template).render(context)
        return environment.language.typeset(_squeezed(text))


def parse(environment: Environment, template: str) -> None:
    """Read one template without rendering it.

    Raises:
        PublishError: with the template, the line and what is wrong there.
    """
    with _told(template, {}):
        environment.get_template(template)


@contextmanager
def _told(template: str, context: Mapping[str, Any]) -> Iterator[None]:
    """Turn whatever a template can do wrong into one message with its place."""
    try:
        yield
    except PublishError:
        raise
    except TemplateSyntaxError as error:
        raise PublishError(error.name or template, str(error.message or error), line=error.lineno) from error
    except UndefinedError as error:
        known = f"Known: {', '.join(sorted(context))}."
        raise PublishError(template, f"{error.message}", known, _line(error)) from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise PublishError(template, f"{error}".rstrip("."), line=_line(error)) from error
    except (SyntaxError, MemoryError) as error:  # Jinja writes Python, and Python has limits to what it compiles
        raise PublishError(template, "it is nested more deeply than can be compiled", "Make it simpler.") from error


def _line(error: BaseException) -> int | None:
    """Line of the template where it happened; Jinja writes it into the traceback."""
    trace, line = error.__traceback__, None
    while trace is not None:
        if (
            trace.tb_frame.f_code.co_filename.endswith((".j2", "<template>"))
            or "template" in trace.tb_frame.f_code.co_name
        ):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


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
