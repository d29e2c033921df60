"""What stands on a page that could not be written, or not wholly: the reader reads why, and the address stays.

A build says each of them once more in the terminal and ends with status 3; `check` refuses them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from generator.core.errors import GeneratorError, PublishError
from generator.words import markdown
from generator.words.markdown import Markdown
from generator.words.phrases import Phrases

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
