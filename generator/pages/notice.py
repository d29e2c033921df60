"""What stands on a page that could not be written, or not wholly: the reader reads why, and the address stays.

A build says each of them once more in the terminal and ends with status 3; `check` refuses them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from generator.core.definition import Measurement
from generator.core.errors import GeneratorError, PublishError
from generator.pages.measurement_page import MeasurementPage, command
from generator.pages.sentences import localized
from generator.pages.template import Environment, render
from generator.words import markdown
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases

Loaded = TypeVar("Loaded")

Tell = Callable[[GeneratorError], None]
"""Gets what could not be read or written."""


def as_problem(error: Exception, where: str) -> GeneratorError:
    """An error that a person can read, whatever it was; one of ours stays as it is."""
    if isinstance(error, GeneratorError):
        return error
    text = " ".join(str(error).split())
    problem = f"{type(error).__name__}: {text}".rstrip(".") if text else type(error).__name__
    return PublishError(where, f"it cannot be written ({problem})", "See the traceback: python -m generator check.")


def page(title: str, problem: GeneratorError, words: Phrases, anchors: Iterable[str] = ()) -> str:
    """A whole page that says why there is no other.

    Args:
        title: what the page would have been called.
        problem: why it is not there.
        words: of its language.
        anchors: places on it that other pages link to.
    """
    head = markdown.front_matter(title=title, description=words.say("notice.no_page"))
    places = Markdown("\n").join(Markdown('<span id="{}"></span>').format(name) for name in anchors)
    body = Markdown("\n# {}\n\n{}\n\n{}\n").format(title, _warning("notice.no_page", [problem], words), places)
    return head + body


def above(content: bytes, key: str, problems: Sequence[GeneratorError], words: Phrases) -> bytes:
    """A page with a warning above its first heading.

    Args:
        content: the page's Markdown with its front matter.
        key: of the phrase that says what is not there.
        problems: why.
        words: of its language.
    """
    text = content.decode()
    end = text.index("\n---\n", 4) + len("\n---\n")
    return f"{text[:end]}\n{_warning(key, problems, words)}\n{text[end:]}".encode()


def _warning(key: str, problems: Sequence[GeneratorError], words: Phrases) -> Markdown:
    """The generator's errors are English; they stand there as they are, as what a program has said."""
    lines = [Markdown("    - {}").format(markdown.code(str(one))) for one in problems]
    head = Markdown('!!! failure "{}"\n\n    {}\n\n').format(
        Markdown.escape(words.say("notice.title")), words.write(key)
    )
    return head + Markdown("\n").join(lines) + Markdown("\n")


def unmeasured(measurement: Measurement, words: Phrases) -> str:
    """The page of a measurement without a record: the question, and how to answer it."""
    question = localized(measurement.question, words.language)
    context = {
        "command": markdown.code_block(command(measurement.name), "bash"),
        "question": question,
        "say": words.say,
        "variants": [localized(variant.title, words.language) for variant in measurement.variants],
    }
    head = markdown.front_matter(
        title=localized(measurement.title, words.language),
        description=f"{question} {words.say('page.unmeasured_lede')}",
    )
    return head + Markdown("\n" + render(Environment(words.language), "unmeasured.md.j2", context))


@dataclass(frozen=True)
class Written:
    """One page and what stands beside it."""

    files: tuple[tuple[str, bytes], ...]
    problems: tuple[GeneratorError, ...] = ()
    """What could not be written of it; a notice on it says so."""


def written(page: MeasurementPage) -> Written:
    """Write one page and what stands beside it. A copy does it: what it draws is let go with it."""
    return Written(tuple(replace(page).files()))


def written_or_notice(measured: MeasurementPage) -> Written:
    """The same; where its article fails, the page without it; where that fails too, a notice in its place."""
    where = f"measurements/{measured.findings.measurement.name}"
    try:
        return written(measured)
    except Exception as error:
        problem = as_problem(error, where)
    try:
        plain = written(replace(measured, folder=None)) if measured.folder else Written(bare(measured, problem))
    except Exception:  # it was not the article
        return Written(bare(measured, problem), (problem,))
    main = f"{measured.name}.md"
    said = tuple(
        (name, above(content, "notice.no_article", [problem], measured.phrases) if name == main else content)
        for name, content in plain.files
    )
    return Written(said if measured.folder else plain.files, (problem,))


def bare(measured: MeasurementPage, problem: GeneratorError) -> tuple[tuple[str, bytes], ...]:
    """A notice at the address of a measurement's page."""
    title = localized(measured.findings.measurement.title, measured.language)
    return ((f"{measured.name}.md", page(title, problem, measured.phrases).encode()),)


@dataclass(frozen=True)
class Told:
    """What could not be written, for whoever takes it; where nobody does, it is raised."""

    tell: Tell | None
    unloaded: dict[str, GeneratorError] = field(default_factory=dict)
    """Why a folder's files could not be read."""

    def told(self, error: Exception, where: str) -> GeneratorError:
        """Say it; and give it in a form that can stand on a page."""
        if self.tell is None:
            raise error
        problem = as_problem(error, where)
        self.tell(problem)
        return problem

    def loaded(self, load: Callable[[Path], Loaded | None], root: Path | None, folder: str) -> Loaded | None:
        """What a folder of the checkout holds; None where there is none, or it cannot be read."""
        try:
            return load(root) if root else None
        except Exception as error:
            self.unloaded[folder] = self.told(error, folder)
            return None
