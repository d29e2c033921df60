"""Packages that only preparing and measuring need, asked for where they are used."""

from __future__ import annotations

import importlib.metadata
import importlib.util

from generator.core.errors import MissingPackage

EXTRA = "measure"
"""Extra of pyproject.toml that has all of them."""


def required(needed_for: str, **packages: str) -> dict[str, str]:
    """Return the versions of packages that must be installed, without importing them.

    Args:
        needed_for: who needs them, for the error.
        packages: name to import, and name of the distribution that has it.

    Returns:
        Distribution and version.

    Raises:
        MissingPackage: for the first that is not installed.
    """
    for module, distribution in packages.items():
        if importlib.util.find_spec(module) is None:
            raise MissingPackage(distribution, EXTRA, needed_for)
    return {distribution: importlib.metadata.version(distribution) for distribution in packages.values()}
