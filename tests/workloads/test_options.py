"""Options of workloads and transforms are checked, with a remedy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from generator.core.definition import Option
from generator.core.errors import DefinitionError
from generator.workloads.options import Options


def _options(**values: Option) -> Options:
    return Options("workload 'x'", values)


def test_what_is_left_out_has_its_default() -> None:
    """A definition states only what differs."""
    options = _options()
    assert options.only("a") is options
    assert options.whole("a", 3, 1, 5) == 3
    assert options.word("a", "first", "second") == "first"
    assert options.words("a") == ()
    assert options.yes("a", True) is True


def test_what_is_stated_counts() -> None:
    """Every kind of option is read."""
    options = _options(n=5, w="second", l=("Conv", "Gemm"), y=False)
    assert (options.whole("n", 3, 1, 5), options.word("w", "first", "second")) == (5, "second")
    assert (options.words("l"), options.yes("y", True)) == (("Conv", "Gemm"), False)


@pytest.mark.parametrize(
    ("read", "value", "remedy"),
    [
        (lambda o: o.whole("a", 3, 1, 5), 6, "whole number from 1 to 5"),
        (lambda o: o.whole("a", 3, 1, 5), 0, "whole number from 1 to 5"),
        (lambda o: o.whole("a", 3, 1, 5), True, "whole number"),
        (lambda o: o.whole("a", 3, 1, 5), 2.0, "whole number"),
        (lambda o: o.whole("a", 3, 1, 5), "2", "whole number"),
        (lambda o: o.word("a", "uint8", "int8"), "uint", "Did you mean 'uint8'"),
        (lambda o: o.word("a", "uint8", "int8"), ("uint8",), "Known: int8, uint8"),
        (lambda o: o.words("a"), "Conv", "list of words"),
        (lambda o: o.words("a"), (1, 2), "list of words"),
        (lambda o: o.yes("a", True), 1, "true or false"),
        (lambda o: o.yes("a", True), "yes", "true or false"),
        (lambda o: o.only("alpha"), 1, "Known: alpha"),
    ],
)
def test_a_wrong_option_is_named(read: Callable[[Options], object], value: Option, remedy: str) -> None:
    """The error says whose option it is, what stands there, and what may."""
    with pytest.raises(DefinitionError, match=rf"workload 'x': .*option 'a'.*{remedy}"):
        read(_options(a=value))
