"""What tomllib says of a text that is no TOML, with the line that it names."""

from __future__ import annotations

import re

from generator.core.problem import Problem

_LINE = re.compile(r"\(at line (\d+), column \d+\)$")
"""How tomllib ends its message; before Python 3.14 its error has no attribute of it."""


def not_toml(error: Exception) -> Problem:
    """What is wrong with a text that `tomllib.loads` or its decoding as UTF-8 refused."""
    line = _LINE.search(str(error))
    return Problem(f"is not TOML: {error}", "Mend that line.", line=int(line[1]) if line else None)
