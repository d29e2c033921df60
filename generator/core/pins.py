"""Exact pins of an isolated environment, as a definition writes them: "onnxruntime==1.16.3"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from generator.core.errors import suggest
from generator.core.problem import Problem
from generator.core.registry import RUNTIMES

_PIN = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)==(\d+(?:\.\d+)*(?:(?:a|b|rc|\.post)\d+)?)")
_PYTHON_PIN = re.compile(r"3\.(1[1-9]|[2-9]\d)")
"""The measuring process needs 3.11; which 3.11.x it is, the machine decides."""


def pins_problem(runtime: str, pins: Iterable[str]) -> Problem | None:
    """What is wrong with a variant's environment; None when it is sound, or not named and not needed."""
    needed = RUNTIMES[runtime].pins
    example = ", ".join(f'"{name}==VERSION"' for name in sorted(needed))
    versions = dict[str, str]()
    for index, pin in enumerate(pins):
        here = ("environment", index)
        if not needed:
            return Problem(f"environment: runtime '{runtime}' cannot be isolated", "Delete the key.", here[:1])
        match = _PIN.fullmatch(pin)
        if not match:
            return Problem(f"environment: '{pin}' is no exact pin", f"Write it as {example}.", here)
        if match[1] not in needed | {"python"}:
            reason = f"environment: runtime '{runtime}' has no package '{match[1]}'"
            return Problem(reason, suggest(match[1], needed | {"python"}), here)
        if match[1] in versions:
            return Problem(f"environment: '{match[1]}' is pinned twice", "Keep one.", here)
        versions[match[1]] = match[2]
    if not _PYTHON_PIN.fullmatch(versions.get("python", "3.11")):
        remedy = 'Pin a minor version from 3.11 on: "python==3.11".'
        here = ("environment", list(versions).index("python"))
        return Problem(f"environment: Python {versions['python']} cannot measure", remedy, here)
    if (versions or RUNTIMES[runtime].always_isolated) and not needed <= versions.keys():
        missing = ", ".join(f"'{name}'" for name in sorted(needed - versions.keys()))
        return Problem(f"environment: {missing} must be pinned", f"Write environment = [{example}].", ("environment",))
    return None
