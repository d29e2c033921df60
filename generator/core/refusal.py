"""What a validator of pydantic refuses a value with, so that reason, remedy and location arrive apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pydantic_core import ErrorDetails, PydanticCustomError

from generator.core.problem import Problem

_REFUSED: Final = "refused"


def refused(*problems: Problem) -> PydanticCustomError:
    """Make what a validator raises.

    Args:
        problems: with locations inside the value that is validated.
    """
    text = "\n".join(problem.text for problem in problems)
    return PydanticCustomError(_REFUSED, "{text}", {"text": text, "problems": problems})


def refusals(detail: ErrorDetails) -> Sequence[Problem] | None:
    """The problems that a validator has refused a value with.

    Args:
        detail: one of `pydantic.ValidationError.errors()`.

    Returns:
        With their locations in the whole; None when it was pydantic itself that refused the value.
    """
    if detail["type"] != _REFUSED:
        return None
    return [replace(one, location=(*detail["loc"], *one.location)) for one in detail["ctx"]["problems"]]
